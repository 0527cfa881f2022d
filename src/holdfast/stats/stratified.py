"""P = sum_s P_s theta_s with exact stratum probabilities P_s and theta_s from draws inside each stratum.

A form of failure with P_s = 1e-7 costs as many draws as one with 1e-2: the weights carry the rarity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from holdfast.errors import MeasurementError
from holdfast.stats.interval import Interval, check_confidence

__all__ = ["StratumCount", "allocate_draws", "stratified_rate"]

FloatArray = NDArray[np.float64]
Method = Literal["chernoff", "gamma", "wright-sidak"]

_BOX_SHARE = 0.1
"""Part of alpha spent on the box of per-stratum limits (Berger and Boos, 1994)."""


@dataclass(frozen=True, kw_only=True)
class StratumCount:
    """`events` of `draws` independent draws from one stratum of exact natural probability `probability`."""

    name: str
    probability: float
    draws: int
    events: int


@dataclass(frozen=True)
class _Table:
    """The strata as columns, shape (strata,)."""

    p: FloatArray
    n: FloatArray
    k: FloatArray

    @property
    def weight(self) -> FloatArray:
        """What one event adds to the estimate: P_s / n_s."""
        return self.p / self.n

    @property
    def total(self) -> float:
        return float(self.weight @ self.k)


def _table(strata: Sequence[StratumCount]) -> _Table:
    for s in strata:
        if s.draws < 1 or not 0 <= s.events <= s.draws or not 0 <= s.probability <= 1:
            raise MeasurementError(
                f"stratum {s.name!r}: {s.events} of {s.draws} draws, probability {s.probability}",
                expected="at least one draw, 0 <= events <= draws, 0 <= probability <= 1",
            )
    used = [s for s in strata if s.probability > 0]
    if not used or math.fsum(s.probability for s in used) > 1 + 1e-9:
        raise MeasurementError("strata without probability, or with more than 1 in all", expected="disjoint")
    columns = np.array([[s.probability, s.draws, s.events] for s in used], dtype=np.float64)
    return _Table(*columns.T)


def _box(table: _Table, alpha: float) -> tuple[FloatArray, FloatArray]:
    """Limits that hold for every stratum at once with probability >= 1 - alpha: Clopper-Pearson at
    Sidak's level, alpha / 2 on each side."""
    from scipy.special import betainccinv, betaincinv

    each = -math.expm1(math.log1p(-alpha / 2) / len(table.p))
    k, n = table.k, table.n
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, each), 0.0)
    high = np.where(k < n, betainccinv(k + 1, np.maximum(n - k, 1), each), 1.0)
    return low, high


class _Tail:
    """max over {low <= theta <= high, sum P theta = r} of sum n log(1 - c theta), for each row of c.

    Concave with one linear constraint: theta_s = clip(1 / c_s - v / a_s), a_s = P_s / n_s, where the share r
    is a piecewise linear, decreasing function of the multiplier v, inverted exactly at its breakpoints.
    c: shape (rates, strata).
    """

    def __init__(self, table: _Table, c: FloatArray, box: tuple[FloatArray, FloatArray]) -> None:
        self.table, self.c, self.box = table, c, box
        low, high = box
        a = table.weight
        ends = [a * (1 / c - high), a * (1 / c - low)]
        self.breaks = np.sort(np.concatenate(ends, axis=1), axis=1)
        self.shares = np.array(
            [
                np.clip(1 / row - at[:, None] / a, low, high) @ table.p
                for row, at in zip(c, self.breaks, strict=True)
            ]
        )

    def __call__(self, r: float) -> FloatArray:
        """The maxima at total probability `r`, shape (rates,)."""
        v = np.array([np.interp(-r, -s, b) for s, b in zip(self.shares, self.breaks, strict=True)])
        theta = np.clip(1 / self.c - v[:, None] / self.table.weight, *self.box)
        logs: FloatArray = np.log(np.maximum(1 - self.c * theta, 1e-300)) @ self.table.n
        return logs


def _chernoff(table: _Table, alpha: float, *, upper: bool) -> float:
    """The largest (or smallest) r whose tail bound inf_l max_theta E exp(-+ l (T - t)) exceeds alpha."""
    box = _box(table, alpha * _BOX_SHARE)
    seen = np.maximum(table.k, 0.5)
    scale = math.sqrt(float(table.weight**2 @ seen / seen.sum()))
    slopes = np.geomspace(1e-2, 30.0, 25)[:, None] / scale
    if upper and table.total == 0:
        tilt, offset = np.ones((1, len(table.p))), np.zeros(1)  # the limit of large slopes is best
    elif upper:
        tilt, offset = -np.expm1(-slopes * table.weight), slopes[:, 0] * table.total
    else:
        tilt, offset = -np.expm1(np.minimum(slopes * table.weight, 300.0)), -slopes[:, 0] * table.total
    tail = _Tail(table, tilt, box)
    level = math.log(alpha * (1 - _BOX_SHARE))
    low = table.total if upper else float(box[0] @ table.p)
    high = float(box[1] @ table.p) if upper else table.total
    for _ in range(45):
        middle = (low + high) / 2
        if (float(np.min(tail(middle) + offset)) > level) == upper:
            low = middle
        else:
            high = middle
    return high if upper else low


def _gamma(table: _Table, alpha: float, *, upper: bool) -> float:
    """Fay and Feuer (1997, Statistics in Medicine 16, p. 791): gamma limits of weighted Poisson counts."""
    from scipy.special import gammainccinv, gammaincinv

    y, v = table.total, float(table.weight**2 @ table.k)
    if not upper:
        return 0.0 if y == 0 else v / y * float(gammaincinv(y * y / v, alpha))
    most = float(table.weight.max())
    y, v = y + most, v + most**2
    return min(float(table.p.sum()), v / y * float(gammainccinv(y * y / v, alpha)))


def _limit(table: _Table, alpha: float, method: Method, *, upper: bool) -> float:
    if method == "chernoff":
        return _chernoff(table, alpha, upper=upper)
    if method == "gamma":
        return _gamma(table, alpha, upper=upper)
    low, high = _box(table, min(2 * alpha, 0.999))
    return float((high if upper else low) @ table.p)


def stratified_rate(
    strata: Sequence[StratumCount], *, confidence: float = 0.95, method: Method = "chernoff"
) -> Interval:
    """sum_s P_s k_s / n_s with limits and a one-sided upper `bound`, all of the same probability.

    - `chernoff` (default): finite-sample valid whatever the thetas. The tail of the estimate is bounded by
      its moment generating function (Chernoff, 1952), maximised over every allocation of the thetas (as
      Wendell and Schmee, 1996, do with the exact tail) inside a box of simultaneous Clopper-Pearson limits
      that costs a tenth of alpha (Berger and Boos, 1994). Nothing found: about ln(1/alpha) max P_s / n_s.
    - `gamma`: Fay and Feuer (1997), sharper; no proof, no counter-example known; Poisson variances.
    - `wright-sidak`: sum of Clopper-Pearson limits at Sidak's level (Wright, 1991); valid and very wide.

    Draws must be independent inside a stratum and the probabilities exact. Widest where a stratum of large
    P_s has few draws: give such strata more. Raises MeasurementError for a stratum without draws.
    """
    alpha = 1 - check_confidence(confidence)
    table = _table(strata)
    return Interval(
        estimate=table.total,
        lower=_limit(table, alpha / 2, method, upper=False),
        upper=_limit(table, alpha / 2, method, upper=True),
        confidence=confidence,
        method=f"stratified, {method}",
        bound=_limit(table, alpha, method, upper=True),
    )


def allocate_draws(probabilities: Sequence[float], total: int, *, least: int = 30) -> list[int]:
    """How many draws each stratum should get: in proportion to its probability, but at least `least`.

    In proportion, the largest weight P_s / n_s, which rules the upper limit where little is found, is as
    small as it can be; the floor keeps the rare strata measured, each for itself. About `total` draws in all
    (more where the floor alone needs more). Raises MeasurementError without probability or with a floor
    below 1.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 1 or not len(p) or (p < 0).any() or p.sum() <= 0 or least < 1:
        raise MeasurementError(f"{len(p)} strata, at least {least} draws each", expected="probabilities >= 0")
    low, high = 0.0, total / float(p.sum())
    for _ in range(80):
        middle = (low + high) / 2
        if np.maximum(least, middle * p).sum() < total:
            low = middle
        else:
            high = middle
    return [max(least, math.ceil(x - 1e-9)) for x in low * p]
