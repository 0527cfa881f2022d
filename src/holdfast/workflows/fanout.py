"""Independent pieces of work over the processes of this machine; the results are those of one process.

Workers are started once and kept: what a piece needs (weights, proposals) is loaded by each only once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from holdfast.config import Config
from holdfast.processes import begin_worker, context, share_of_threads, spent
from holdfast.store import Store
from holdfast.workflows.workspace import Workspace

__all__ = ["spread"]

C = TypeVar("C")
P = TypeVar("P")
R = TypeVar("R")

_here: Workspace | None = None
_ready: tuple[object, object, Callable[[Any], Any]] | None = None


def spread(
    workspace: Workspace, begin: Callable[[Workspace, C], Callable[[P], R]], common: C, pieces: Sequence[P]
) -> Iterator[R]:
    """What `begin(workspace, common)` returns, called on each piece: results in the order of the pieces.

    With `processes` above 1 in the config the pieces are worked on by so many at a time; then `begin` is a
    function of a module, and `common`, pieces and results can be pickled. `begin` may read the store, and
    only the caller writes. Pieces that were not begun when the caller stops are dropped.
    """
    config = workspace.config
    if min(config.processes, len(pieces)) <= 1:
        yield from map(begin(workspace, common), pieces)
        return
    pool = _pool(workspace.root, config.model_dump_json())
    futures = [pool.submit(_work, begin, common, piece) for piece in pieces]
    try:
        for future in futures:
            result, seconds = future.result()
            spent(seconds)
            yield result
    finally:
        for future in futures:
            future.cancel()


@lru_cache(maxsize=1)
def _pool(root: Path, config: str) -> ProcessPoolExecutor:
    """Workers on one workspace; those of another workspace end when nothing holds them any more."""
    own = Config.model_validate_json(config)
    threads = share_of_threads(own.threads, own.processes)
    own = own.model_copy(update={"threads": threads, "processes": 1})
    return ProcessPoolExecutor(
        max_workers=Config.model_validate_json(config).processes,
        mp_context=context(),
        initializer=_start,
        initargs=(root, own),
    )


def _start(root: Path, config: Config) -> None:
    """Open the workspace in a worker."""
    global _here  # noqa: PLW0603
    begin_worker()
    _here = Workspace(root=root, config=config, store=Store.open(config.database, root=root))


def _work(begin: Callable[[Workspace, Any], Callable[[Any], Any]], common: Any, piece: Any) -> Any:
    """(result, CPU seconds) of one piece; what `begin` made is kept for the next piece of the same work."""
    global _ready  # noqa: PLW0603
    started = time.process_time()
    assert _here is not None
    if _ready is None or _ready[0] is not begin or _ready[1] != common:
        _ready = begin, common, begin(_here, common)
    return _ready[2](piece), time.process_time() - started
