"""Long work, done by a worker process."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from holdfast.workbench import jobbing
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Starter, Viewer
from holdfast.workbench.wire.jobs import JobOut, JobsOut, NewJob

__all__ = ["router"]

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


@router.get("")
def jobs(request: Request, visitor: Viewer) -> JobsOut:
    """All, newest first."""
    return jobbing.listed(site_of(request))


@router.post("")
def start_job(body: NewJob, request: Request, visitor: Starter) -> JobOut:
    """Ask for one; one that waits already is not asked for twice."""
    arguments = {"target": body.target} if body.kind == "measure" and body.target else {}
    return jobbing.start(site_of(request), body.kind, arguments)


@router.get("/stream")
def job_stream(request: Request, visitor: Viewer) -> StreamingResponse:
    """Server-sent events: `jobs`, with the same document as the list, whenever it changes."""
    return StreamingResponse(jobbing.stream(site_of(request)), media_type="text/event-stream")
