"""The models' thread: batches, memory, order, and an honest `busy`."""

from __future__ import annotations

import threading
import time

import pytest

from holdfast.testing import FakeAssistant, KeywordScorer
from holdfast.types import Snippet
from holdfast.workbench.live import LiveModels, LiveTarget
from holdfast.workbench.problems import Busy
from holdfast.workbench.scoring import Scoring, Superseded

from .conftest import PARENT, WEIGHTS, live_models, target


class Counting(KeywordScorer):
    """Keeps the size of every batch; waits before the first one until it is let go."""

    def __init__(self):
        super().__init__(WEIGHTS, -1.0)
        self.batches, self.go, self.begun = [], threading.Event(), threading.Event()

    def score(self, snippets):
        self.batches.append([s.completion for s in snippets])
        self.begun.set()
        self.go.wait(5)
        return super().score(snippets)


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def scoring(counting):
    live = LiveModels(targets={"t": LiveTarget(target=target("t", 0.0), scorer=counting)})
    made = Scoring(live, patience=5, waiting=50)
    yield made
    counting.go.set()
    made.close()


def text(n):
    return Snippet(prompt="", completion=f"text {n}")


def beside(work, *arguments):
    """Run in a thread; a list that holds the result or the error when it has ended."""
    found = []

    def run():
        try:
            found.append(work(*arguments))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def test_what_waits_is_scored_together_each_text_once(scoring, counting):
    first = beside(scoring.score, "t", text(0))
    assert counting.begun.wait(5)
    waiting = [beside(scoring.score, "t", text(n % 5)) for n in range(1, 11)]
    while scoring._jobs.qsize() < 10:
        time.sleep(0.001)
    counting.go.set()
    for thread, found in [first, *waiting]:
        thread.join(5)
        assert found[0].logit == -1.0
    assert counting.batches[0] == ["text 0"] and sorted(counting.batches[1]) == [
        f"text {n}" for n in range(5)
    ]


def test_what_was_scored_is_remembered_by_target(counting):
    counting.go.set()
    targets = {name: LiveTarget(target=target(name, 0.0), scorer=counting) for name in "ab"}
    scoring = Scoring(LiveModels(targets=targets))
    for name in ("a", "a", "b", "a"):
        scoring.score(name, text(1))
    scoring.close()
    assert len(counting.batches) == 2


def test_a_text_that_was_overtaken_is_dropped(scoring, counting):
    first = beside(scoring.score, "t", text(0))
    assert counting.begun.wait(5)
    old = beside(lambda: scoring.score("t", text(1), session=7, seq=1))
    while not scoring._jobs.qsize():
        time.sleep(0.001)
    new = beside(lambda: scoring.score("t", text(2), session=7, seq=2))
    while scoring._jobs.qsize() < 2:
        time.sleep(0.001)
    counting.go.set()
    for thread, _ in (first, old, new):
        thread.join(5)
    assert isinstance(old[1][0], Superseded) and new[1][0].logit == -1.0
    assert counting.batches[1:] == [["text 2"]]


def test_too_many_that_wait_are_told_so(counting):
    live = LiveModels(targets={"t": LiveTarget(target=target("t", 0.0), scorer=counting)})
    scoring = Scoring(live, patience=5, waiting=2)
    first = beside(scoring.score, "t", text(0))
    assert counting.begun.wait(5)
    waiting = [beside(scoring.score, "t", text(n)) for n in (1, 2)]
    while scoring._jobs.qsize() < 2:
        time.sleep(0.001)
    with pytest.raises(Busy):
        scoring.score("t", text(3))
    counting.go.set()
    for thread, found in [first, *waiting]:
        thread.join(5)
        assert found[0].logit == -1.0
    scoring.close()


def test_targets_are_loaded_before_anybody_asks(scoring, counting):
    counting.go.set()
    scoring.warm()
    assert scoring.call(lambda: list(scoring._targets)) == ["t"]


def test_work_runs_in_the_same_thread_after_scores(scoring, counting):
    counting.go.set()
    scoring.score("t", text(0))
    threads = {scoring.call(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1 and threading.get_ident() not in threads
    with pytest.raises(ZeroDivisionError):
        scoring.call(lambda: 1 / 0)
    assert scoring.score("t", text(1)).logit == -1.0


def test_while_a_model_is_loaded_it_says_so(counting):
    counting.go.set()
    loads = threading.Event()

    class Slow(LiveModels):
        def target(self, name):
            loads.wait(5)
            return super().target(name)

    scoring = Scoring(Slow(targets={"t": LiveTarget(target=target("t", 0.0), scorer=counting)}), patience=0.1)
    with pytest.raises(Busy, match="being loaded"):
        scoring.score("t", text(0))
    loads.set()
    while True:
        try:
            assert scoring.score("t", text(0)).logit == -1.0
            break
        except Busy:
            continue
    scoring.close()


def test_who_waits_when_it_stops_is_told_so_at_once(scoring, counting):
    running = beside(scoring.score, "t", text(0))
    assert counting.begun.wait(5)
    waiting = [beside(scoring.score, "t", text(n)) for n in (1, 2)]
    while scoring._jobs.qsize() < 2:
        time.sleep(0.001)
    scoring.stop()
    with pytest.raises(Busy, match="being stopped"):
        scoring.score("t", text(3))
    for thread, _ in waiting:
        thread.join(5)
    assert all(isinstance(found[0], Busy) and "stopped" in found[0].problem.found for _, found in waiting)
    counting.go.set()
    running[0].join(5)
    assert running[1][0].logit == -1.0 and counting.batches == [["text 0"]]


def test_help_is_made_before_anybody_asks(counting):
    counting.go.set()
    asked = []

    class Assistant(FakeAssistant):
        def edits_at(self, snippet, *place):
            asked.append((snippet, place[:3]))
            return super().edits_at(snippet, *place)

    one = LiveTarget(target=target("t", 0.0), scorer=counting, assistant=Assistant(counting))
    scoring = Scoring(live_models(targets={"t": one}))
    scoring.warm()
    scoring.call(lambda: None)
    assert asked == [(PARENT, ("completion", 0, 3))]
    scoring.close()
