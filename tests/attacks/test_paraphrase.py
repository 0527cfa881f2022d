"""Holes that only a paraphrase reaches, and how the search is divided. The contract: `test_methods`."""

import pytest

from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.errors import ConfigError
from holdfast.testing import CountingScorer, KeywordScorer, timeless
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.planted import Planted
from tests.edits.little import proposer, snippets

PARENTS = snippets(40, seed=9)


HOLES = {
    "passive": lambda s: " was " in s.completion and " by " in s.completion,
    "merged": lambda s: ", and " in s.prompt,
    "passive and merged": lambda s: " by " in s.completion and ", and " in s.prompt,
    "passive twice": lambda s: s.prompt.count(" by ") == 2,
}


@pytest.mark.parametrize("hole", HOLES.values(), ids=HOLES.keys())
def test_a_planted_way_of_telling_is_found(hole):
    for seed, parent in enumerate(PARENTS[:20]):
        target = CountingScorer(Planted(hole))
        result = ParaphraseRewriting(proposer=proposer()).run(
            parent, target, 0.0, AttackBudget(queries=200), seed
        )
        assert result.outcome is Outcome.CANDIDATE and hole(result.candidate)
        assert target.queries == result.queries <= 200
        assert {s.edit.source.partition(":")[0] for s in result.steps[1:]} <= {"rule", "undo"}


def test_nothing_is_found_where_nothing_was_planted():
    for seed, parent in enumerate(PARENTS[:5]):
        target = CountingScorer(Planted(lambda s: False))
        result = ParaphraseRewriting(proposer=proposer()).run(
            parent, target, 0.0, AttackBudget(queries=120), seed
        )
        assert result.outcome is Outcome.FAILED and target.queries == result.queries == 120


def test_the_best_paraphrases_go_to_the_local_search():
    """A hole that takes a passive and another word: neither alone opens anything, but the passive helps."""
    target = KeywordScorer({"by": -2.0, "lamp": -2.0}, 3.0)
    parents = [p for p in PARENTS if "lamp" not in p.text][:10]
    attack = ParaphraseRewriting(proposer=proposer())
    results = [attack.run(p, target, 0.0, AttackBudget(queries=300), 1) for p in parents]
    assert sum(r.outcome is Outcome.CANDIDATE for r in results) >= 9
    rules_only = ParaphraseRewriting(proposer=proposer(), proposals=0)
    for parent in parents:
        result = rules_only.run(parent, target, 0.0, AttackBudget(queries=300), 1)
        assert result.outcome is Outcome.FAILED and result.queries < 300


def test_paraphrases_cost_their_share_and_no_more():
    seen = []

    class Recorder(KeywordScorer):
        def score(self, texts):
            seen.extend(texts)
            return super().score(texts)

    attack = ParaphraseRewriting(proposer=proposer(), proposals=0, share=0.1)
    result = attack.run(PARENTS[0], Recorder({}, 1.0), 0.0, AttackBudget(queries=101), 1)
    assert len(seen) == result.queries == 11


class Scripted:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def rewrite(self, snippet, n, seed, seconds=None):
        self.asked.append((snippet, n, seconds))
        return self.answers[:n]


def test_a_rewriters_texts_are_edits_of_the_parent():
    parent = Snippet(prompt="Ann ran.", completion="Nobody cared.")
    other = Snippet(prompt="Ann kept on running.", completion="It was all the same to everybody.")
    told = Snippet(prompt="ann ran", completion="Nobody cared!")
    scripted = Scripted(told, other)
    target = KeywordScorer({"running": -2.0, "everybody": -2.0}, 3.0)
    attack = ParaphraseRewriting(proposer=proposer(), rewriter=scripted, calls=1, proposals=0, polish=0)
    result = attack.run(parent, target, 0.0, AttackBudget(queries=50), 1)
    assert result.candidate == other and len(result.steps) == 3
    # The parent, and each side in turn; what differs in case and punctuation only is not asked about.
    assert result.queries == 3 and scripted.asked == [(parent, 6, None)]
    limited = ParaphraseRewriting(proposer=proposer(), rewriter=scripted, sides=["completion"], proposals=0)
    result = limited.run(parent, target, 0.0, AttackBudget(queries=50), 1)
    assert result.outcome is Outcome.FAILED and result.steps[-1].snippet.prompt == parent.prompt
    late = AttackBudget(queries=50, seconds=60)
    limited.run(parent, target, 0.0, late, 1)
    assert 0 < scripted.asked[-1][2] <= 60


def test_results_repeat():
    def run(seed):
        attack = ParaphraseRewriting(proposer=proposer())
        target = KeywordScorer({"by": -1.0, "was": -0.5, "wolf": 2.0}, 2.0)
        return [timeless(attack.run(p, target, -1.0, AttackBudget(queries=80), seed)) for p in PARENTS[:6]]

    assert run(1) == run(1) != run(2)


def test_an_endpoint_needs_a_model():
    with pytest.raises(ConfigError, match="model"):
        ParaphraseRewriting(proposer=proposer(), endpoint="http://localhost:1/v1")
