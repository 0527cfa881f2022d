"""Holdfast trains a filter that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.types import Delivery, Snippet, Verdict
    from holdfast.workflows.filter import Filter

__all__ = ["Delivery", "Filter", "Snippet", "Verdict", "__version__"]

__version__ = "0.1.0"

_HOMES = {
    "Delivery": "holdfast.types",
    "Filter": "holdfast.workflows.filter",
    "Snippet": "holdfast.types",
    "Verdict": "holdfast.types",
}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first asked for: `import holdfast` stays quick."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
