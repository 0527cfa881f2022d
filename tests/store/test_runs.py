from __future__ import annotations

import pytest

from holdfast.errors import StoreError, UnknownNameError
from holdfast.types import RunStatus
from tests.store.values import record


def test_a_run_from_start_to_end(store):
    store.start_run(record())
    assert store.run(record().id).status is RunStatus.RUNNING
    store.finish_run(
        record().id, RunStatus.DONE, outputs={"a": "1"}, inputs={"f": "00"}, message="ok", cpu_seconds=1.5
    )
    found = store.run(record().id)
    assert (found.status, found.outputs, found.inputs) == (RunStatus.DONE, {"a": "1"}, {"f": "00"})
    assert (found.message, found.cpu_seconds) == ("ok", 1.5)
    assert found.started is not None and found.finished is not None and found.started <= found.finished


def test_runs_are_listed_oldest_first_and_the_latest_kept(store):
    for n, status in enumerate([RunStatus.DONE, RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.DONE]):
        store.start_run(record(f"run-{n}"))
        store.finish_run(f"run-{n}", status)
    assert [one.id for one in store.runs()] == ["run-0", "run-1", "run-2", "run-3"]
    assert [one.id for one in store.runs(limit=2)] == ["run-2", "run-3"]
    assert [one.id for one in store.runs(failed=True)] == ["run-1", "run-2"]


def test_a_prefix_is_enough_where_it_is_the_only_one(store):
    for id in ("2026-a", "2026-ab", "2027_c"):
        store.start_run(record(id))
    assert store.run("2027").id == "2027_c"
    assert store.run("2026-a").id == "2026-a"
    with pytest.raises(UnknownNameError, match="2 runs begin with '2026'"):
        store.run("2026")
    for unknown in ("2027%", "____", ""):
        with pytest.raises(UnknownNameError, match="holdfast run list"):
            store.run(unknown)


def test_what_never_started_cannot_end_nor_start_twice(store):
    with pytest.raises(UnknownNameError, match="no run"):
        store.finish_run("unknown", RunStatus.DONE)
    store.start_run(record())
    with pytest.raises(StoreError):
        store.start_run(record())
