"""Blind comparisons: drawn by the worker, rated through the site, and the figure that comes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.errors import InputError
from holdfast.filtering import RejectionFilter
from holdfast.gather import qualities
from holdfast.measurement.results import restore
from holdfast.store.rating import Rating
from holdfast.testing import FakeGenerator, KeywordScorer
from holdfast.types import JobState, Snippet, Source, Split, StoredSnippet
from holdfast.workflows.measure import _people
from holdfast.workflows.pairs import draw_pairs
from holdfast.workflows.worker import work
from holdfast.workflows.workspace import Workspace
from tests.workflows.tiny import opened

from .conftest import fill, live_models, ok
from .test_rate import say, take

TEXTS = ("He died.", "She died there.", "He slept on.", "She read a book.")
SCORER = KeywordScorer({"died": 3.0}, -1.0)


class WithModels(Workspace):
    """A workspace whose generator draws from a list, and whose filter looks for one word."""

    def generator(self):
        return FakeGenerator(TEXTS)

    def filter(self, name, *, draws=0):
        return RejectionFilter(FakeGenerator(TEXTS), SCORER, 0.0, draws=draws or 8)


def prompts(n, split=Split.TEST):
    return [
        StoredSnippet(
            snippet=Snippet(prompt=f"{split.value} prompt {i}.", completion="Nothing."),
            source=Source.NATURAL,
            split=split,
            family=f"{split.value} {i}",
            group=split.value,
        )
        for i in range(n)
    ]


@pytest.fixture
def workspace(tmp_path):
    """With 60 test prompts, as many of training, and a calibrated baseline."""
    with opened(tmp_path / "w") as made:
        fill(made.store, live_models())
        made.store.add_snippets([*prompts(60), *prompts(60, Split.TRAIN)])
        yield WithModels(root=made.root, config=made.config, store=made.store)


def test_pairs_are_drawn_of_test_prompts_and_no_prompt_twice(workspace):
    desk = Rating(workspace.store)
    first = draw_pairs(workspace, target="baseline", n=40)
    made = desk.pairs("baseline")
    once = [pair for pair in made if not pair.repeat_of]
    assert first.result["pairs"] == len(made) and first.result["target"] == "baseline"
    assert len(once) == len({pair.prompt for pair in once}) == 40
    assert all(pair.prompt.startswith("test prompt") for pair in made)
    assert first.result["identical"] == sum(pair.identical for pair in made) > 0
    mixed = [pair for pair in once if pair.first_arm != pair.second_arm]
    assert all("died" not in pair.first for pair in mixed), "the filtered side was filtered"
    assert any("died" in pair.second for pair in mixed)
    again = draw_pairs(workspace, target="baseline", n=40)
    both = [pair for pair in desk.pairs("baseline") if not pair.repeat_of]
    assert len(both) == len({pair.prompt for pair in both}) == 60 and again.result["pairs"] >= 20
    with pytest.raises(InputError, match="all 60 test prompts were rated for baseline"):
        draw_pairs(workspace, target="baseline")
    assert draw_pairs(workspace, target="round-1", n=5).result["pairs"] >= 5, "another target has its own"


def test_the_same_workspace_draws_the_same_pairs(workspace, tmp_path):
    draw_pairs(workspace, target="baseline", n=20)
    with opened(tmp_path / "other") as other:
        fill(other.store, live_models())
        other.store.add_snippets([*prompts(60), *prompts(60, Split.TRAIN)])
        again = WithModels(root=other.root, config=other.config, store=other.store)
        draw_pairs(again, target="baseline", n=20)
        assert Rating(other.store).pairs() == Rating(workspace.store).pairs()


UNDECIDED = ("0.", "5.")


def prefers(pair):
    """The side without a death; a tie on every fifth prompt, and where neither has one, or both."""
    left, right = ("died" in pair[side] for side in ("left", "right"))
    if left == right or pair["prompt"].endswith(UNDECIDED):
        return "tie"
    return "right" if left else "left"


def test_from_the_worker_s_pairs_to_the_figure_with_its_interval(workspace, make_bench):
    """A lead asks, the worker draws, two raters rate, and site and `measure` say the same."""
    bench = make_bench(where=f"sqlite:///{workspace.root}/holdfast.db")
    lead, raters = bench.person("lead"), [bench.person("rater") for _ in range(2)]
    assert take(raters[0])["reason"] == "nothing"
    job = ok(lead.post("/api/rate/batches", json={"target": "baseline", "n": 60}))
    assert job["state"] == "queued" and take(raters[0])["pair"] is None
    assert work(workspace, once=True).result == {"done": 1, "failed": 0}
    (done,) = workspace.store.jobs()
    assert done.state is JobState.DONE and "pairs for baseline" in done.message
    made = {pair.id: pair for pair in Rating(workspace.store).pairs()}
    waiting = [pair for pair in made.values() if not pair.identical]
    assert ok(lead.get("/api/dashboard/queues"))["pairs_to_rate"] == len(waiting)

    rated = 0
    for client in raters * 40:
        pair = take(client)["pair"]
        if pair is not None:
            ok(say(bench, client, pair, prefers(pair)))
            rated += 1
    assert rated == len(waiting) and ok(lead.get("/api/dashboard/queues"))["pairs_to_rate"] == 0

    plain = [one for one in made.values() if one.first_arm != one.second_arm and not one.repeat_of]
    differ = [one for one in plain if not one.identical]
    wins = sum(0.5 if one.prompt.endswith(UNDECIDED) else 1.0 for one in differ)
    (found,) = qualities(workspace.store, confidence=0.95)
    assert (found.ratings, found.pairs, found.identical) == (
        len(differ),
        len(plain),
        len(plain) - len(differ),
    )
    assert found.conditional.estimate == pytest.approx(wins / len(differ), abs=0.03)
    assert 0.5 < found.conditional.lower < found.conditional.estimate < found.conditional.upper <= 1
    ties = found.identical / 2
    expected = (found.conditional.estimate * len(differ) + ties) / len(plain)
    assert found.unconditional.estimate == pytest.approx(expected)
    assert found.consistency is None or found.consistency.count == found.consistency.trials
    (shown,) = ok(lead.get("/api/dashboard/quality"))
    _people(replace(workspace, run_id="run"), "baseline")
    (stored,) = workspace.store.measurements(kind="quality")
    measured = restore(stored)
    assert measured == found
    for name in ("conditional", "unconditional"):
        for part in ("estimate", "lower", "upper"):
            assert shown[name][part] == getattr(getattr(measured, name), part)
    assert shown["ratings"] == measured.ratings and shown["side_effect"]["lower"] == measured.side.lower
