"""The value every estimator of this package gives back, and the checks they share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from holdfast.errors import MeasurementError

__all__ = ["Interval", "check_confidence", "check_count"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its two-sided limits, in the units of the estimate."""

    estimate: float
    """nan where nothing can be said."""
    lower: float
    upper: float
    confidence: float
    """Level of [lower, upper], for instance 0.95."""
    method: str
    bound: float = math.inf
    """One-sided upper bound at `confidence`, where the method gives one."""


def check_confidence(confidence: float) -> float:
    """Return `confidence`; raise MeasurementError unless 0.5 < confidence < 1."""
    if not 0.5 < confidence < 1:
        raise MeasurementError(
            f"confidence {confidence!r}", expected="above 0.5 and below 1", do="use 0.95, for instance"
        )
    return confidence


def check_count(count: int, trials: int) -> None:
    """Raise MeasurementError unless 0 <= count <= trials and both are whole numbers."""
    if int(count) != count or int(trials) != trials or not 0 <= count <= trials:
        raise MeasurementError(f"{count!r} events in {trials!r} trials", expected="0 <= events <= trials")
