import math

import numpy as np
import pytest
from scipy.stats import binom, hypergeom
from statsmodels.stats.proportion import proportion_confint

from holdfast.errors import MeasurementError
from holdfast.stats import rate
from holdfast.stats.binomial import limits, lower_limit, pool_limits, upper_limit

from .coverage import assert_level, exceeds_level


@pytest.mark.parametrize("count,trials", [(0, 10), (1, 10), (10, 10), (3, 30000), (0, 1), (480, 1000)])
def test_agrees_with_statsmodels(count, trials):
    low, high = proportion_confint(count, trials, alpha=0.05, method="beta")
    found = limits(count, trials, 0.95)
    assert found == pytest.approx((max(0, low), min(1, high)), rel=1e-9)


def test_edges():
    nothing = rate(0, 0, population="p")
    assert (nothing.lower, nothing.upper, nothing.bound) == (0, 1, 1) and math.isnan(nothing.estimate)
    none = rate(0, 1000, population="p")
    assert none.lower == 0 and none.bound == pytest.approx(1 - 0.05 ** (1 / 1000))
    every = rate(7, 7, population="p")
    assert every.upper == every.bound == 1 and every.lower == pytest.approx(0.025 ** (1 / 7))


def test_the_rule_of_three():
    found = [upper_limit(k, 1_000_000, 0.05) * 1e6 for k in range(11)]
    expected = [3.00, 4.74, 6.30, 7.75, 9.15, 10.51, 11.84, 13.15, 14.43, 15.71, 16.96]
    assert found == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("count,trials", [(-1, 5), (6, 5), (1.5, 5), (2, 5.5)])
def test_counts_that_cannot_be(count, trials):
    with pytest.raises(MeasurementError):
        rate(count, trials, population="p")


@pytest.mark.parametrize("confidence", [0.5, 1.0, 95])
def test_confidence_is_a_share(confidence):
    with pytest.raises(MeasurementError, match="confidence"):
        rate(1, 5, population="p", confidence=confidence)


def test_limits_grow_with_the_count():
    uppers = [upper_limit(k, 50, 0.05) for k in range(51)]
    lowers = [lower_limit(k, 50, 0.05) for k in range(51)]
    assert uppers == sorted(uppers) and lowers == sorted(lowers)


@pytest.mark.statistical
@pytest.mark.parametrize("p", [1e-2, 1e-4, 1e-5])
@pytest.mark.parametrize("expected", [0.3, 1.0, 3.0, 10.0])
def test_coverage_is_exact_at_rare_rates(p, expected):
    """Every count with its probability: no simulation error at all."""
    trials = round(expected / p)
    counts = np.arange(int(binom.isf(1e-9, trials, p)) + 1)
    chance = binom.pmf(counts, trials, p)
    found = [rate(int(k), trials, population="p") for k in counts]
    assert sum(c for c, r in zip(chance, found, strict=True) if r.bound < p) <= 0.05
    assert sum(c for c, r in zip(chance, found, strict=True) if r.upper < p) <= 0.025
    assert sum(c for c, r in zip(chance, found, strict=True) if r.lower > p) <= 0.025


@pytest.mark.statistical
def test_simulated_coverage_and_a_method_that_fails():
    runs, trials, p = 4000, 30_000, 1e-4
    counts = np.random.default_rng(11).binomial(trials, p, runs)
    known = {int(k): rate(int(k), trials, population="p") for k in set(counts)}
    misses = sum(not known[int(k)].lower <= p <= known[int(k)].upper for k in counts)
    assert_level(misses, runs, 0.05)
    share = counts / trials
    half = 1.96 * np.sqrt(share * (1 - share) / trials)
    assert exceeds_level(int((abs(share - p) > half).sum()), runs, 0.05)


@pytest.mark.statistical
def test_pool_limits_cover_every_pool():
    pool, trials = 120, 40
    found = [pool_limits(k, trials, pool, 0.05) for k in range(trials + 1)]
    for total in range(pool + 1):
        chance = hypergeom.pmf(range(trials + 1), pool, total, trials)
        share = total / pool
        assert sum(c for c, (low, _) in zip(chance, found, strict=True) if low > share + 1e-12) <= 0.05 + 1e-9
        assert sum(c for c, (_, up) in zip(chance, found, strict=True) if up < share - 1e-12) <= 0.05 + 1e-9


def test_a_pool_fully_drawn_is_known():
    found = rate(3, 50, population="p", pool=50)
    assert found.lower == found.upper == found.bound == 0.06
    small, large = rate(0, 500, population="p", pool=1000), rate(0, 500, population="p", pool=10**9)
    assert small.bound < large.bound == pytest.approx(rate(0, 500, population="p").bound, rel=1e-3)
    assert small.upper >= small.bound
    with pytest.raises(MeasurementError):
        rate(1, 6, population="p", pool=5)
