"""A worker: takes jobs from the queue, one after the other, and runs them as the commands that they are."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from holdfast.errors import HoldfastError, StoreError
from holdfast.protocols import Progress
from holdfast.store import Store
from holdfast.types import Job
from holdfast.workflows.execute import COMMANDS, execute
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Reporter, Workspace

__all__ = ["LEASE", "work", "worker_name"]

LEASE = 60.0
"""Seconds until a job that a lost worker held is given to another one."""
_BEAT = 15.0
_WRITE_EVERY = 1.0
"""Seconds between two writes of progress."""


def worker_name() -> str:
    """This process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class _JobReporter:
    """Says progress where the worker's own goes, and in the job's row."""

    store: Store
    job: Job
    name: str
    inner: Reporter
    done: int = 0
    total: int = 0
    message: str = ""
    written: float = 0.0
    lost: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        """One line."""
        self.inner.say(text)
        self.message = text[:300]
        self.beat()

    def step(self, name: str) -> Progress:
        """Progress of one step of work."""
        shown = self.inner.step(name)

        def progress(done: int, total: int) -> None:
            shown(done, total)
            self.done, self.total, self.message = done, total, name
            if time.monotonic() - self.written > _WRITE_EVERY or done >= total:
                self.beat()

        return progress

    def beat(self) -> None:
        """Renew the lease. Raises StoreError where another worker took the job: this one has to stop."""
        with self.lock:
            if self.lost:
                raise StoreError(
                    f"job {self.job.id} was taken over by another worker", do="nothing: it goes on"
                )
            try:
                self.store.heartbeat(self.job.id, self.name, self.done, self.total, self.message)
            except StoreError as error:
                self.lost = "held by" in str(error)
                raise
            self.written = time.monotonic()


def _beating(reporter: _JobReporter, stop: threading.Event) -> None:
    """Renew the lease through steps that say nothing for long."""
    while not stop.wait(_BEAT):
        try:
            reporter.beat()
        except StoreError:
            if reporter.lost:
                return


def _run(workspace: Workspace, job: Job, name: str) -> bool:
    """Run one job; whether it went well. What the user can mend ends the job with its message."""
    reporter = _JobReporter(workspace.store, job, name, workspace.reporter)
    stop = threading.Event()
    beating = threading.Thread(target=_beating, args=(reporter, stop), daemon=True)
    beating.start()
    try:
        if job.kind not in COMMANDS:
            raise StoreError(f"job of unknown kind {job.kind!r}", expected=", ".join(COMMANDS))
        outcome = execute(replace(workspace, reporter=reporter), job.kind, dict(job.arguments))
        ok, message = True, outcome.text[:2000]
    except HoldfastError as error:
        ok, message = False, str(error)[:2000]
    finally:
        stop.set()
        beating.join(timeout=5)
    if reporter.lost:
        return False
    workspace.store.finish_job(job.id, name, ok, message)
    workspace.reporter.say(f"{job.kind}: {'done' if ok else message}")
    return ok


def work(
    workspace: Workspace,
    *,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    pause: float = 1.0,
) -> Outcome:
    """Take jobs until interrupted, or (`once`) until none waits."""
    name, count = worker_name(), {"done": 0, "failed": 0}
    while True:
        job = workspace.store.claim(name, LEASE)
        if job is None:
            if once:
                return Outcome(result=count, text=f"{count['done']} done, {count['failed']} failed")
            sleep(pause)
            continue
        workspace.reporter.say(f"{job.kind} {job.id}")
        count["done" if _run(workspace, job, name) else "failed"] += 1
