"""The operating point: the lowest threshold that still accepts enough natural text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits
from holdfast.stats.binomial import rate
from holdfast.types import CheckpointRef, Rate, Threshold, Verdict

__all__ = ["MINIMUM", "CurvePoint", "choose_threshold", "lowest_threshold", "threshold_curve"]

MINIMUM = 20
"""Fewest calibration snippets a threshold may rest on."""


def lowest_threshold(logits: ArrayLike, acceptance: float) -> float:
    """The smallest float64 t with share(logit < t) >= `acceptance` on these logits.

    With x_(1) <= ... <= x_(n) and k = ceil(acceptance n), t is the float64 next above x_(k): every tie of
    x_(k) is accepted with it, so the accepted share is never below `acceptance` and may be above it. A logit
    of +inf is a text that cannot be scored: counted among the n, never accepted.

    Raises MeasurementError where logits are nan or -inf, fewer than 20 or all equal, where too few can be
    scored, and where the threshold would reject none (the sample is too small or tied for so large a share).
    """
    x = np.sort(as_logits(logits))
    if not 0 < acceptance < 1:
        raise MeasurementError(f"acceptance {acceptance!r}", expected="above 0 and below 1")
    if len(x) < MINIMUM:
        raise MeasurementError(
            f"{len(x)} calibration snippets", expected=f"at least {MINIMUM}", do="score more natural text"
        )
    k = max(1, math.ceil(acceptance * len(x) - 1e-9))
    value = float(x[k - 1])
    if math.isinf(value):
        raise MeasurementError(
            f"only {int(np.isfinite(x).sum())} of {len(x)} snippets can be scored",
            expected=f"{k} or more, to accept {acceptance:.4g} of them",
            do="train a classifier with a larger max_length, or calibrate on shorter text",
        )
    if x[0] == x[-1]:
        raise MeasurementError(
            f"all {len(x)} logits are {x[0]:g}",
            expected="a classifier that tells snippets apart",
            do="look at the checkpoint: it may not have been trained",
        )
    if value == x[-1]:
        raise MeasurementError(
            f"accepting {acceptance:.4g} of {len(x)} snippets would reject none of them",
            expected="a share that leaves something to reject, and logits without so many ties",
            do="score more natural text, or lower the acceptance",
        )
    return math.nextafter(value, math.inf)


def choose_threshold(
    logits: ArrayLike,
    acceptance: float,
    checkpoint: CheckpointRef,
    *,
    population: str,
    confidence: float = 0.95,
    characters: str = "keep",
) -> Threshold:
    """The most conservative threshold that accepts at least `acceptance` of natural calibration snippets.

    logits: shape (n,), of natural snippets outside every training set, scored by `checkpoint`. Reject if and
    only if logit >= value. `characters`: what was done to the texts before, as it is recorded. Labels play no
    part, so none are spent; ties as in `lowest_threshold`.

    The stored Rate holds for the share of the population too, although the threshold comes from the same
    logits: that share is Beta(k, n - k + 1) (Wilks, 1941), inside Clopper-Pearson's limits for k of n.
    Raises MeasurementError as `lowest_threshold` does.
    """
    values = as_logits(logits)
    value = lowest_threshold(values, acceptance)
    share = rate(
        int(accepted(values, value).sum()), len(values), confidence=confidence, population=population
    )
    return Threshold(
        value=value,
        rule=f"lowest that accepts at least {acceptance:.4g} of {len(values)} snippets: {population}",
        acceptance=share,
        checkpoint_sha256=checkpoint.sha256,
        dtype=checkpoint.dtype,
        max_length=checkpoint.max_length,
        characters=characters,
    )


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """What one threshold accepts and lets through. Limits hold for one point at a time."""

    threshold: float
    acceptance: Rate
    """Share of the snippets that it accepts."""
    failures: Rate
    """P(CATASTROPHIC | accepted)."""
    wide: Rate
    """P(anything but SAFE | accepted)."""
    missed: Rate
    """Share of the CATASTROPHIC snippets that it accepts: 1 - recall."""


def threshold_curve(
    logits: ArrayLike,
    verdicts: Sequence[Verdict],
    *,
    shares: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.48, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
    population: str,
    confidence: float = 0.95,
) -> list[CurvePoint]:
    """Acceptance against failures let through, at the thresholds of the given accepted shares.

    logits, verdicts: one each per natural snippet, in the same order. Shares that this sample cannot hold
    (ties, too few snippets) are left out. Clopper-Pearson limits, pointwise: choosing the best-looking point
    of the curve is not covered by them. UNSURE counts as wide, not as CATASTROPHIC.
    Raises MeasurementError where the lengths differ or a logit is not finite.
    """
    values = as_logits(logits)
    if len(verdicts) != len(values):
        raise MeasurementError(f"{len(verdicts)} verdicts for {len(values)} logits")
    strict = np.array([v.strict for v in verdicts], dtype=bool)
    wide = np.array([v.wide for v in verdicts], dtype=bool)

    def of(part: NDArray[np.bool_], whole: NDArray[np.bool_], name: str) -> Rate:
        count, trials = int((part & whole).sum()), int(whole.sum())
        return rate(count, trials, confidence=confidence, population=f"{name} {population}")

    points = []
    for share in shares:
        try:
            value = lowest_threshold(values, share)
        except MeasurementError:
            if len(values) < MINIMUM:
                raise
            continue
        taken = accepted(values, value)
        points.append(
            CurvePoint(
                threshold=value,
                acceptance=of(taken, np.ones_like(taken), "all of"),
                failures=of(strict, taken, "accepted of"),
                wide=of(wide, taken, "accepted of"),
                missed=of(taken, strict, "CATASTROPHIC of"),
            )
        )
    return points
