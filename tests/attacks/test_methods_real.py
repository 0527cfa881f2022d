"""The search methods on a real classifier: words of several pieces, quotes, gradients, refusals."""

import pytest

from holdfast.attacks.genetic import GeneticRewriting
from holdfast.attacks.greedy import GreedyRewriting
from holdfast.attacks.hotflip import HotFlip
from holdfast.attacks.masked_lm import MaskedRewriting, MaskedSwapping
from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.testing import CountingScorer, check_attack
from holdfast.types import AttackBudget, Snippet
from tests.attacks.test_real_classifier import SNIPPETS, classifier
from tests.attacks.toy import threshold_for
from tests.edits.little import proposer

__all__ = ["classifier"]
ODD = Snippet(prompt="“Zoë,” he said,\n\nlaughing—", completion=" unquestionably Tom’s WOLF …")

METHODS = [HotFlip, GeneticRewriting, GreedyRewriting, MaskedRewriting, MaskedSwapping, ParaphraseRewriting]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_contract(method, classifier):  # noqa: F811
    threshold = threshold_for(classifier, SNIPPETS, 0.1)
    check_attack(lambda: method(proposer=proposer()), classifier, [SNIPPETS[0], ODD], threshold)


def test_gradients_of_a_real_classifier_are_charged(classifier):  # noqa: F811
    target = CountingScorer(classifier)
    method = HotFlip(proposer=proposer(), pace=0, level=12)
    result = method.run(SNIPPETS[1], target, -99.0, AttackBudget(queries=90), 1)
    # A text that the classifier refuses is charged, though it has no logit.
    assert target.gradients >= 3 and target.spent <= result.queries == 90
    assert result.steps[-1].logit < result.steps[0].logit
