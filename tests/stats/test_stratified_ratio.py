import math

import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.stats import StratumPair, rate_ratio, stratified_ratio

from .coverage import assert_level


def pair(p, n, both, after, before):
    return StratumPair(
        name="s", probability=float(p), draws=n, both=both, after_only=after, before_only=before
    )


def simulate(generator, p, n, before, after, nested):
    """Both classifiers on the same draws; a share `nested` of the strata's draws ranks them alike."""
    made = []
    for weight, b, a in zip(p, before, after, strict=True):
        u = generator.random(n)
        w = np.where(generator.random(n) < nested, u, generator.random(n))
        first, second = u < b, w < a
        made.append(
            pair(
                weight,
                n,
                int((first & second).sum()),
                int((second & ~first).sum()),
                int((first & ~second).sum()),
            )
        )
    return made


SCENES = {
    "heavy": (np.geomspace(1e-2, 1e-6, 12), 60, np.random.default_rng(1).beta(0.5, 3, 12)),
    "forty": (np.geomspace(1e-2, 1e-7, 40), 60, np.random.default_rng(2).beta(0.3, 4, 40)),
    "mostly let through": (np.geomspace(1e-2, 1e-5, 10), 60, np.random.default_rng(3).beta(6, 4, 10)),
    "rare": (np.array([1e-2] + [1e-3] * 20), 60, np.array([0.03] + [0.02] * 20)),
    "many draws": (np.geomspace(1e-2, 1e-6, 20), 300, np.random.default_rng(4).beta(0.5, 6, 20)),
}


@pytest.mark.statistical
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("factor", [0.05, 0.5, 1.0])
def test_stratified_ratio_covers(scene, factor):
    p, n, before = SCENES[scene]
    generator = np.random.default_rng(round(100 * factor))
    after = np.clip(before * factor * generator.lognormal(0, 0.5, len(p)), 0, 1)
    truth, runs = float(p @ after) / float(p @ before), 350
    found = [stratified_ratio(simulate(generator, p, n, before, after, 0.7)) for _ in range(runs)]
    assert_level(sum(r.bound < truth for r in found), runs, 0.05)
    assert_level(sum(not r.lower <= truth <= r.upper for r in found), runs, 0.055)


def test_what_both_let_through_cancels():
    apart = stratified_ratio([pair(1, 1000, 0, 60, 100)])
    alike = stratified_ratio([pair(1, 1000, 60, 0, 40)])
    assert apart.estimate == alike.estimate == pytest.approx(0.6)
    assert alike.upper - alike.lower < 0.6 * (apart.upper - apart.lower)


def test_without_common_events_it_is_close_to_the_exact_ratio():
    found = stratified_ratio([pair(1, 10**7, 0, 12, 40)])
    exact = rate_ratio((12, 1.0), (40, 1.0))
    assert (found.lower, found.upper) == pytest.approx((exact.lower, exact.upper), rel=0.12)


def test_without_events():
    none = stratified_ratio([pair(0.1, 60, 0, 0, 0)])
    assert math.isnan(none.estimate) and none.upper == math.inf and "no claim" in none.method
    worse = stratified_ratio([pair(0.1, 60, 0, 5, 0)])
    assert worse.estimate == math.inf and (worse.lower, worse.upper) == (0, math.inf)
    better = stratified_ratio([pair(0.1, 60, 0, 0, 30)])
    assert better.estimate == better.lower == 0 < better.bound < better.upper < 0.3
    few = stratified_ratio([pair(0.1, 60, 0, 0, 1)])
    assert few.upper > 3


def test_bound_is_inside_the_interval():
    found = stratified_ratio([pair(0.1, 60, 4, 2, 20), pair(0.01, 60, 9, 0, 10)])
    assert found.lower < found.estimate < found.bound < found.upper


@pytest.mark.parametrize("counts", [(50, 11, 0), (-1, 2, 0)])
def test_what_cannot_be(counts):
    with pytest.raises(MeasurementError):
        stratified_ratio([pair(0.1, 60, *counts)])
