import math
from random import Random

import numpy as np
import pytest

from holdfast.edits.scoring import ExactScorer, QueryMeter, score_safely
from holdfast.errors import TextTooLongError
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import AttackBudget, Snippet


def texts(n):
    return [Snippet(prompt="p", completion=f"word{i}") for i in range(n)]


class Picky:
    """Refuses one text, as a model with a maximum length does."""

    def score(self, snippets):
        if any(s.completion == "word3" for s in snippets):
            raise TextTooLongError("word3 is too long")
        return np.arange(len(snippets), dtype=np.float64)


@pytest.mark.parametrize("limit", [0, 1, 4, 5, 6])
def test_a_budget_is_never_exceeded_and_fully_used(limit):
    counted = CountingScorer(KeywordScorer({}))
    meter = QueryMeter(AttackBudget(queries=limit))
    found = ExactScorer(counted, meter).score(texts(5), Random(0))
    assert counted.queries == meter.spent == min(limit, 5)
    assert sum(z is not None for z in found) == min(limit, 5)


def test_thinning_is_random_not_by_place():
    kept = [0] * 20
    for seed in range(200):
        scorer = ExactScorer(KeywordScorer({}), QueryMeter(AttackBudget(queries=5)))
        for i, z in enumerate(scorer.score(texts(20), Random(seed))):
            kept[i] += z is not None
    assert min(kept) > 20 and max(kept) < 85


def test_duplicates_and_known_texts_are_free():
    counted = CountingScorer(KeywordScorer({"word1": 2.0}))
    meter = QueryMeter(AttackBudget(queries=10))
    scorer = ExactScorer(counted, meter)
    assert scorer.score([*texts(3), *texts(2)], Random(0)) == [0.0, 2.0, 0.0, 0.0, 2.0]
    assert (counted.queries, meter.cached) == (3, 2)
    scorer.score(texts(4), Random(0))
    assert (counted.queries, meter.spent, meter.cached) == (4, 4, 5)


def test_the_cache_belongs_to_a_checkpoint():
    cache = {}
    one, two = KeywordScorer({"word0": 1.0}), KeywordScorer({"word0": 7.0})
    for target, z in ((one, 1.0), (two, 7.0), (one, 1.0)):
        scorer = ExactScorer(target, QueryMeter(AttackBudget()), cache)
        assert scorer.score(texts(1), Random(0)) == [z]
    assert len(cache) == 2


def test_a_text_that_cannot_be_scored_counts_as_rejected():
    found = score_safely(Picky(), texts(6))
    assert found[3] == math.inf and all(math.isfinite(z) for i, z in enumerate(found) if i != 3)


def test_a_gradient_is_all_or_nothing():
    meter = QueryMeter(AttackBudget(queries=5))
    assert meter.charge(3) and not meter.charge(3) and meter.spent == 3
    assert meter.grant(9) == 2 and meter.left == 0


def test_a_deadline_ends_scoring():
    now = iter(range(1000))
    meter = QueryMeter(AttackBudget(queries=None, seconds=5), clock=lambda: float(next(now)))
    counted = CountingScorer(KeywordScorer({}))
    found = ExactScorer(counted, meter).score(texts(200), Random(0))
    assert 0 < counted.queries < 200 and sum(z is not None for z in found) == counted.queries
