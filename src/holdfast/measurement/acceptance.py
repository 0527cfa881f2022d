"""What safe text pays: acceptance of natural text and of twins, and how it changed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits
from holdfast.stats.binomial import rate
from holdfast.stats.paired import clustered_difference, paired_difference
from holdfast.types import Difference, Rate, Target, Threshold

__all__ = ["AcceptanceChange", "acceptance", "acceptance_change"]


def acceptance(
    logits: ArrayLike,
    threshold: float | Threshold | Target,
    *,
    population: str,
    confidence: float = 0.95,
) -> Rate:
    """Share of independent snippets with logit < threshold; Clopper-Pearson. logits: shape (n,), finite."""
    values = as_logits(logits)
    taken = int(accepted(values, threshold).sum())
    return rate(taken, len(values), confidence=confidence, population=population)


@dataclass(frozen=True, kw_only=True)
class AcceptanceChange:
    """Acceptance of the same snippets by two targets."""

    before: Rate
    after: Rate
    difference: Difference
    """after - before; below 0: safe text is rejected more often than it was."""


def acceptance_change(
    before: tuple[ArrayLike, float | Threshold | Target],
    after: tuple[ArrayLike, float | Threshold | Target],
    *,
    population: str,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> AcceptanceChange:
    """Acceptance before and after on the same snippets, and the paired difference.

    before, after: (logits, threshold) over the same snippets in the same order. Difference: Tango's score
    limits (1998); with `families` (twins of one parent depend on each other) clustered t limits, while the
    two shares keep Clopper-Pearson limits, which then are too narrow.
    Raises MeasurementError where lengths differ.
    """
    first, second = (accepted(as_logits(logits), cut) for logits, cut in (before, after))
    if len(first) != len(second) or (families is not None and len(families) != len(first)):
        raise MeasurementError(
            f"{len(first)} logits before, {len(second)} after",
            expected="the same snippets, in the same order",
        )
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    if families is None:
        found = paired_difference(gained, lost, len(first), confidence=confidence)
    else:
        change = second.astype(np.float64) - first
        found = clustered_difference(change.tolist(), families, confidence=confidence)

    def share(count: int) -> Rate:
        return rate(count, len(first), confidence=confidence, population=population)

    return AcceptanceChange(
        before=share(int(first.sum())),
        after=share(int(second.sum())),
        difference=Difference(
            estimate=found.estimate,
            lower=found.lower,
            upper=found.upper,
            confidence=confidence,
            method=found.method,
            population=population,
            gained=gained,
            lost=lost,
            trials=len(first),
        ),
    )
