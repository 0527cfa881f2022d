"""What a workflow gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a workflow gives back: a result to show, and what the RunRecord keeps."""

    result: dict[str, Any]
    text: str = ""
    """The result for people; empty: the command prints nothing on stdout."""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    page: Path | None = None
    """The result as an HTML page of its own, where the command makes one."""
