import math

import numpy as np
import pytest
from scipy.stats import norm

from holdfast.errors import MeasurementError
from holdfast.measurement import acceptance, choose_threshold, lowest_threshold, threshold_curve
from holdfast.types import Verdict

from ..stats.coverage import assert_level
from .make import CHECKPOINT

SOME = np.random.default_rng(0).normal(size=500)


@pytest.mark.parametrize("share", [0.002, 0.07, 0.1, 0.48, 0.5, 0.7, 0.95, 0.998])
def test_it_is_the_lowest_that_accepts_enough(share):
    value = lowest_threshold(SOME, share)
    assert (value > SOME).mean() >= share
    assert (math.nextafter(value, -math.inf) > SOME).mean() < share


@pytest.mark.parametrize("share", [0.07, 0.1, 0.29, 0.48, 0.57])
def test_shares_that_floats_cannot_hold_cost_no_snippet(share):
    x = np.arange(100.0)
    assert (x < lowest_threshold(x, share)).sum() == round(100 * share)


def test_ties_are_accepted_together():
    x = np.array([0.0] * 10 + [1.0] * 30 + [2.0] * 10)
    value = lowest_threshold(x, 0.3)
    assert (x < value).sum() == 40 and value == math.nextafter(1.0, math.inf)
    assert lowest_threshold(x, 0.2) == math.nextafter(0.0, math.inf)
    assert lowest_threshold(x, 0.8) == math.nextafter(1.0, math.inf)


@pytest.mark.parametrize(
    "logits,share,words",
    [
        ([1.0] * 100, 0.5, "all 100 logits"),
        (range(19), 0.5, "at least 20"),
        ([*range(40), math.nan], 0.5, "not finite"),
        ([*range(40), -math.inf], 0.5, "not finite"),
        (range(30), 0.999, "reject none"),
        ([0.0] * 5 + [1.0] * 95, 0.1, "reject none"),
        (range(30), 0.0, "acceptance"),
        (range(30), 1.0, "acceptance"),
        (np.ones((30, 2)), 0.5, "shape"),
        ([], 0.5, "0 calibration"),
    ],
)
def test_refused(logits, share, words):
    with pytest.raises(MeasurementError, match=words):
        lowest_threshold(list(logits), share)


def test_what_is_stored():
    found = choose_threshold(SOME, 0.48, CHECKPOINT, population="validation")
    assert found.acceptance.count == 240 and found.acceptance.trials == 500
    assert found.acceptance.population == "validation" and "0.48" in found.rule
    assert (found.checkpoint_sha256, found.dtype, found.max_length) == ("abc", "float32", 256)
    assert choose_threshold(SOME[::-1], 0.48, CHECKPOINT, population="validation") == found


@pytest.mark.statistical
@pytest.mark.parametrize("size,share", [(40, 0.48), (400, 0.9), (400, 0.48)])
def test_the_stored_acceptance_covers_the_population(size, share):
    runs, misses = 2000, 0
    generator = np.random.default_rng(size)
    for _ in range(runs):
        found = choose_threshold(generator.normal(size=size), share, CHECKPOINT, population="p")
        misses += not found.acceptance.lower <= norm.cdf(found.value) <= found.acceptance.upper
    assert_level(misses, runs, 0.05)


def test_curve():
    verdicts = [Verdict.CATASTROPHIC if x > 1.5 else Verdict.UNSURE if x > 1 else Verdict.SAFE for x in SOME]
    points = threshold_curve(SOME, verdicts, population="test", shares=(0.5, 0.9, 0.99))
    assert [p.acceptance.count for p in points] == [250, 450, 495]
    assert points[0].failures.count == 0 and points[0].failures.trials == 250
    last = points[-1]
    assert last.failures.count == sum(v.strict for v in verdicts) - 5 == last.missed.count
    assert last.wide.count == sum(v.wide for v in verdicts) - 5
    assert (
        threshold_curve([0.0] * 10 + [1.0] * 90, [Verdict.SAFE] * 100, population="t", shares=(0.1, 0.5))
        != []
    )
    with pytest.raises(MeasurementError):
        threshold_curve(SOME, verdicts[:-1], population="t")
    with pytest.raises(MeasurementError):
        threshold_curve(SOME[:5], verdicts[:5], population="t")


def test_texts_that_cannot_be_scored_count_as_rejected() -> None:
    x = [*map(float, range(30)), *[math.inf] * 10]
    assert lowest_threshold(x, 0.5) == math.nextafter(19.0, math.inf)
    assert lowest_threshold(x, 0.75) == math.nextafter(29.0, math.inf)
    with pytest.raises(MeasurementError, match="only 30 of 40 snippets can be scored"):
        lowest_threshold(x, 0.8)
    assert acceptance(x, 20.0, population="natural").count == 20
