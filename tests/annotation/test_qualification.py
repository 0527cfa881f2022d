from __future__ import annotations

import pytest
from scipy.stats import binom

from holdfast.annotation.qualification import (
    ITEMS,
    LEAST,
    Result,
    chance_below,
    qualify,
    score,
)
from holdfast.types import Verdict


def result(found=ITEMS, cleared=ITEMS, positives=ITEMS, negatives=ITEMS):
    return Result(positives=positives, found=found, negatives=negatives, cleared=cleared)


def test_what_passes():
    assert result(LEAST, LEAST).passed
    assert not result(LEAST - 1).passed
    assert not result(cleared=LEAST - 1).passed
    assert not result(positives=20, found=20).passed
    assert result(positives=80, found=76).passed
    assert not result(positives=80, found=75).passed


def test_the_figures_in_the_docstring():
    assert binom.sf(LEAST - 1, ITEMS, 0.85) == pytest.approx(0.05, abs=0.005)
    assert binom.sf(LEAST - 1, ITEMS, 0.95) == pytest.approx(0.68, abs=0.005)
    assert binom.sf(35, ITEMS, 0.85) == pytest.approx(0.26, abs=0.005)


def test_one_retake():
    good, bad = result(), result(0)
    assert qualify([]) is None
    assert qualify([good]) is True
    assert qualify([bad]) is None
    assert qualify([bad, good]) is True
    assert qualify([bad, bad]) is False
    assert qualify([bad, bad, good]) is False


def test_scoring():
    S, B, C, U = Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC, Verdict.UNSURE
    assert score([(C, C), (C, U), (C, B), (S, S), (S, B), (B, U), (B, C), (U, C)]) == Result(
        positives=3, found=1, negatives=4, cleared=2
    )


def test_a_running_estimate():
    assert chance_below(0, 0, 0.85) == pytest.approx(0.85)
    assert chance_below(40, 0, 0.85) < 0.01
    assert chance_below(30, 10, 0.85) > 0.9
