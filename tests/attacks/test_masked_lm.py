"""Rewriting by a masked language model: one ranking, order by masking, and faults that others have had."""

import pytest

from holdfast.attacks.greedy import importance
from holdfast.attacks.masked_lm import MaskedRewriting, MaskedSwapping, masked_edits, pairs
from holdfast.attacks.search import Search
from holdfast.edits.text import apply, apply_all, side_text
from holdfast.errors import ConfigError
from holdfast.testing import CountingScorer, FakeProposer, KeywordScorer, check_attack
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.toy import ToyClassifier
from tests.edits.little import proposer, snippets
from tests.edits.test_language_models import masked

__all__ = ["masked"]
METHODS = [MaskedRewriting, MaskedSwapping]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
PARENTS = snippets(20, seed=3)
SPACED = Snippet(prompt="Ann  saw\n\nthe WOLF …", completion=" Tom hit — the old wolf.")


class Recorder:
    """A proposer that notes what it was asked."""

    def __init__(self, inner):
        self.inner = inner
        self.asked = []

    def propose(self, snippet, side, start, stop, n, seed):
        edits = self.inner.propose(snippet, side, start, stop, n, seed)
        self.asked.append((snippet, side_text(snippet, side)[start:stop], n, edits))
        return edits


@every_method
def test_contract_with_a_masked_language_model(method, masked):  # noqa: F811
    target = KeywordScorer({"wolf": 2.0, "dog": 1.0, "old": -1.0, "small": -2.0}, 1.0)
    parents = [Snippet(prompt="The dog ran.", completion="Tom sat to the OLD wolf."), SPACED]
    check_attack(lambda: method(proposer=masked), target, parents, 0.0, queries=50)


def test_pairs_are_neighbours_with_nothing_but_blanks_between():
    found = [SPACED.completion[p.start : p.stop] for p in pairs(SPACED, ("completion",))]
    assert found == ["Tom hit", "the old", "old wolf"]
    assert [SPACED.prompt[p.start : p.stop] for p in pairs(SPACED, ("prompt",))][0] == "Ann  saw"


@pytest.mark.parametrize("operation", ["replace", "insert", "merge"])
def test_each_operation_keeps_the_blanks_around_it(operation, masked):  # noqa: F811
    class Falling(KeywordScorer):
        """Every other text is better than the parent, and longer logs of edits are better still."""

        def _logit(self, snippet):
            return 5.0 - 0.01 * (sum(map(ord, snippet.text)) % 100) - (snippet != SPACED)

    attack = MaskedRewriting(proposer=masked, operations=[operation], depth=4)
    result = attack.run(SPACED, Falling({}), -50.0, AttackBudget(queries=120), 1)
    edits = [s.edit for s in result.steps[1:]]
    assert edits and apply_all(SPACED, edits) == result.steps[-1].snippet
    kinds = {"replace": "substitute", "insert": "insert", "merge": "span"}
    assert {e.operation for e in edits} == {kinds[operation]}
    before = SPACED
    for edit in edits:
        after = apply(before, edit)
        # Two blanks, a paragraph, a blank before the first word: all that is not a word stays.
        if operation != "insert":
            assert edit.new == edit.new.strip()
        if operation != "merge":
            assert after.prompt.count("  ") == 1 and after.prompt[-2:] == " …"
        assert after.text.count("\n") == 2 and after.completion[0] == " " and " — " in after.completion
        before = after


@every_method
def test_case_is_restored(method, masked):  # noqa: F811
    """The model's words are in lower case; the place's case is put back."""
    parent = Snippet(prompt="The dog ran.", completion="Wolf saw the OLD dog.")
    target = KeywordScorer({"wolf": 2.0, "old": 2.0, "the": 1.0, "dog": 1.0}, 1.0)
    settings = {"operations": ["replace"]} if method is MaskedRewriting else {}
    result = method(proposer=masked, **settings).run(parent, target, -50.0, AttackBudget(queries=400), 1)
    text = result.steps[-1].snippet.completion
    first, _, _, upper, _ = text.split()
    assert (first, upper) != ("Wolf", "OLD") and first[0].isupper() and upper.isupper()


def test_words_are_ranked_by_masking_the_last_one_too():
    parent = Snippet(prompt="Ann ran.", completion="Wolf")
    target = CountingScorer(KeywordScorer({"wolf": 3.0, "ann": 1.0, "ran": -1.0}))
    search = Search("bert_attack@1", target, -9.0, AttackBudget(queries=50), parent=parent, seed=1)
    marks = MaskedSwapping(proposer=proposer())._marks(search, search.root, 50)
    assert {(m.side, m.start): m.value for m in marks} == {
        ("prompt", 0): 1.0,
        ("prompt", 4): -1.0,
        ("completion", 0): 3.0,
    }
    assert target.queries == 4
    # By deletion the only word of a side has no value.
    marks = importance(search, search.root, ("completion",), 50)
    assert [m.value for m in marks] == [float("-inf")]
    texts = [apply(SPACED, edit).completion for _, edit in masked_edits(SPACED, ("completion",), "_")]
    assert texts[-1] == " Tom hit — the old _." and texts[0] == " _ hit — the old wolf."


def test_a_trial_that_does_not_help_is_not_kept():
    """BERT-Attack's own code left the last word tried in the text it worked on."""

    class Rising(KeywordScorer):
        def _logit(self, snippet):
            return 1.0 if snippet == PARENTS[0] else 2.0

    for method in METHODS:
        recorder = Recorder(proposer())
        result = method(proposer=recorder).run(PARENTS[0], Rising({}), 0.0, AttackBudget(queries=200), 1)
        assert result.outcome is Outcome.FAILED and len(result.steps) == 1 and recorder.asked
        assert {snippet for snippet, *_ in recorder.asked} == {PARENTS[0]}


def test_swaps_ask_for_48_words_and_score_16_with_a_gradient():
    recorder = Recorder(FakeProposer([f"word{i}" for i in range(60)]))
    for target, scored in ((ToyClassifier(bias=90.0), 16), (KeywordScorer({}, 1.0), 48)):
        attack = MaskedSwapping(proposer=recorder, passes=1, sides=["completion"], polish=0)
        result = attack.run(PARENTS[1], target, -9.0, AttackBudget(queries=4000), 1)
        places = len(masked_edits(PARENTS[1], ("completion",), "_"))
        rest = result.queries - 1 - places
        assert all(n == 48 and len(edits) == 48 for _, _, n, edits in recorder.asked)
        # Looks cost 3 each; the toy reads all unknown words alike, so that nothing is lower than the first.
        assert places * scored <= rest <= places * scored + 3 * (places + 1)


def test_the_best_edits_of_a_level_are_made_together():
    weights = {"tom": 1.0, "saw": 1.0, "wolf": 1.0, "ann": 1.0, "hit": 1.0}
    parent = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the wolf.")
    target = CountingScorer(KeywordScorer(weights))
    result = MaskedRewriting(proposer=proposer(), level=64, polish=0).run(
        parent, target, 2.5, AttackBudget(queries=200), 1
    )
    assert result.outcome is Outcome.CANDIDATE and target.queries == result.queries
    # One level and what was put together on its best text: no second level of 64.
    assert result.queries <= 1 + 64 + 4 and len(result.steps) >= 3
    assert [s.logit for s in result.steps] == sorted((s.logit for s in result.steps), reverse=True)


def test_operations_are_checked():
    for wrong in (["swap"], []):
        with pytest.raises(ConfigError, match="operations"):
            MaskedRewriting(proposer=proposer(), operations=wrong)
