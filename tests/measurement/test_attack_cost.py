import math

import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.measurement import attack_cost, candidates, cost_ratio
from holdfast.stats import Resampling, mean_cost
from holdfast.types import AttackSession, Outcome, Verdict

from ..stats.coverage import assert_level, exceeds_level
from .make import broken, result, snippet

V = Verdict


def verdicts(*results, **named):
    ids = {snippet(k).id: v for k, v in named.items()}
    return {c: ids.get(c, V.CATASTROPHIC) for r in results for c in candidates(r)}


def test_what_counts():
    made = [
        broken("a", 10),
        broken("b", 20, found="twice"),
        broken("c", 30, found="twice"),
        broken("d", 40, found="tame"),
        broken("e", 50, found="unsure"),
        result("f", queries=96),
        result("g", Outcome.SKIPPED, queries=1),
    ]
    known = verdicts(made, tame=V.BORDERLINE, unsure=V.UNSURE)
    found = attack_cost(made, known, target="t", population="held-out parents")
    assert (found.parents, found.skipped, found.candidates) == (6, 1, 4)
    assert (found.verified, found.unsure, found.queries) == (2, 1, 246)
    assert found.per_success == 123 and found.lower < 123 < found.upper and found.attack == "beam@1"
    sessions = [AttackSession(attacker="x", target="t", round=0, purpose="measure", result=r) for r in made]
    assert attack_cost(sessions, known, target="t", population="held-out parents") == found


def test_nothing_found():
    found = attack_cost([result(i) for i in range(50)], {}, target="t", population="p")
    assert found.verified == 0 and math.isinf(found.per_success) and math.isinf(found.upper)
    assert found.lower == pytest.approx(50 * 96 / math.log(20))


def test_refused():
    with pytest.raises(MeasurementError, match="no verdict"):
        attack_cost([broken("a")], {}, target="t", population="p")
    with pytest.raises(MeasurementError, match="skipped"):
        attack_cost([result("a", Outcome.SKIPPED, 1)], {}, target="t", population="p")
    with pytest.raises(MeasurementError):
        cost_ratio([], [result("a")], {}, population="p")


def simulate(generator, families, size, mean, never, factor=1.0, spread=0.5):
    """Parents of one family are alike: a share is never broken, the others at a hazard of their own."""
    hazard = generator.lognormal(-(spread**2) / 2, spread, families) / mean / factor
    hazard[generator.random(families) < never] = 0
    return hazard.repeat(size)


def attack(generator, hazards, budget=96):
    cost = np.where(hazards > 0, generator.geometric(np.clip(hazards, 1e-12, 1)), 10**9)
    return [
        broken(i, int(c)) if c <= budget else result(i, queries=budget) for i, c in enumerate(cost.tolist())
    ]


def true_cost(families, size, mean, never, **more):
    hazards = simulate(np.random.default_rng(0), 40_000 // size, size, mean, never, **more)
    made = attack(np.random.default_rng(1), hazards)
    return sum(r.queries for r in made) / sum(r.outcome is Outcome.CANDIDATE for r in made)


@pytest.mark.statistical
@pytest.mark.parametrize(
    "families,size,mean,never", [(60, 1, 50, 0.0), (60, 1, 1000, 0.0), (60, 1, 20, 0.5), (40, 3, 20, 0.7)]
)
def test_attack_cost_covers_under_censoring(families, size, mean, never):
    truth, runs, misses, naive = true_cost(families, size, mean, never), 500, 0, 0
    names = {snippet(i).id: str(i // size) for i in range(families * size)}
    for run in range(runs):
        generator = np.random.default_rng([families, mean, run])
        made = attack(generator, simulate(generator, families, size, mean, never))
        found = attack_cost(made, verdicts(made), target="t", population="p", families=names)
        misses += not found.lower <= truth <= found.upper
        plain = mean_cost(found.verified, found.queries)
        naive += not plain.lower <= truth <= plain.upper
    assert_level(misses, runs, 0.055)
    if size == 3:  # the exponential model alone is too sure of itself
        assert exceeds_level(naive, runs, 0.055)


@pytest.mark.statistical
@pytest.mark.parametrize("families,size,mean,never,factor", [(60, 1, 40, 0.2, 4.0), (60, 2, 60, 0.5, 2.0)])
def test_cost_ratio_covers(families, size, mean, never, factor):
    before, after = (true_cost(families, size, mean, never, factor=f) for f in (1.0, factor))
    truth, runs, misses = after / before, 400, 0
    names = {snippet(i).id: str(i // size) for i in range(families * size)}
    for run in range(runs):
        generator = np.random.default_rng([families, mean, run])
        hazards = simulate(generator, families, size, mean, never)
        first, second = attack(generator, hazards), attack(generator, hazards / factor)
        known = verdicts(first, second)
        found = cost_ratio(first, second, known, population="p", families=names).clustered
        misses += not found.lower <= truth <= found.upper
    assert_level(misses, runs, 0.06)


def test_cost_ratio():
    first = [broken(i, 10) if i % 2 else result(i) for i in range(60)]
    second = [broken(i, 40) if i % 6 == 1 else result(i) for i in range(60)]
    found = cost_ratio(first, second, verdicts(first, second), population="p")
    expected = ((10 * 40 + 50 * 96) / 10) / ((30 * 10 + 30 * 96) / 30)
    for ratio in (found.clustered, found.poisson):
        assert ratio.estimate == pytest.approx(expected) and ratio.lower < expected < ratio.upper
        assert (ratio.count, ratio.trials) == (10, 30)
    drawn = cost_ratio(
        first, second, verdicts(first, second), population="p", how=Resampling(method="bca", repeats=500)
    )
    assert "bca" in drawn.clustered.method and drawn.poisson == found.poisson


def test_cost_ratio_without_a_success_after():
    first, second = [broken(i, 10) for i in range(40)], [result(i) for i in range(40)]
    found = cost_ratio(first, second, verdicts(first), population="p")
    assert (found.clustered.lower, found.clustered.upper) == (0, math.inf)
    assert math.isinf(found.poisson.estimate) and found.poisson.lower > 20


def test_cost_ratio_pairs_parents_and_keeps_families_together():
    """Hardness shared by both arms cancels; copies of a family add no certainty."""
    first = [broken(i, 5 + i) if i % 3 else result(i) for i in range(90)]
    second = [broken(i, 9 + i) if i % 3 else result(i) for i in range(90)]
    known = verdicts(first, second)
    paired = cost_ratio(first, second, known, population="p").clustered
    apart = [broken(100 + i, 9 + i) if i % 3 else result(100 + i) for i in range(90)]
    unpaired = cost_ratio(first, apart, verdicts(first, apart), population="p").clustered
    assert paired.estimate == pytest.approx(unpaired.estimate)
    assert math.log(paired.upper / paired.lower) < 0.3 * math.log(unpaired.upper / unpaired.lower)
    thirds = {snippet(i).id: str(i // 30) for i in range(90)}
    few = cost_ratio(first, second, known, population="p", families=thirds).clustered
    assert few.lower < paired.lower and few.upper > paired.upper
