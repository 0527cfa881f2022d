"""Long work: asked for here, done by a worker process."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.types import JobState
from holdfast.workbench.wire.common import Request, Response

__all__ = ["JobOut", "JobsOut", "NewJob"]


class NewJob(Request):
    """Which command, on which target (empty: the newest)."""

    kind: Literal["round open", "round close", "measure", "report"]
    target: Annotated[str, Field(max_length=120)] = ""


class JobOut(Response):
    """One job."""

    id: str
    kind: str
    arguments: dict[str, str | int | float | bool | None]
    state: JobState
    done: int
    total: int
    message: str
    attempts: int
    created: datetime
    finished: datetime | None


class JobsOut(Response):
    """Newest first; and whether a worker was heard of lately."""

    jobs: list[JobOut]
    worker: bool
