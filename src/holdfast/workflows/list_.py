"""What is installed."""

from __future__ import annotations

from holdfast.registry import Registry
from holdfast.workflows.outcome import Outcome

__all__ = ["list_registered"]


def list_registered(kind: str) -> Outcome:
    """Registered names of `kind` and the package that brings each."""
    rows = [
        {"name": name, "object": entry.value, "package": entry.dist.name if entry.dist else ""}
        for name, entry in sorted(Registry(kind).entries().items())
    ]
    text = "\n".join(f"{row['name']:16} {row['package']:12} {row['object']}" for row in rows)
    return Outcome(result={kind: rows}, text=text)
