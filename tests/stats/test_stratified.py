import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from holdfast.errors import MeasurementError
from holdfast.stats import StratumCount, allocate_draws, rate, stratified_rate
from holdfast.stats.stratified import _Table, _Tail

from .coverage import assert_level

HEAVY = np.geomspace(1e-2, 1e-6, 12)


def strata(probabilities, draws, events):
    return [
        StratumCount(name=f"s{i}", probability=float(p), draws=int(n), events=int(k))
        for i, (p, n, k) in enumerate(zip(probabilities, draws, events, strict=True))
    ]


def test_the_estimate():
    found = stratified_rate(strata([0.01, 0.001], [10, 100], [1, 50]))
    assert found.estimate == pytest.approx(0.01 * 0.1 + 0.001 * 0.5)
    assert found.lower < found.estimate < found.bound < found.upper


@pytest.mark.parametrize("method,slack", [("gamma", 1.01), ("chernoff", 1.02), ("wright-sidak", 30)])
def test_nothing_found(method, slack):
    """ln(20) max P / n, without a price for the number of strata except in Wright's method."""
    found = stratified_rate(strata(HEAVY, [60] * 12, [0] * 12), method=method)
    limit = math.log(20) * 1e-2 / 60
    assert found.lower == found.estimate == 0
    assert 0.9 * limit < found.bound < slack * limit


def test_one_stratum_is_close_to_clopper_pearson():
    exact = rate(10, 1000, population="p")
    for method in ("chernoff", "gamma", "wright-sidak"):
        found = stratified_rate(strata([1.0], [1000], [10]), method=method)
        assert found.bound == pytest.approx(exact.bound, rel=0.2)
        assert found.bound >= exact.bound * 0.999


@pytest.mark.parametrize("method", ["chernoff", "gamma", "wright-sidak"])
def test_more_events_never_lower_the_bound_and_order_does_not_matter(method):
    counts = [0, 3, 10, 1]
    base = stratified_rate(strata(HEAVY[:4], [30] * 4, counts), method=method)
    turned = stratified_rate(strata(HEAVY[:4], [30] * 4, counts)[::-1], method=method)
    assert turned.bound == pytest.approx(base.bound, rel=1e-6)
    for i in range(4):
        more = [k + (j == i) for j, k in enumerate(counts)]
        assert stratified_rate(strata(HEAVY[:4], [30] * 4, more), method=method).bound >= base.bound * 0.999
    higher = stratified_rate(strata(HEAVY[:4], [30] * 4, counts), confidence=0.99, method=method)
    assert higher.bound > base.bound and higher.lower < base.lower


def test_the_maximum_over_allocations_is_the_maximum():
    generator = np.random.default_rng(3)
    table = _Table(np.array([0.01, 0.003, 0.001]), np.array([40.0, 60.0, 20.0]), np.array([2.0, 0.0, 7.0]))
    low, high = np.array([0.0, 0.0, 0.1]), np.array([0.4, 0.2, 0.8])
    for sign in (1, -1):
        c = -np.expm1(-sign * generator.uniform(0.05, 2, (1, 3)))
        for r in (0.0008, 0.002, 0.004):
            mine = _Tail(table, c, (low, high))(r)[0]
            theirs = minimize(
                lambda x, c=c: -float(np.log(1 - c[0] * x) @ table.n),
                np.full(3, 0.15),
                bounds=list(zip(low, high, strict=True)),
                constraints={"type": "eq", "fun": lambda x, r=r: 1e3 * (x @ table.p - r)},
                options={"ftol": 1e-12, "maxiter": 500},
            )
            assert mine == pytest.approx(-theirs.fun, abs=1e-4)


@pytest.mark.statistical
def test_chernoff_covers_every_allocation_of_two_strata():
    """Exact coverage over a grid of both rates, every pair of counts with its probability."""
    p, n = [0.01, 0.002], [12, 8]
    found = {(i, j): stratified_rate(strata(p, n, [i, j])) for i in range(n[0] + 1) for j in range(n[1] + 1)}
    bounds = np.array([[found[i, j].bound for j in range(9)] for i in range(13)])
    lowers = np.array([[found[i, j].lower for j in range(9)] for i in range(13)])
    for a in np.linspace(0, 1, 13):
        for b in np.linspace(0, 1, 9):
            truth = p[0] * a + p[1] * b
            chance = np.outer(binom.pmf(range(13), 12, a), binom.pmf(range(9), 8, b))
            assert chance[bounds < truth * (1 - 1e-9)].sum() <= 0.05
            assert chance[lowers > truth * (1 + 1e-9)].sum() <= 0.025


SCENES = {
    "heavy tail": (HEAVY, np.full(12, 60), np.random.default_rng(1).beta(0.3, 3, 12)),
    "one big and rare": (np.array([1e-2] + [1e-4] * 20), np.full(21, 60), np.array([0.01] + [0.3] * 20)),
    "all rare": (np.full(30, 1e-3), np.full(30, 60), np.full(30, 0.003)),
    "mostly let through": (HEAVY, np.full(12, 60), np.random.default_rng(2).beta(8, 2, 12)),
    "unequal": (np.array([1e-2, 1e-3, 1e-4]), np.array([200, 20, 100]), np.array([0.005, 0.1, 0.5])),
}


@pytest.mark.statistical
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("method,runs", [("chernoff", 120), ("gamma", 1500), ("wright-sidak", 1500)])
def test_stratified_rate_covers_rare_strata(scene, method, runs):
    p, n, theta = SCENES[scene]
    truth = float(p @ theta)
    drawn = np.random.default_rng(5).binomial(n, theta, (runs, len(p)))
    found = [stratified_rate(strata(p, n, k), method=method) for k in drawn]
    assert_level(sum(r.bound < truth for r in found), runs, 0.05)
    assert_level(sum(not r.lower <= truth <= r.upper for r in found), runs, 0.05)


def test_chernoff_is_much_narrower_than_wright():
    for scene, factor in (("all rare", 0.25), ("heavy tail", 0.8), ("mostly let through", 1.0)):
        p, n, theta = SCENES[scene]
        drawn = np.random.default_rng(6).binomial(n, theta, (20, len(p)))
        chernoff, wright = (
            sum(stratified_rate(strata(p, n, k), method=m).bound for k in drawn)
            for m in ("chernoff", "wright-sidak")
        )
        assert chernoff < factor * wright, scene


@pytest.mark.parametrize(
    "p,n,k",
    [
        ([0.1], [0], [0]),
        ([0.1], [5], [6]),
        ([1.1], [5], [1]),
        ([0.6, 0.6], [5, 5], [1, 1]),
        ([0.0], [5], [1]),
    ],
)
def test_what_cannot_be(p, n, k):
    with pytest.raises(MeasurementError):
        stratified_rate(strata(p, n, k))


def test_extreme_tables_keep_their_order():
    generator = np.random.default_rng(12)
    for _ in range(60):
        size = int(generator.integers(1, 15))
        p = 10.0 ** -generator.uniform(1.2, 16, size)
        n = generator.integers(1, 300, size)
        k = np.where(generator.random(size) < 0.4, 0, generator.binomial(n, generator.random(size)))
        k = np.where(generator.random(size) < 0.2, n, k)
        for method in ("chernoff", "wright-sidak", "gamma"):
            found = stratified_rate(strata(p, n, k), method=method)
            assert 0 <= found.lower <= found.estimate <= found.bound * (1 + 1e-9)
            assert found.bound <= found.upper * (1 + 1e-9) and found.upper <= p.sum() * (1 + 1e-9)


def test_allocation():
    plan = allocate_draws(HEAVY.tolist(), 2000, least=30)
    assert min(plan) == 30 and 2000 <= sum(plan) <= 2012 and plan == sorted(plan, reverse=True)
    even = stratified_rate(strata(HEAVY, [2000 // 12] * 12, [0] * 12))
    assert stratified_rate(strata(HEAVY, plan, [0] * 12)).bound < 0.3 * even.bound
    assert allocate_draws([0.5, 0.5], 10, least=30) == [30, 30]
    with pytest.raises(MeasurementError):
        allocate_draws([0.0], 10)
