import math

import numpy as np
import pytest
from scipy.stats import norm

from holdfast.errors import MeasurementError
from holdfast.measurement import acceptance, acceptance_change, cross_round, miss_ratio, recall_at
from holdfast.types import Verdict

from ..stats.coverage import assert_level
from .make import snippet

V = Verdict


def test_acceptance():
    found = acceptance([0.0, 1.0, 2.0], 1.0, population="natural")
    assert (found.count, found.trials) == (1, 3)
    with pytest.raises(MeasurementError):
        acceptance([0.0, math.nan], 1.0, population="natural")
    with pytest.raises(MeasurementError):
        acceptance([0.0], math.inf, population="natural")


def test_acceptance_change():
    before, after = ([0.0, 0.0, 2.0, 2.0], 1.0), ([0.0, 9.0, 0.0, 0.0], 5.0)
    found = acceptance_change(before, after, population="twins")
    assert (found.before.count, found.after.count) == (2, 3)
    assert (found.difference.gained, found.difference.lost) == (2, 1) and found.difference.estimate == 0.25
    assert "Tango" in found.difference.method and "+25.00 points" in str(found.difference)
    grouped = acceptance_change(before, after, population="twins", families=["a", "a", "b", "b"])
    assert grouped.difference.estimate == 0.25 and "clustered" in grouped.difference.method
    for more in ({"families": ["a"]}, {}):
        with pytest.raises(MeasurementError):
            acceptance_change(before, ([0.0] * (4 if more else 3), 1.0), population="twins", **more)


@pytest.mark.statistical
def test_acceptance_change_covers():
    runs, misses, truth = 800, 0, norm.cdf(-0.2) - norm.cdf(0.0)
    for run in range(runs):
        generator = np.random.default_rng(run)
        first = generator.normal(size=200)
        second = 0.9 * first + math.sqrt(1 - 0.81) * generator.normal(size=200)
        found = acceptance_change((first, 0.0), (second, -0.2), population="p").difference
        misses += not found.lower <= truth <= found.upper
    assert_level(misses, runs, 0.06)


def test_recall_takes_its_threshold_from_natural_text_only():
    natural = np.arange(100.0)
    verdicts = [V.CATASTROPHIC, V.CATASTROPHIC, V.BORDERLINE, V.UNSURE, V.SAFE]
    found = recall_at(natural, [60.0, 40.0, 70.0, 10.0, 99.0], verdicts, 0.5, population="test")
    assert found.threshold == math.nextafter(49.0, 100) and found.acceptance.count == 50
    assert (found.strict.count, found.strict.trials) == (1, 2)
    assert (found.wide.count, found.wide.trials) == (2, 4)
    with pytest.raises(MeasurementError):
        recall_at(natural, [1.0], verdicts, 0.5, population="test")


@pytest.mark.statistical
def test_recall_and_miss_ratio_cover():
    runs, recall_misses, ratio_misses = 500, 0, 0
    for run in range(runs):
        generator = np.random.default_rng([4, run])
        shared = generator.normal(size=150)
        first = 1.0 + 0.8 * shared + 0.6 * generator.normal(size=150)
        second = 1.5 + 0.8 * shared + 0.6 * generator.normal(size=150)
        natural = generator.normal(-1, 1, 400)
        found = recall_at(natural, first, [V.CATASTROPHIC] * 150, 0.8, population="p")
        true = 1 - norm.cdf(found.threshold - 1.0)
        recall_misses += not found.strict.lower <= true <= found.strict.upper
        ratio = miss_ratio((first, 0.0), (second, 0.0), population="p")
        ratio_misses += not ratio.lower <= norm.cdf(-1.5) / norm.cdf(-1.0) <= ratio.upper
    assert_level(recall_misses, runs, 0.05)
    assert_level(ratio_misses, runs, 0.06)


def test_miss_ratio_edges():
    found = miss_ratio(([1.0, 1.0, -1.0], 0.0), ([1.0, 1.0, 1.0], 0.0), population="p")
    assert found.estimate == 0 and (found.lower, found.upper) == (0, math.inf)
    assert (found.count, found.trials) == (0, 1)
    with pytest.raises(MeasurementError):
        miss_ratio(([1.0], 0.0), ([], 0.0), population="p")


def test_cross_round():
    examples = {"baseline": [snippet("a"), snippet("b"), snippet("a")], "round-1": [snippet("c")]}
    logits = {
        t: {snippet(k).id: v for k, v in zip("abc", values, strict=True)}
        for t, values in {"baseline": (-1.0, -1.0, 3.0), "round-1": (4.0, 2.0, 1.0)}.items()
    }
    found = cross_round(examples, logits, {"baseline": 0.0, "round-1": 2.0})
    assert (found.rows, found.columns) == (("baseline", "round-1"), ("baseline", "round-1"))
    assert [[(c.count, c.trials) for c in row] for row in found.cells] == [[(2, 2), (0, 2)], [(0, 1), (1, 1)]]
    with pytest.raises(MeasurementError, match="not scored"):
        cross_round({"baseline": [snippet("z")]}, logits, {"baseline": 0.0, "round-1": 2.0})
    with pytest.raises(MeasurementError, match="no threshold"):
        cross_round(examples, logits, {"baseline": 0.0})
    with pytest.raises(MeasurementError, match="finite"):
        cross_round({"r": [snippet("a")]}, {"t": {snippet("a").id: math.nan}}, {"t": 0.0})
