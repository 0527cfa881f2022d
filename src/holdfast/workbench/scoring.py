"""Live scoring: one thread that runs models, small batches, a memory, and an honest `busy`.

Requests come from many threads. Texts that arrive within `WINDOW` seconds are scored together, at most
`BATCH` of them, each once; what was scored before is answered from memory. A text that a later one of the
same session overtook is dropped. Nobody holds a database transaction while waiting here.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, PriorityQueue
from typing import Any, TypeVar, cast

from holdfast.filtering.scoring import Scored, score_each
from holdfast.types import EditRequest, Snippet
from holdfast.workbench.live import Live, LiveTarget
from holdfast.workbench.problems import Busy, stopping

__all__ = ["Scoring", "Superseded"]

T = TypeVar("T")

WINDOW = 0.005
"""Seconds that a first text waits for company."""
BATCH = 32
"""Texts of one batch, at most."""
WAITING = 256
"""Requests that may wait; more are answered `busy`."""
PATIENCE = 10.0
"""Seconds that a request waits for its answer."""
REMEMBERED = 50_000
_STOP, _SCORE, _CALL = 0, 1, 2


class Superseded(Exception):
    """A later text of the same session came before this one was scored."""


@dataclass(order=True)
class _Job:
    rank: int
    number: int
    future: Future[Any] = field(compare=False)
    target: str = field(compare=False, default="")
    snippet: Snippet | None = field(compare=False, default=None)
    session: tuple[int, int] = field(compare=False, default=(0, 0))
    call: Callable[[], Any] | None = field(compare=False, default=None)


class Scoring:
    """The thread and its queue; `close` ends it."""

    def __init__(self, live: Live, *, patience: float = PATIENCE, waiting: int = WAITING) -> None:
        """`live` gives targets by name; it is asked in the models' thread."""
        self._live, self._patience, self._waiting = live, patience, waiting
        self._jobs: PriorityQueue[_Job] = PriorityQueue()
        self._numbers = itertools.count()
        self._memory: OrderedDict[tuple[str, Snippet], Scored] = OrderedDict()
        self._latest: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.Lock()
        self._targets: dict[str, LiveTarget] = {}
        self._loading: float | None = None
        """When a model began to be loaded; None while none is."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer `busy` to what waits and what comes; the thread ends after what it is at."""
        with self._lock:
            self._stopped = True
            self._refuse_rest()
            self._jobs.put(_Job(_STOP, next(self._numbers), Future()))

    def close(self) -> None:
        """Stop, and wait for the thread's end."""
        self.stop()
        self._thread.join(timeout=self._patience)

    def score(self, target: str, snippet: Snippet, *, session: int = 0, seq: int = -1) -> Scored:
        """The logit, or why there is none. Raises Busy, and Superseded where a later `seq` was asked."""
        if seq >= 0:
            self._announce(session, seq)
        known = self._remembered(target, snippet)
        if known is not None:
            return known
        job = _Job(_SCORE, next(self._numbers), Future(), target, snippet, (session, seq))
        return cast(Scored, self._wait(job))

    def latest(self, session: int) -> int:
        """The highest number that a session asked with; -1 before any (or after a restart)."""
        with self._lock:
            return self._latest.get(session, -1)

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` in the models' thread, after the texts that wait. Raises Busy, or what `work` raises."""
        return cast(T, self._wait(_Job(_CALL, next(self._numbers), Future(), call=work)))

    def warm(self) -> None:
        """Have today's targets loaded, then their help, before anybody asks.

        Returns at once; an error comes to who asks.
        """
        names = self._live.names()
        for work in (self.target, self._helped):
            for name in reversed(names):
                self._jobs.put(_Job(_CALL, next(self._numbers), Future(), call=partial(work, name)))

    def target(self, name: str) -> LiveTarget:
        """The target, loaded. To be called in the models' thread."""
        if name not in self._targets:
            self._loading = time.monotonic()
            try:
                self._targets[name] = self._live.target(name)
            finally:
                self._loading = None
        return self._targets[name]

    def _helped(self, name: str) -> None:
        """Ask the target's assistant once, so that whatever it makes when first asked is made."""
        assistant, parents = self.target(name).assistant, self._live.parents()
        if assistant is not None and parents:
            snippet = parents[0].snippet
            place = ("completion", 0, len(snippet.completion.partition(" ")[0]))
            assistant.edits_at(snippet, *place, EditRequest(propose=8, exact=1))

    def _wait(self, job: _Job) -> Any:
        if self._jobs.qsize() >= self._waiting:
            raise Busy("the model cannot keep up with everybody")
        with self._lock:
            if self._stopped:
                raise stopping()
            self._jobs.put(job)
        try:
            return job.future.result(timeout=self._patience)
        except TooLate:
            job.future.cancel()
            began = self._loading
            if began is not None:
                found = f"a model is being loaded, for {time.monotonic() - began:.0f} s now"
            else:
                found = f"the model gave no answer within {self._patience:g} s"
            raise Busy(found, after=2.0) from None

    def _announce(self, session: int, seq: int) -> None:
        with self._lock:
            if seq < self._latest.get(session, -1):
                raise Superseded
            self._latest[session] = seq
            self._latest.move_to_end(session)
            while len(self._latest) > 10_000:
                self._latest.popitem(last=False)

    def _overtaken(self, job: _Job) -> bool:
        session, seq = job.session
        with self._lock:
            return seq >= 0 and seq < self._latest.get(session, -1)

    def _remembered(self, target: str, snippet: Snippet) -> Scored | None:
        with self._lock:
            found = self._memory.get((target, snippet))
            if found is not None:
                self._memory.move_to_end((target, snippet))
            return found

    def _remember(self, target: str, found: dict[Snippet, Scored]) -> None:
        with self._lock:
            for snippet, scored in found.items():
                self._memory[target, snippet] = scored
            while len(self._memory) > REMEMBERED:
                self._memory.popitem(last=False)

    def _run(self) -> None:
        while True:
            first = self._jobs.get()
            if first.rank == _STOP:
                self._refuse_rest()
                return
            if first.rank == _CALL:
                self._answer_call(first)
            else:
                self._answer_scores([first, *self._company()])

    def _company(self) -> list[_Job]:
        """Texts that come within the window; another kind of job is put back for later."""
        found: list[_Job] = []
        until = time.monotonic() + WINDOW
        while len(found) < BATCH - 1:
            try:
                job = self._jobs.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
            if job.rank != _SCORE:
                self._jobs.put(job)
                break
            found.append(job)
        return found

    def _answer_call(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel() or job.call is None:
            return
        try:
            job.future.set_result(job.call())
        except BaseException as error:  # whoever asked gets it
            job.future.set_exception(error)

    def _answer_scores(self, jobs: list[_Job]) -> None:
        wanted: dict[str, list[_Job]] = {}
        for job in jobs:
            if not job.future.set_running_or_notify_cancel():
                continue
            if self._overtaken(job):
                job.future.set_exception(Superseded())
            else:
                wanted.setdefault(job.target, []).append(job)
        for target, group in wanted.items():
            self._score(target, group)

    def _score(self, target: str, jobs: list[_Job]) -> None:
        try:
            texts = list(dict.fromkeys(job.snippet for job in jobs if job.snippet is not None))
            scored = dict(zip(texts, score_each(self.target(target).scorer, texts), strict=True))
            self._remember(target, scored)
        except BaseException as error:
            for job in jobs:
                job.future.set_exception(error)
            return
        for job in jobs:
            if job.snippet is not None:
                job.future.set_result(scored[job.snippet])

    def _refuse_rest(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(stopping())
