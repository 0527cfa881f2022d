import math

import numpy as np
import pytest
from scipy.stats import binomtest, chi2, poisson

from holdfast.errors import MeasurementError
from holdfast.stats import mean_cost, rate_ratio

from .coverage import assert_level


def test_the_formula():
    found = mean_cost(7, 840.0)
    assert found.estimate == 120
    assert found.lower == pytest.approx(2 * 840 / chi2.ppf(0.975, 16))
    assert found.upper == pytest.approx(2 * 840 / chi2.ppf(0.025, 14))


def test_nothing_found_is_one_sided():
    found = mean_cost(0, 300.0)
    assert found.lower == pytest.approx(300 / math.log(20)) and math.isinf(found.upper)
    assert math.isinf(found.estimate) and math.isnan(mean_cost(0, 0.0).estimate)


@pytest.mark.parametrize(
    "events,exposure", [(-1, 3), (1, 0), (1, math.nan), (1.5, 3), (1, -2), (0, math.inf)]
)
def test_what_cannot_be(events, exposure):
    with pytest.raises(MeasurementError):
        mean_cost(events, exposure)


@pytest.mark.statistical
@pytest.mark.parametrize("expected", [0.3, 1.0, 2.99, 5.0, 20.0, 100.0])
def test_coverage_in_a_fixed_exposure_is_exact(expected):
    """Lower limits are one-sided at 95 % where nothing is found, so a side may miss by 0.05, never more."""
    counts = np.arange(int(poisson.isf(1e-10, expected)) + 1)
    chance = poisson.pmf(counts, expected)
    found = [mean_cost(int(k), 1.0) for k in counts]
    truth = 1 / expected
    assert sum(c for c, r in zip(chance, found, strict=True) if r.upper < truth) <= 0.025
    assert sum(c for c, r in zip(chance, found, strict=True) if r.bound < truth) <= 0.05
    low = sum(c for c, r in zip(chance, found, strict=True) if r.lower > truth)
    assert low <= (0.05 if expected < 3.7 else 0.0251)


@pytest.mark.statistical
@pytest.mark.parametrize("mean", [50, 300, 1000])
def test_coverage_with_a_budget_for_each_attempt(mean):
    generator, runs, attempts, budget = np.random.default_rng(mean), 3000, 60, 96
    cost = generator.geometric(1 / mean, (runs, attempts))
    events, spent = (cost <= budget).sum(axis=1), np.minimum(cost, budget).sum(axis=1)
    found = [mean_cost(int(d), float(t)) for d, t in zip(events, spent, strict=True)]
    assert_level(sum(not r.lower <= mean <= r.upper for r in found), runs, 0.05)


def test_dropping_the_censored_would_be_wrong():
    cost = np.random.default_rng(0).geometric(1 / 300, 5000)
    broken = cost <= 96
    assert cost[broken].mean() < 60
    assert mean_cost(int(broken.sum()), float(np.minimum(cost, 96).sum())).estimate == pytest.approx(300, 0.1)


def test_rate_ratio_is_the_binomial_test():
    found = rate_ratio((12, 300.0), (5, 100.0))
    assert found.estimate == pytest.approx(0.8)
    for rho in (found.lower, found.upper):
        share = rho * 300 / (rho * 300 + 100)
        sides = [binomtest(12, 17, share, alternative=a).pvalue for a in ("less", "greater")]
        assert min(sides) == pytest.approx(0.025)


def test_rate_ratio_edges():
    assert rate_ratio((0, 1.0), (0, 1.0)).upper == math.inf
    assert rate_ratio((0, 1.0), (9, 1.0)).estimate == 0 < rate_ratio((0, 1.0), (9, 1.0)).upper < 1
    only = rate_ratio((9, 1.0), (0, 1.0))
    assert math.isinf(only.estimate) and math.isinf(only.upper) and only.lower > 1
    with pytest.raises(MeasurementError):
        rate_ratio((0, 0.0), (1, 1.0))


@pytest.mark.statistical
@pytest.mark.parametrize("first,second", [(2, 2), (3, 12), (30, 15), (0.5, 8)])
def test_rate_ratio_covers_exactly(first, second):
    a = np.arange(int(poisson.isf(1e-9, first)) + 1)
    b = np.arange(int(poisson.isf(1e-9, second)) + 1)
    miss = 0.0
    for i in a:
        for j in b:
            r = rate_ratio((int(i), 2.0), (int(j), 1.0))
            if not r.lower <= first / 2 / second <= r.upper:
                miss += poisson.pmf(i, first) * poisson.pmf(j, second)
    assert miss <= 0.05
