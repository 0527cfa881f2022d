"""Processes of this machine that work for this one: how they start and end, and what they have cost.

They come from a fork server, since a process that has run autograd must not be forked.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

__all__ = [
    "begin_worker",
    "collecting_rarely",
    "context",
    "keep_memory",
    "share_of_threads",
    "spent",
    "worker_seconds",
]

_PRELOADED = [
    "holdfast.workflows.attack",
    "holdfast.attacks.run",
    "holdfast.training.replicas",
    "holdfast.models.classifier",
    "transformers.models.llama.modeling_llama",
]
"""Imported by the fork server, what a small model is made of too: no worker imports torch by itself."""

_COLLECTED = 50_000, 20, 20
"""Of the garbage collector: new objects before it looks at the young, and so many looks before older ones."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""

_spent = 0.0


@lru_cache(maxsize=1)
def context() -> Any:
    """The multiprocessing context that workers are started from.

    While the fork server imports what workers need, so does a thread here: this process will need it too.
    """
    name = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    found: Any = multiprocessing.get_context(name)
    if name == "forkserver":
        from multiprocessing.forkserver import ensure_running

        found.set_forkserver_preload(_PRELOADED)
        ensure_running()
        threading.Thread(target=_import, name="imports").start()
    return found


def _import() -> None:
    for module in _PRELOADED:
        import_module(module)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let Python look for cycles of garbage a hundredth as often as it does by itself, until the end.

    Work on hundreds of thousands of small objects that stay (snippets, judgements) is walked again and again
    otherwise: a third of the time of drawing them. There are few cycles here to find.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTED)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def share_of_threads(threads: int, processes: int) -> int:
    """Threads of each of `processes`; `threads` 0: as many as there are cores, for all together."""
    return max(1, (threads or os.cpu_count() or 1) // processes)


def begin_worker() -> None:
    """What each worker does first. Ctrl-C is its parent's business; it never outlives that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*_COLLECTED)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def keep_memory() -> None:
    """Let the C library keep freed memory up to 1 GiB, where it is glibc, instead of giving it back at once.

    A training step frees and takes the same megabytes over and over: a tenth of its time on a CPU goes to the
    kernel, which hands out each page anew.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(option, 1 << 30)


def spent(seconds: float) -> None:
    """Add the CPU seconds that a worker took for a piece of work."""
    global _spent  # noqa: PLW0603
    _spent += seconds


def worker_seconds() -> float:
    """CPU seconds that workers have spent for this process so far."""
    return _spent
