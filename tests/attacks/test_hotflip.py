import numpy as np
import pytest
import torch

from holdfast.attacks.diversity import changes
from holdfast.attacks.firstorder import WordVectors, all_estimates, look
from holdfast.attacks.hotflip import HotFlip
from holdfast.edits.text import deletion, insertion, substitution
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.toy import VOCABULARY, ToyClassifier, threshold_for
from tests.edits.little import proposer, snippets

PARENTS = snippets(30, seed=3)


class Linear(ToyClassifier):
    """One word has a large negative weight that the gradient sees: first order is exact."""

    def __init__(self, word="lamp"):
        super().__init__(bias=10.0)
        self.matrix = torch.zeros(len(VOCABULARY), 8)
        self.matrix[VOCABULARY.index(word)] = -20.0
        self.direction = torch.ones(8) / 8

    def _logit(self, embedded):
        return self.bias + (embedded @ self.direction).sum()


def run(parents, target, threshold, queries, **settings):
    attack = HotFlip(proposer=proposer(), **settings)
    return [attack.run(p, target, threshold, AttackBudget(queries=queries), 5) for p in parents]


def test_what_the_gradient_sees_is_found_in_the_first_step():
    parents = [p for p in PARENTS if "lamp" not in p.text][:10]
    results = run(parents, Linear(), 0.0, 60, level=12)
    # The parent, one gradient, twelve exact scores: no deletion to undo, for one edit is enough.
    assert all(r.outcome is Outcome.CANDIDATE and r.queries <= 1 + 3 + 12 for r in results)
    blind = run(parents, Linear(), 0.0, 60, level=12, first_order=False)
    assert sum(r.outcome is Outcome.CANDIDATE and r.queries <= 16 for r in blind) < 5


def test_gradients_are_charged_and_asked_again_as_the_text_moves():
    counted = CountingScorer(ToyClassifier())
    result = run(PARENTS[:1], counted, -50.0, 120, level=12, pace=0)[0]
    assert counted.gradients >= 4 and counted.spent == result.queries == 120


def test_first_order_saves_queries():
    target = ToyClassifier()
    target.direction = target.direction * 0.3
    threshold = threshold_for(target, PARENTS, 0.02) - 2.0
    guided, plain = (run(PARENTS, target, threshold, 80, first_order=f) for f in (True, False))
    broken = [sum(r.outcome is Outcome.CANDIDATE for r in results) for results in (guided, plain)]
    spent = [sum(r.queries for r in results) for results in (guided, plain)]
    assert broken[0] >= broken[1] and spent[0] < 0.85 * spent[1]


@pytest.mark.parametrize("saliency", [True, False])
def test_a_scorer_without_gradients_is_attacked_by_leave_one_out(saliency):
    target = CountingScorer(KeywordScorer({"wolf": 2.0, "knife": 1.0, "old": -1.5, "lamp": -2.5}, 4.0))
    parents = [p for p in PARENTS if "old" not in p.text][:6]
    results = run(parents, target, 2.6, 400, saliency=saliency)
    assert target.gradients == 0 and target.queries == sum(r.queries for r in results)
    assert all(r.outcome is not Outcome.FAILED for r in results)


def test_a_target_with_norms_only():
    class Norms:
        def __init__(self):
            self.inner = ToyClassifier(bias=2.0)
            self.checkpoint = self.inner.checkpoint

        def score(self, found):
            return self.inner.score(found)

        def saliency(self, snippet):
            return self.inner.saliency(snippet)

    target = CountingScorer(Norms())
    result = run(PARENTS[:1], target, -3.0, 150)[0]
    assert result.outcome is Outcome.CANDIDATE and target.gradients >= 1


def test_an_edit_that_no_longer_helps_is_undone_on_the_way():
    class Quarrel(KeywordScorer):
        """`old` helps at first; once there is a lamp it does harm."""

        def _logit(self, snippet):
            z = super()._logit(snippet)
            return z + 4.0 * ("old" in snippet.text and "lamp" in snippet.text)

    target = Quarrel({"old": -1.0, "lamp": -3.0}, 5.0)
    parents = [p for p in PARENTS if "old" not in p.text and "lamp" not in p.text][:8]
    results = run(parents, target, -9.0, 250, pace=0)
    undone = [s for r in results for s in r.steps if s.edit is not None and s.edit.source == "undo"]
    assert undone
    assert sum(r.steps[-1].logit <= 2.0 for r in results) >= 5


def test_insertions_and_deletions_are_guessed_against_the_mean_proposal():
    target = Linear()
    target.matrix[VOCABULARY.index("wolf")] = 8.0
    snippet = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf.")
    text = snippet.completion
    marks, matrix = look(target, snippet)
    start = text.index("wolf")
    edits = [
        substitution(text, "completion", (start, start + 4), "lamp"),
        substitution(text, "completion", (start, start + 4), "cup"),
        deletion(text, "completion", (start, start + 4)),
        insertion(text, "completion", start, "lamp"),
        insertion(text, "completion", start, "cup"),
        insertion(text, "completion", 0, "xyzzy…"),
    ]
    found = all_estimates(marks, edits, WordVectors(target, matrix))
    # Weights: wolf +8, lamp -20, all others 0; the mean proposal (lamp, cup) weighs -10.
    assert found[:5] == pytest.approx([-28.0, -8.0, -18.0, -10.0, 10.0])
    assert all_estimates(marks, edits[2:], WordVectors(target, matrix)) == [None] * 4
    assert all_estimates([], edits, WordVectors(target, matrix)) == [None] * 6
    assert np.isfinite(found[5])


def test_a_text_with_all_its_edits_gives_some_up_for_better_ones():
    target = ToyClassifier(bias=10.0)
    lowest = {}
    for undo in (0, 2):
        results = run(PARENTS[:5], target, -50.0, 150, depth=3, undo=undo, pace=0, level=12)
        lowest[undo] = sum(r.steps[-1].logit for r in results)
        for result in results:
            assert len(changes(result.parent, result.steps[-1].snippet)) <= 3
    assert lowest[2] < lowest[0] - 0.5


def test_a_search_that_will_not_get_there_leaves_its_queries():
    target, parents = ToyClassifier(bias=10.0), PARENTS[:8]
    kept, left = (run(parents, target, -50.0, 300, pace=pace) for pace in (0, 0.8))
    assert all(r.queries == 300 for r in kept)
    assert all(40 <= r.queries <= 100 for r in left)
    # Within reach, it costs no finds.
    near = threshold_for(target, parents, 0.5) - 3.0
    kept, left = (run(parents, target, near, 300, pace=pace) for pace in (0, 0.8))
    broken = [sum(r.outcome is Outcome.CANDIDATE for r in results) for results in (kept, left)]
    assert 0 < broken[0] == broken[1]


def test_a_search_goes_on_where_the_logit_says_nothing():
    class Flat(KeywordScorer):
        def _logit(self, snippet):
            return min(0.0, super()._logit(snippet)) + 5.0

    result = run(PARENTS[:1], Flat({"nowhere": -1.0}, 4.0), 0.0, 200)[0]
    assert result.outcome is Outcome.FAILED and result.queries == 200
