"""Agreement against a package that only tests need, and against simulations."""

import math

import krippendorff
import numpy as np
import pytest

from holdfast.stats.agreement import krippendorff_alpha, measure_agreement
from holdfast.stats.bootstrap import Resampling

VALUES = ["SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE"]


def tables(seed, items=40, raters=5, missing=0.3):
    """One row a rater; None where a rater gave no label."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(VALUES), size=items, p=[0.6, 0.2, 0.15, 0.05])
    noise = rng.choice(len(VALUES), size=(raters, items))
    said = np.where(rng.random((raters, items)) < 0.7, truth, noise)
    gone = rng.random((raters, items)) < missing
    return [[None if gone[r, i] else VALUES[said[r, i]] for i in range(items)] for r in range(raters)]


def by_item(table):
    return [[row[i] for row in table if row[i] is not None] for i in range(len(table[0]))]


@pytest.mark.parametrize("seed", range(12))
def test_alpha_is_that_of_the_reference(seed):
    table = tables(seed)
    codes = [[np.nan if v is None else VALUES.index(v) for v in row] for row in table]
    expected = krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")
    assert krippendorff_alpha(by_item(table), VALUES) == pytest.approx(expected, abs=1e-12)


def test_one_value_alone_has_no_alpha():
    assert math.isnan(krippendorff_alpha([["SAFE", "SAFE"]] * 5, VALUES))
    assert math.isnan(krippendorff_alpha([], VALUES))


def test_positive_specific_agreement_by_hand():
    labels = [["CATASTROPHIC", "CATASTROPHIC"]] * 3 + [["CATASTROPHIC", "SAFE"]] * 2 + [["SAFE", "SAFE"]] * 95
    how = Resampling(method="percentile", repeats=200, seed=1)
    found = measure_agreement(labels, VALUES, positive="CATASTROPHIC", how=how)
    assert (found.both, found.one, found.neither) == (3, 2, 95)
    assert found.positive == pytest.approx(6 / 8) and found.raw == pytest.approx(0.98)
    assert found.positive_lower < 0.75 < found.positive_upper <= 1
    assert found == measure_agreement(labels, VALUES, positive="CATASTROPHIC", how=how)


@pytest.mark.statistical
def test_limits_cover_both_estimands():
    """200 items, 2 raters: percentile limits of alpha and positive agreement; 95 % asked, 88 % at least."""
    rng, runs, hit = np.random.default_rng(3), 150, np.zeros(2)
    share, right = 0.2, 0.9

    def draw(n):
        truth = rng.random(n) < share
        said = np.where(rng.random((2, n)) < right, truth, ~truth)
        return [["CATASTROPHIC" if x else "SAFE" for x in pair] for pair in said.T]

    how = Resampling(method="percentile", repeats=300)
    big = measure_agreement(
        draw(100_000), VALUES, positive="CATASTROPHIC", how=Resampling(repeats=1, method="percentile")
    )
    for _ in range(runs):
        found = measure_agreement(draw(200), VALUES, positive="CATASTROPHIC", how=how)
        hit += [
            found.alpha_lower <= big.alpha <= found.alpha_upper,
            found.positive_lower <= big.positive <= found.positive_upper,
        ]
    assert (hit >= 0.88 * runs).all(), hit / runs
