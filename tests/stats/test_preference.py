"""Arm and side: what they estimate, how often their limits hold."""

import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.stats.interval import Interval
from holdfast.stats.preference import arm_and_side, with_ties

from .coverage import assert_level, exceeds_level


def drawn(rng, n, arm, side, ties=0.2, raters=None):
    """Scores of an arm that wins with probability `arm` (+- side / 2), and the sides it stood on."""
    left = rng.permutation(np.arange(n) % 2 == 0)
    own = np.zeros(n) if raters is None else rng.normal(0, 0.1, raters)[np.arange(n) % raters]
    win = np.clip(arm + np.where(left, side / 2, -side / 2) + own, 0, 1)
    scores = np.where(rng.random(n) < ties, 0.5, (rng.random(n) < win).astype(float))
    return scores, left


def test_by_hand():
    arm, side = arm_and_side([1, 1, 0, 0], [True, True, False, False], range(4))
    assert arm.estimate == pytest.approx(0.5) and side.estimate == pytest.approx(1)
    arm, side = arm_and_side([1, 0.5, 1, 0.5], [True, True, False, False], range(4))
    assert arm.estimate == pytest.approx(0.75) and side.estimate == pytest.approx(0)


def test_the_arm_is_adjusted_for_an_unbalanced_side():
    scores, left = [1, 1, 1, 1, 1, 1, 0, 0], [True] * 6 + [False] * 2
    arm, _ = arm_and_side(scores, left, range(8))
    assert arm.estimate == pytest.approx(0.5)


def test_what_cannot_be():
    with pytest.raises(MeasurementError):
        arm_and_side([1.5], [True], [0])
    arm, side = arm_and_side([], [], [])
    assert (arm.lower, arm.upper, side.lower, side.upper) == (0, 1, -1, 1) and np.isnan(arm.estimate)


def test_everybody_alike_is_not_certain():
    arm, _ = arm_and_side([1] * 10, [True, False] * 5, range(10))
    assert arm.estimate == 1 and 0.5 < arm.lower < 0.95


@pytest.mark.statistical
@pytest.mark.parametrize("n,arm,side", [(20, 0.5, 0.0), (60, 0.5, 0.3), (200, 0.7, 0.1), (100, 0.95, 0.0)])
def test_coverage_of_independent_pairs(n, arm, side):
    rng, runs, misses = np.random.default_rng(n), 600, np.zeros(2, dtype=int)
    truth = 0.8 * arm + 0.1, 0.8 * side
    for _ in range(runs):
        found = arm_and_side(*drawn(rng, n, arm, side), range(n))
        misses += [not i.lower <= t <= i.upper for i, t in zip(found, truth, strict=True)]
    for missed in misses:
        assert_level(int(missed), runs, 0.05)


@pytest.mark.statistical
def test_raters_who_differ_need_clusters():
    """With 10 raters, limits over pairs are too short; limits over raters hold."""
    rng, runs = np.random.default_rng(5), 400
    misses = {"raters": 0, "pairs": 0}
    for _ in range(runs):
        scores, left = drawn(rng, 800, 0.5, 0.0, ties=0, raters=10)
        for name, clusters in (("raters", np.arange(800) % 10), ("pairs", np.arange(800))):
            arm, _ = arm_and_side(scores, left, list(clusters))
            misses[name] += not arm.lower <= 0.5 <= arm.upper
    assert_level(misses["raters"], runs, 0.05)
    assert exceeds_level(misses["pairs"], runs, 0.05)


@pytest.mark.statistical
def test_coverage_with_identical_pairs_as_ties():
    rng, runs, misses = np.random.default_rng(9), 600, 0
    for _ in range(runs):
        differ = int(rng.binomial(300, 0.4))
        scores, left = drawn(rng, differ, 0.7, 0.0, ties=0)
        arm, _ = arm_and_side(scores, left, range(differ))
        found = with_ties(arm, differ, 300)
        misses += not found.lower <= 0.5 + 0.4 * 0.2 <= found.upper
    assert_level(misses, runs, 0.05)


def test_all_identical_is_one_half():
    nothing = Interval(estimate=float("nan"), lower=0, upper=1, confidence=0.95, method="m")
    found = with_ties(nothing, 0, 50)
    assert (found.estimate, found.lower, found.upper) == (0.5, 0.5, 0.5)
    with pytest.raises(MeasurementError):
        with_ties(nothing, 3, 2)
