"""Which of two arms is preferred, and how much the side on which it stood had to do with it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from holdfast.errors import MeasurementError
from holdfast.stats.bootstrap import by_cluster
from holdfast.stats.interval import Interval, check_confidence

__all__ = ["arm_and_side", "with_ties"]

_PSEUDO = 2
"""Made-up clusters for each extreme, half on each side (after Agresti and Coull, 1998): they keep the
variance from vanishing where everybody says the same."""


def arm_and_side(
    scores: Sequence[float], left: Sequence[bool], clusters: Sequence[Hashable], *, confidence: float = 0.95
) -> tuple[Interval, Interval]:
    """(mean score of an arm, effect of its being on the left), adjusted for each other.

    scores: 1 where the arm won, 1/2 for a tie, 0 where it lost; left[i]: whether it stood on the left.
    Least squares of score on 1 and s = +-1/2 (the side effect is the difference between both sides), sandwich
    variance over clusters (Liang and Zeger, 1986), Student's t with clusters - 1 degrees of freedom, with
    pseudo-clusters added for the limits. Limits of the mean lie within [0, 1], of the effect within [-1, 1].
    No scores: nan with the widest limits. Raises MeasurementError for scores outside [0, 1].
    """
    check_confidence(confidence)
    y, s = np.asarray(scores, dtype=np.float64), np.where(np.asarray(left, dtype=bool), 0.5, -0.5)
    if len(y) and (not np.isfinite(y).all() or y.min() < 0 or y.max() > 1):
        raise MeasurementError("a score outside 0 to 1", expected="1 won, 1/2 tie, 0 lost")
    method = "least squares on arm and side, clustered t"
    if len(y) == 0:
        empty = {"estimate": math.nan, "confidence": confidence, "method": method}
        return Interval(lower=0.0, upper=1.0, **empty), Interval(lower=-1.0, upper=1.0, **empty)  # type: ignore[arg-type]
    mean, effect = _fit(y, s)
    extreme = np.repeat([0.0, 0.0, 1.0, 1.0], _PSEUDO // 2)
    sides = np.tile([0.5, -0.5], _PSEUDO)
    known: list[Hashable] = [("given", c) for c in clusters]
    labels = known + [("made up", i) for i in range(len(extreme))]
    wide_y, wide_s = np.concatenate([y, extreme]), np.concatenate([s, sides])
    centre = _fit(wide_y, wide_s)
    half = _half_widths(wide_y, wide_s, labels, confidence)
    limits = [(c - h, c + h) for c, h in zip(centre, half, strict=True)]
    arm, side = (
        Interval(
            estimate=e,
            lower=max(floor, min(e, lower)),
            upper=min(1.0, max(e, upper)),
            confidence=confidence,
            method=method,
        )
        for e, (lower, upper), floor in zip((mean, effect), limits, (0.0, -1.0), strict=True)
    )
    return arm, side


def _fit(y: np.ndarray, s: np.ndarray) -> tuple[float, float]:
    """Intercept and slope; with one side only, the slope cannot be told and is 0."""
    spread = s - s.mean()
    slope = float(spread @ y / (spread @ spread)) if spread.any() else 0.0
    return float(y.mean() - slope * s.mean()), slope


def _half_widths(
    y: np.ndarray, s: np.ndarray, clusters: Sequence[Hashable], confidence: float
) -> tuple[float, float]:
    from scipy.special import stdtrit

    design = np.column_stack([np.ones_like(s), s])
    bread = np.linalg.inv(design.T @ design)
    mean, effect = _fit(y, s)
    scores = by_cluster(design * (y - mean - effect * s)[:, None], clusters)
    count = len(scores)
    meat = scores.T @ scores * count / max(1, count - 1)
    variance = np.diag(bread @ meat @ bread)
    t = float(stdtrit(max(1, count - 1), (1 + confidence) / 2))
    return float(t * math.sqrt(variance[0])), float(t * math.sqrt(variance[1]))


def with_ties(conditional: Interval, differ: int, pairs: int) -> Interval:
    """Mean score over all pairs, those that read the same as ties: 1/2 + p (m - 1/2), p = differ / pairs.

    Each limit's distance is p times the conditional one's, and z |m - 1/2| sqrt(p (1 - p) / pairs) for the
    share itself, in quadrature (the method of variance estimates recovery, Zou and Donner, 2008).
    """
    from scipy.special import ndtri

    if not 0 <= differ <= pairs or pairs == 0:
        raise MeasurementError(f"{differ} of {pairs} pairs differ", expected="some pairs")
    p, m = differ / pairs, 0.5 if math.isnan(conditional.estimate) else conditional.estimate
    z = float(ndtri((1 + conditional.confidence) / 2))
    share = z * abs(m - 0.5) * math.sqrt(p * (1 - p) / pairs)
    estimate = 0.5 + p * (m - 0.5)
    below, above = p * (m - conditional.lower), p * (conditional.upper - m)
    return Interval(
        estimate=estimate,
        lower=max(0.0, estimate - math.hypot(below, share)),
        upper=min(1.0, estimate + math.hypot(above, share)),
        confidence=conditional.confidence,
        method=f"{conditional.method}; identical pairs as ties",
    )
