import math

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from holdfast.errors import MeasurementError
from holdfast.stats import kaplan_meier, log_rank, restricted_mean

from .coverage import assert_level


def attempts(seed, n=60, mean=50.0, never=0.3, budget=96.0):
    """Costs and outcomes where a share is never broken and some are given up early."""
    generator = np.random.default_rng(seed)
    cost = generator.exponential(mean, n)
    cost[generator.random(n) < never] = 1e9
    limit = np.minimum(budget, generator.uniform(20, 160, n))
    limit[0], cost[0] = budget, 1e9 if never else cost[0]
    return np.minimum(cost, limit).tolist(), (cost <= limit).tolist()


def test_agrees_with_statsmodels():
    cost, broken = attempts(0)
    mine, theirs = kaplan_meier(cost, broken), SurvfuncRight(cost, np.array(broken, dtype=int))
    at = dict(zip(mine.times, mine.survival, strict=True))
    assert [at[t] for t in theirs.surv_times] == pytest.approx(theirs.surv_prob.tolist())
    risk = dict(zip(mine.times, mine.at_risk, strict=True))
    assert [risk[t] for t in theirs.surv_times] == theirs.n_risk.tolist()
    assert mine.events == sum(broken) and mine.attempts == 60


def test_limits_at_the_ends():
    curve = kaplan_meier([1, 2, 3, 4], [False, True, True, True])
    assert curve.survival == pytest.approx((1, 2 / 3, 1 / 3, 0))
    assert curve.lower[0] == curve.upper[0] == 1 and curve.lower[-1] == 0
    assert all(low <= s <= up for low, s, up in zip(curve.lower, curve.survival, curve.upper, strict=True))
    assert curve.median == 3 and math.isinf(kaplan_meier([5, 6], [False, False]).median)
    assert kaplan_meier([2, 2], [True, True]).upper == (1.0,)


@pytest.mark.parametrize("cost,broken", [([], []), ([1], []), ([-1], [True]), ([math.inf], [False])])
def test_what_cannot_be(cost, broken):
    with pytest.raises(MeasurementError):
        kaplan_meier(cost, broken)


def test_log_rank_agrees_with_statsmodels():
    (a, x), (b, y) = attempts(1, mean=30), attempts(2, mean=60)
    group = [0] * len(a) + [1] * len(b)
    expected = survdiff(np.array(a + b), np.array(x + y, dtype=int), np.array(group))[1]
    assert log_rank(a, x, b, y) == pytest.approx(expected, rel=1e-6)
    assert math.isnan(log_rank([1], [False], [2], [False]))


def test_restricted_mean():
    assert restricted_mean([1, 2, 3], [True, True, True], horizon=3).estimate == pytest.approx(2)
    held = restricted_mean([9.0] * 50, [False] * 50, horizon=9)
    assert held.estimate == held.upper == 9 and 8 < held.lower < 9
    with pytest.raises(MeasurementError, match="horizon"):
        restricted_mean([1, 2], [True, False], horizon=3)


@pytest.mark.statistical
@pytest.mark.parametrize("n,mean,never", [(30, 50, 0.0), (60, 50, 0.3), (60, 300, 0.0)])
def test_curve_and_mean_cover(n, mean, never):
    runs, curve_misses, mean_misses = 400, 0, 0
    truth = never + (1 - never) * math.exp(-40 / mean)
    area = never * 96 + (1 - never) * mean * (1 - math.exp(-96 / mean))
    for seed in range(runs):
        cost, broken = attempts([n, mean, seed], n, mean, never)
        curve = kaplan_meier(cost, broken)
        at = np.searchsorted(curve.times, 40, side="right") - 1
        curve_misses += at >= 0 and curve.survival[at] < 1 and not curve.lower[at] <= truth <= curve.upper[at]
        horizon = min(96, max(cost))
        found = restricted_mean(cost, broken, horizon=horizon)
        mean_misses += horizon == 96 and not found.lower <= area <= found.upper
    assert_level(curve_misses, runs, 0.055)
    assert_level(mean_misses, runs, 0.065)


@pytest.mark.statistical
def test_log_rank_keeps_its_level_and_has_power():
    runs, false, true = 400, 0, 0
    for seed in range(runs):
        (a, x), (b, y), (c, z) = (attempts([seed, i], mean=m) for i, m in enumerate((40, 40, 120)))
        false += log_rank(a, x, b, y) < 0.05
        true += log_rank(a, x, c, z) < 0.05
    assert_level(false, runs, 0.05)
    assert true > runs / 2
