"""Long work: rows in the job queue, and a stream of how far they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
from anyio.to_thread import run_sync

from holdfast.types import Job, JobState
from holdfast.workbench.site import Site
from holdfast.workbench.wire import jobs as wire

__all__ = ["job_out", "listed", "start", "stream"]

_SHOWN, _POLL = 50, 1.0
_UNTAKEN = timedelta(seconds=15)
"""A job that waits for so long while none runs: there is no worker."""


def job_out(job: Job, site: Site) -> wire.JobOut:
    """A job as it travels."""
    return wire.JobOut(
        id=job.id,
        kind=job.kind,
        arguments=job.arguments,
        state=job.state,
        done=job.done,
        total=job.total,
        message=job.message,
        attempts=job.attempts,
        created=job.created or site.clock(),
        finished=job.finished,
    )


def listed(site: Site) -> wire.JobsOut:
    """The latest, newest first."""
    jobs, now = site.store.jobs(), site.clock()
    running = any(one.state is JobState.RUNNING for one in jobs)
    stuck = any(
        one.state is JobState.QUEUED and one.created is not None and now - one.created > _UNTAKEN
        for one in jobs
    )
    shown = [job_out(one, site) for one in reversed(jobs[-_SHOWN:])]
    return wire.JobsOut(jobs=shown, worker=running or not stuck)


def start(site: Site, kind: str, arguments: dict[str, Any]) -> wire.JobOut:
    """Ask for work; what waits or runs already with the same arguments is not asked for twice."""
    for one in site.store.jobs():
        same = one.kind == kind and one.arguments == arguments
        if same and one.state in (JobState.QUEUED, JobState.RUNNING):
            return job_out(one, site)
    id = site.store.enqueue(kind, arguments)
    return next(job_out(one, site) for one in site.store.jobs() if one.id == id)


async def stream(site: Site) -> AsyncIterator[str]:
    """Server-sent events: the list, at once and whenever it changes; a comment now and then keeps it open."""
    before, quiet = "", 0.0
    while True:
        now = (await run_sync(listed, site)).model_dump_json()
        if now != before:
            before, quiet = now, 0.0
            yield f"event: jobs\ndata: {now}\n\n"
        elif quiet >= 15:
            quiet = 0.0
            yield ": still here\n\n"
        await anyio.sleep(_POLL)
        quiet += _POLL
