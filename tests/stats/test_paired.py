import math
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import mcnemar as oracle

from holdfast.errors import MeasurementError
from holdfast.stats import clustered_difference, mcnemar, paired_difference

from .coverage import assert_level


@pytest.mark.parametrize("b,c", [(0, 0), (3, 10), (10, 3), (5, 5), (0, 6), (40, 61)])
def test_mcnemar_agrees_with_statsmodels(b, c):
    assert mcnemar(b, c) == pytest.approx(oracle([[50, b], [c, 20]], exact=True).pvalue if b + c else 1.0)


@pytest.mark.parametrize("b,c,n", [(3, 1, 44), (12, 5, 60), (0, 7, 300), (40, 90, 400)])
def test_limits_solve_the_score_equation(b, c, n):
    """The constrained maximum likelihood found numerically, instead of by Tango's closed form."""
    found = paired_difference(b, c, n)
    for delta in (found.lower, found.upper):
        low = max(0.0, -delta) + 1e-12

        def loss(q, delta=delta):
            rest = 1 - delta - 2 * q
            return -sum(k * math.log(max(p, 1e-300)) for k, p in ((b, q + delta), (c, q), (n - b - c, rest)))

        q = minimize_scalar(loss, bounds=(low, (1 - delta) / 2), method="bounded", options={"xatol": 1e-12}).x
        z = (b - c - n * delta) / math.sqrt(n * (2 * q + delta - delta**2))
        assert abs(z) == pytest.approx(1.959964, abs=1e-3)


def test_no_discordant_pair_still_has_a_width():
    z2 = 1.959964**2
    found = paired_difference(0, 0, 100)
    assert (found.lower, found.upper) == pytest.approx((-z2 / (100 + z2), z2 / (100 + z2)), rel=1e-5)


def test_sides_swap():
    one, other = paired_difference(7, 2, 60), paired_difference(2, 7, 60)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))
    assert -1 <= paired_difference(5, 0, 5).lower < 1 == pytest.approx(paired_difference(5, 0, 5).upper)
    assert math.isnan(paired_difference(0, 0, 0).estimate)
    with pytest.raises(MeasurementError):
        paired_difference(4, 4, 5)


@pytest.mark.statistical
@pytest.mark.parametrize(
    "pairs,first,second",
    [(30, 0.1, 0.1), (100, 0.02, 0.02), (300, 0.005, 0.02), (1000, 0.05, 0.03), (12000, 5e-4, 1e-3)],
)
def test_paired_difference_covers(pairs, first, second):
    runs = 3000
    drawn = np.random.default_rng(pairs).multinomial(pairs, [first, second, 1 - first - second], runs)
    interval = cache(lambda b, c: paired_difference(b, c, pairs))
    found = [interval(int(b), int(c)) for b, c, _ in drawn]
    assert_level(sum(not r.lower <= first - second <= r.upper for r in found), runs, 0.06)


@pytest.mark.statistical
@pytest.mark.parametrize("families,size,shared", [(20, 3, 0.5), (50, 5, 0.9), (100, 1, 0.0)])
def test_clustered_difference_covers(families, size, shared):
    runs, misses = 600, 0
    truth = 0.5 - 0.460680  # Phi(0) - Phi(-0.1 / sqrt(1.0225))
    for seed in range(runs):
        generator = np.random.default_rng([families, seed])
        label = np.arange(families).repeat(size)
        noise = generator.normal(size=families * size)
        latent = math.sqrt(shared) * generator.normal(size=families)[label] + math.sqrt(1 - shared) * noise
        later = latent + 0.15 * generator.normal(size=len(label)) < 0.1
        change = later.astype(float) - (latent < 0)
        found = clustered_difference(change.tolist(), label.tolist())
        misses += not found.lower <= truth <= found.upper
    assert_level(misses, runs, 0.05)


def test_one_family_is_not_enough():
    with pytest.raises(MeasurementError, match="clusters"):
        clustered_difference([1, 0], ["a", "a"])


def test_copies_of_a_family_add_nothing():
    generator = np.random.default_rng(4)
    change = generator.choice([-1.0, 0.0, 1.0], 60, p=[0.2, 0.6, 0.2])
    once = clustered_difference(change.tolist(), range(60))
    copies = clustered_difference(np.repeat(change, 9).tolist(), np.repeat(range(60), 9).tolist())
    width = copies.upper - copies.lower
    assert copies.estimate == pytest.approx(once.estimate)
    assert width == pytest.approx(2 * 2.001 * change.std(ddof=1) / math.sqrt(60), rel=0.01)
    alone = clustered_difference(np.repeat(change, 9).tolist(), range(540))
    assert width > 2.5 * (alone.upper - alone.lower)
