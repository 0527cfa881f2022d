from __future__ import annotations

import threading
import time

import pytest

from holdfast.errors import StoreError
from holdfast.store.jobs import MAX_ATTEMPTS
from holdfast.types import JobState


def test_jobs_are_done_in_order(store):
    ids = [store.enqueue("measure", {"target": "baseline", "n": n}) for n in range(2)]
    job = store.claim("w1", 60)
    assert (job.id, job.kind, job.arguments) == (ids[0], "measure", {"target": "baseline", "n": 0})
    assert (job.state, job.worker, job.attempts) == (JobState.RUNNING, "w1", 1)
    store.heartbeat(job.id, "w1", 3, 10, "scoring")
    (running,) = store.jobs(JobState.RUNNING)
    assert (running.done, running.total, running.message) == (3, 10, "scoring")
    store.finish_job(job.id, "w1", True, "written")
    assert store.claim("w1", 60).id == ids[1]
    store.finish_job(ids[1], "w1", False, "out of memory")
    assert store.claim("w1", 60) is None
    assert [(one.state, one.message) for one in store.jobs()] == [
        (JobState.DONE, "written"),
        (JobState.FAILED, "out of memory"),
    ]
    assert all(one.finished is not None for one in store.jobs())


def test_an_ended_lease_is_taken_again_and_the_first_worker_told_so(store):
    id = store.enqueue("train", {})
    store.claim("w1", 0.01)
    time.sleep(0.02)
    assert store.claim("w2", 60).attempts == 2
    for call in (lambda: store.heartbeat(id, "w1", 1, 2), lambda: store.finish_job(id, "w1", True)):
        with pytest.raises(StoreError, match="held by w2, not by w1"):
            call()
    store.finish_job(id, "w2", True)
    with pytest.raises(StoreError, match="done"):
        store.finish_job(id, "w2", False)


def test_a_heartbeat_renews_the_lease(store):
    id = store.enqueue("train", {})
    before = store.claim("w1", 60).lease_until
    store.heartbeat(id, "w1", 1, 2)
    (job,) = store.jobs()
    assert job.lease_until > before
    assert store.claim("w2", 60) is None


def test_a_job_that_kills_its_workers_is_given_up(store):
    store.enqueue("train", {})
    for n in range(MAX_ATTEMPTS):
        assert store.claim(f"w{n}", 0.001) is not None
        time.sleep(0.005)
    assert store.claim("another", 60) is None
    (job,) = store.jobs(JobState.FAILED)
    assert "given up" in job.message


def test_unknown_job(store):
    with pytest.raises(StoreError, match="no job"):
        store.heartbeat("unknown", "w", 0, 0)


def test_threads_never_get_one_job_twice(store):
    ids = {store.enqueue("score", {"n": n}) for n in range(60)}
    got, errors = [], []

    def work(name):
        try:
            while (job := store.claim(name, 60)) is not None:
                got.append(job.id)
                store.finish_job(job.id, name, True)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(got) == sorted(ids)
