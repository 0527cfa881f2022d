import math

import pytest

from holdfast.attacks.greedy import GreedyRewriting, importance
from holdfast.attacks.search import Search
from holdfast.edits.words import words
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.edits.little import proposer, snippets

SNIPPET = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf quickly.")
WEIGHTS = KeywordScorer({"old": -2.0, "hit": 3.0, "ann": 1.0}, 4.0)


def started(target, queries=100, snippet=SNIPPET):
    return Search("greedy@1", target, -50.0, AttackBudget(queries=queries), parent=snippet, seed=1)


def test_importance_is_what_the_logit_loses():
    search = started(WEIGHTS)
    marks = importance(search, search.root, ("prompt", "completion"), 100)
    text = {"prompt": SNIPPET.prompt, "completion": SNIPPET.completion}
    values = {text[m.side][m.start : m.stop]: m.value for m in marks}
    assert len(marks) == 10
    assert (values["hit"], values["Ann"], values["old"], values["Tom"]) == (3.0, 1.0, -2.0, 0.0)
    assert search.meter.spent == 1 + 10
    assert importance(search, search.root, ("prompt",), 100) and search.meter.spent == 11


@pytest.mark.parametrize(("room", "scored"), [(0, 0), (3, 3), (99, 10)])
def test_words_out_of_reach_come_last(room, scored):
    search = started(WEIGHTS)
    marks = importance(search, search.root, ("prompt", "completion"), room)
    assert sum(math.isfinite(m.value) for m in marks) == scored and len(marks) == 10


def test_the_most_important_word_is_edited_first_and_the_logit_never_rises():
    for seed, parent in enumerate(snippets(12, seed=8)):
        target = KeywordScorer({w.text.lower(): i / 10 for i, w in enumerate(words(parent.text))}, 1.0)
        attack = GreedyRewriting(proposer=proposer(), polish=0)
        result = attack.run(parent, target, -50.0, AttackBudget(queries=300), seed)
        logits = [s.logit for s in result.steps]
        assert logits == sorted(logits, reverse=True) and len(logits) > 2
        values = target.weights
        first = max(values[w.text.lower()] for w in words(result.steps[1].edit.old))
        heaviest = sorted(values.values(), reverse=True)
        assert first >= heaviest[4]


def test_every_query_is_counted():
    target = CountingScorer(WEIGHTS)
    result = GreedyRewriting(proposer=proposer(), passes=1).run(
        SNIPPET, target, -50.0, AttackBudget(queries=1000), 1
    )
    # The parent, ten deletions, up to twelve proposals for each of ten words.
    assert target.queries == result.queries <= 1 + 10 + 10 * 12
    assert result.queries > 60 and result.outcome is Outcome.FAILED


def test_it_cannot_cross_a_plateau():
    """Why it is the baseline: two edits that only help together are out of its reach."""

    class Both(KeywordScorer):
        def _logit(self, snippet):
            return -1.0 if "lamp" in snippet.completion and "boat" in snippet.completion else 5.0

    parents = [s for s in snippets(40, seed=2) if "lamp" not in s.text and "boat" not in s.text][:5]
    attack = GreedyRewriting(proposer=proposer())
    results = [attack.run(p, Both({}), 0.0, AttackBudget(queries=600), 1) for p in parents]
    assert all(r.outcome is Outcome.FAILED for r in results)
