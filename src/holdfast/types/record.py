"""The RunRecord: enough to say what produced a number, and to produce it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["RunRecord", "RunStatus"]


class RunStatus(StrEnum):
    """How a command ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run of one command."""

    id: str
    command: str
    arguments: dict[str, Any]
    config: dict[str, Any]
    seed: int
    revision: str
    """Git commit of the code, `+dirty` where the tree differs; the package version outside a checkout."""
    packages: dict[str, str]
    platform: str
    inputs: dict[str, str] = field(default_factory=dict)
    """Name -> SHA-256 of each input."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Name -> SHA-256, path or figure."""
    status: RunStatus = RunStatus.RUNNING
    started: datetime | None = None
    finished: datetime | None = None
    cpu_seconds: float | None = None
    message: str = ""
