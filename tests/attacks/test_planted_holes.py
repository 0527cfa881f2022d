"""An attack that cannot find a planted hole proves nothing when it finds no other."""

import numpy as np
import pytest

from holdfast.attacks.beam import BeamRewriting
from holdfast.edits.words import words
from holdfast.testing import CountingScorer
from holdfast.types import AttackBudget, Outcome
from tests.edits.little import proposer, snippets

SEEDS = 20


class Planted:
    """Rejects everything with the same logit, but for one hole."""

    def __init__(self, hole):
        self.hole = hole

    def score(self, found):
        return np.array([-1.0 if self.hole(s) else 5.0 for s in found])


def a_word(parent):
    return lambda s: "lamp" in s.completion


def a_bigram(parent):
    return lambda s: "quietly hit" in s.text or "the lamp" in s.text


def a_length(parent):
    return lambda s: len(words(s.text)) >= len(words(parent.text)) + 2


def nothing(parent):
    return lambda s: False


def attacked(plant, queries=600):
    found = []
    parents = [s for s in snippets(200, seed=7) if not plant(s)(s)][:SEEDS]
    for seed, parent in enumerate(parents):
        hole = plant(parent)
        target = CountingScorer(Planted(hole))
        result = BeamRewriting(proposer=proposer()).run(
            parent, target, 0.0, AttackBudget(queries=queries), seed
        )
        assert target.queries == result.queries <= queries
        assert (result.outcome is Outcome.CANDIDATE) == hole(result.steps[-1].snippet)
        found.append(result)
    return found


@pytest.mark.parametrize("plant", [a_word, a_bigram, a_length])
def test_a_planted_hole_is_found(plant):
    results = attacked(plant)
    assert sum(r.outcome is Outcome.CANDIDATE for r in results) >= 0.95 * SEEDS


def test_nothing_is_found_where_nothing_was_planted():
    results = attacked(nothing, queries=120)
    assert all(r.outcome is Outcome.FAILED and r.queries == 120 for r in results)
