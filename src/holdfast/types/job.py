"""A row of the job queue: long work that a server asked for and a worker process does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["Job", "JobState"]


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    """A worker holds it until its lease ends."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of long work."""

    id: str
    kind: str
    """Which workflow: `train classifier`, `measure`, ..."""
    arguments: dict[str, Any]
    state: JobState = JobState.QUEUED
    worker: str = ""
    """Who holds it, or held it last."""
    attempts: int = 0
    """How often it was claimed; more than one: a worker was lost."""
    done: int = 0
    total: int = 0
    """Units of work; 0: not known yet."""
    message: str = ""
    created: datetime | None = None
    lease_until: datetime | None = None
    """When another worker may take it, unless a heartbeat comes first."""
    finished: datetime | None = None
