import math

import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.stats import Resampling, ratio_of_totals
from holdfast.stats.bootstrap import by_cluster

from .coverage import assert_level, exceeds_level

METHODS = ("log-t", "percentile", "bca")


def table(seed, clusters=40, size=3):
    generator = np.random.default_rng(seed)
    hard = generator.lognormal(0, 0.5, clusters).repeat(size)
    values = np.column_stack([generator.poisson(2 * hard), generator.poisson(1.5 * hard)]).astype(float)
    return values, np.arange(clusters).repeat(size).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_limits(method):
    values, labels = table(0)
    first, again, other = (
        ratio_of_totals(values, (1, -1), clusters=labels, how=Resampling(method=method, seed=s, repeats=300))
        for s in (1, 1, 2)
    )
    assert first == again
    assert first.estimate == pytest.approx(values[:, 0].sum() / values[:, 1].sum())
    assert first.lower < first.estimate < first.bound < first.upper
    assert (first == other) == (method == "log-t")


def test_the_methods_agree_on_much_data():
    values, labels = table(1, clusters=800)
    found = [ratio_of_totals(values, (1, -1), clusters=labels, how=Resampling(method=m)) for m in METHODS]
    assert [f.upper for f in found] == pytest.approx([found[0].upper] * 3, rel=0.01)
    assert [f.lower for f in found] == pytest.approx([found[0].lower] * 3, rel=0.01)


def test_order_and_unit_do_not_matter():
    values, labels = table(2)
    turned = ratio_of_totals(values[::-1], (1, -1), clusters=labels[::-1])
    assert turned.upper == pytest.approx(ratio_of_totals(values, (1, -1), clusters=labels).upper)
    scaled = ratio_of_totals(values * [1000, 1], (1, -1), clusters=labels)
    assert scaled.lower == pytest.approx(1000 * turned.lower)


@pytest.mark.parametrize(
    "column,estimate", [((0, 0), math.nan), ((0, 5), 0.0), ((5, 0), math.inf)], ids=["none", "top", "bottom"]
)
def test_a_total_of_zero_claims_nothing(column, estimate):
    found = ratio_of_totals(np.array([column, column], dtype=float), (1, -1))
    assert (found.lower, found.upper) == (0, math.inf) and "no claim" in found.method
    assert found.estimate == estimate or math.isnan(estimate)
    assert ratio_of_totals(np.array([[1.0, 2.0]]), (1, -1)).upper == math.inf


def test_what_cannot_be():
    for values, powers in ((np.ones((3, 2)), (1,)), (-np.ones((3, 2)), (1, -1)), (np.ones(3), (1,))):
        with pytest.raises(MeasurementError):
            ratio_of_totals(values, powers)
    with pytest.raises(MeasurementError):
        ratio_of_totals(np.array([[1.0, math.nan]]), (1, -1))
    with pytest.raises(MeasurementError):
        by_cluster(np.ones((3, 1)), ["a"])


def test_totals_by_cluster():
    assert by_cluster(np.array([[1.0], [2.0], [4.0]]), ["a", "b", "a"]).tolist() == [[5], [2]]


@pytest.mark.statistical
@pytest.mark.parametrize("method,runs", [("log-t", 1500), ("bca", 250)])
def test_ratio_of_totals_covers_clustered_data(method, runs):
    misses = 0
    for seed in range(runs):
        values, labels = table([7, seed])
        how = Resampling(method=method, repeats=500)
        found = ratio_of_totals(values, (1, -1), clusters=labels, how=how)
        misses += not found.lower <= 2 / 1.5 <= found.upper
    assert_level(misses, runs, 0.055)


@pytest.mark.statistical
def test_ignoring_the_clusters_is_caught():
    """One value a family, copied four times: treated as independent it looks twice as sure as it is."""
    runs, right, wrong = 800, 0, 0
    for seed in range(runs):
        generator = np.random.default_rng([8, seed])
        values = generator.poisson(3, (30, 2)).astype(float).repeat(4, axis=0)
        labels = np.arange(30).repeat(4).tolist()
        for clusters in (labels, None):
            found = ratio_of_totals(values, (1, -1), clusters=clusters)
            missed = not found.lower <= 1 <= found.upper
            right, wrong = (right + missed, wrong) if clusters else (right, wrong + missed)
    assert_level(right, runs, 0.055)
    assert exceeds_level(wrong, runs, 0.055)
