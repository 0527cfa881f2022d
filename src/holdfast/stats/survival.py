"""How long targets hold: Kaplan-Meier on censored costs, log-rank, restricted means."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.errors import MeasurementError
from holdfast.stats.binomial import upper_limit
from holdfast.stats.interval import Interval, check_confidence

__all__ = ["SurvivalCurve", "kaplan_meier", "log_rank", "restricted_mean"]


@dataclass(frozen=True, kw_only=True)
class SurvivalCurve:
    """P(not yet broken after `times[i]`), a step function that is 1 before times[0]."""

    times: tuple[float, ...]
    """Every distinct cost at which an attempt was broken or given up, ascending."""
    survival: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    at_risk: tuple[int, ...]
    """Attempts still under way just before each time."""
    events: int
    attempts: int
    confidence: float
    method: str

    @property
    def median(self) -> float:
        """First cost at which at least half are broken; inf where fewer ever are."""
        return next((t for t, s in zip(self.times, self.survival, strict=True) if s <= 0.5), math.inf)


def _censored(costs: Sequence[float], broken: Sequence[bool]) -> tuple[Any, NDArray[np.float64]]:
    from scipy.stats import CensoredData

    x = np.asarray(costs, dtype=np.float64)
    if x.shape != (len(broken),) or len(x) == 0:
        raise MeasurementError(
            f"{len(x)} costs, {len(broken)} outcomes", expected="as many of both, not none"
        )
    if not np.isfinite(x).all() or (x < 0).any():
        raise MeasurementError("a cost is negative or not finite", expected="finite costs >= 0")
    return CensoredData.right_censored(x, ~np.asarray(broken, dtype=bool)), x


def kaplan_meier(
    costs: Sequence[float], broken: Sequence[bool], *, confidence: float = 0.95
) -> SurvivalCurve:
    """Product-limit estimate (Kaplan and Meier, 1958) with pointwise log-log limits (Kalbfleisch and
    Prentice, 1980, section 1.3; Greenwood variance), by scipy's `ecdf(CensoredData)`.

    costs: shape (n,), >= 0 (queries or minutes); broken[i]: True where the attempt succeeded at costs[i],
    False where it was given up there. Before the first event the limits are 1 (no variance estimate exists);
    at a survival of 0 they are [0, last upper limit]. Censoring must not depend on how close an attempt is.
    Raises MeasurementError on empty, negative or non-finite costs.
    """
    from scipy.stats import ecdf

    check_confidence(confidence)
    data, x = _censored(costs, broken)
    curve = ecdf(data).sf
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # undefined at 1 and 0; filled in below
        band = curve.confidence_interval(confidence_level=confidence, method="log-log")
    times, survival = curve.quantiles, curve.probabilities
    lower = np.where(survival >= 1, 1.0, np.where(survival <= 0, 0.0, band.low.probabilities))
    upper = np.where(survival >= 1, 1.0, band.high.probabilities)
    for i in np.flatnonzero(survival <= 0):
        upper[i] = upper[i - 1] if i else 1.0
    return SurvivalCurve(
        times=tuple(map(float, times)),
        survival=tuple(map(float, survival)),
        lower=tuple(map(float, lower)),
        upper=tuple(map(float, upper)),
        at_risk=tuple(int((x >= t).sum()) for t in times),
        events=int(sum(bool(b) for b in broken)),
        attempts=len(x),
        confidence=confidence,
        method="Kaplan-Meier, log-log limits",
    )


def log_rank(
    costs: Sequence[float],
    broken: Sequence[bool],
    other_costs: Sequence[float],
    other_broken: Sequence[bool],
) -> float:
    """Two-sided p-value that both groups break at the same hazard (Mantel, 1966), by scipy.stats.logrank.

    For independent attempts; the same parents in both groups make it conservative. nan without any event.
    """
    from scipy.stats import logrank

    if not any(broken) and not any(other_broken):
        return math.nan
    return float(logrank(_censored(costs, broken)[0], _censored(other_costs, other_broken)[0]).pvalue)


def restricted_mean(
    costs: Sequence[float], broken: Sequence[bool], *, horizon: float, confidence: float = 0.95
) -> Interval:
    """Mean cost up to `horizon` (unbroken attempts count as `horizon`): area under the Kaplan-Meier curve.

    Needs no shape of the hazard, so it stands where the exponential mean does not (some parents never
    broken). Variance sum_i A_i^2 d_i / (n_i (n_i - d_i)), A_i the area right of event time i (Irwin, 1949;
    Klein and Moeschberger, 2003, eq. 4.5.2). Limits are normal for the log of what is lost, horizon - mean,
    which stays right where few attempts break. None broken: the lower limit is horizon (1 - u), u
    Clopper-Pearson's upper limit for 0 of the attempts that reached the horizon.
    Raises MeasurementError where the horizon lies beyond the longest cost observed with attempts at risk.
    """
    from scipy.special import ndtri

    check_confidence(confidence)
    _, x = _censored(costs, broken)
    seen = np.asarray(broken, dtype=bool)
    if not 0 < horizon <= x.max():
        raise MeasurementError(
            f"horizon {horizon:g}", expected=f"above 0, at most the longest cost, {x.max():g}"
        )
    events = np.unique(x[seen & (x <= horizon)])
    at_risk = np.array([(x >= t).sum() for t in events], dtype=np.float64)
    deaths = np.array([(x[seen] == t).sum() for t in events], dtype=np.float64)
    steps = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
    edges = np.concatenate([[0.0], events, [horizon]])
    pieces = steps * np.diff(edges)
    right = np.cumsum(pieces[::-1])[::-1][1:]
    left = at_risk - deaths
    usable = left > 0
    variance = float(np.sum(right[usable] ** 2 * deaths[usable] / (at_risk[usable] * left[usable])))
    mean, z = float(pieces.sum()), float(ndtri((1 + confidence) / 2))
    lost = horizon - mean
    if lost <= 0:
        worst = horizon * upper_limit(0, int((x >= horizon).sum()), (1 - confidence) / 2)
        low, high = horizon - worst, horizon
    else:
        factor = math.exp(z * math.sqrt(variance) / lost)
        low, high = horizon - lost * factor, horizon - lost / factor
    return Interval(
        estimate=mean,
        lower=max(0.0, low),
        upper=high,
        confidence=confidence,
        method=f"restricted mean to {horizon:g}",
    )
