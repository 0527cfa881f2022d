"""Ratios of totals over clustered data: log-t limits and seeded bootstraps that draw whole clusters."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from holdfast.errors import MeasurementError
from holdfast.stats.interval import Interval, check_confidence

__all__ = ["Resampling", "by_cluster", "ratio_of_totals"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """How limits of a ratio are found.

    `log-t`: linearised variance of the log ratio between clusters, Student's t. `percentile` and `bca`: draw
    clusters with replacement, `repeats` times, from the stream named by `seed`.
    """

    confidence: float = 0.95
    method: Literal["log-t", "percentile", "bca"] = "log-t"
    repeats: int = 2000
    seed: int = 0


def by_cluster(values: FloatArray, clusters: Sequence[Hashable] | None) -> FloatArray:
    """Totals per cluster, shape (clusters, columns), in order of first appearance.

    values: shape (n, columns). clusters: n labels; None: each row is its own cluster.
    Raises MeasurementError where the lengths differ or a value is not finite.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise MeasurementError(
            f"values of shape {table.shape}, not all finite", expected="finite, (n, columns)"
        )
    if clusters is None:
        return table
    if len(clusters) != len(table):
        raise MeasurementError(f"{len(clusters)} cluster labels for {len(table)} rows")
    place: dict[Hashable, int] = {}
    index = [place.setdefault(label, len(place)) for label in clusters]
    totals = np.zeros((len(place), table.shape[1]))
    np.add.at(totals, index, table)
    return totals


def _log_t(totals: FloatArray, powers: FloatArray, confidence: float) -> tuple[float, float, float]:
    """Lower, upper and one-sided upper limit of the log ratio; cluster j's influence is
    u_j = sum_c power_c x_jc / X_c, its variance J/(J-1) sum_j u_j^2 with J - 1 degrees of freedom."""
    from scipy.special import stdtrit

    sums = totals.sum(axis=0)
    count = len(totals)
    influence = (totals / sums) @ powers
    deviation = math.sqrt(count / (count - 1) * float(influence @ influence))
    centre = float(powers @ np.log(sums))
    two, one = (float(stdtrit(count - 1, p)) * deviation for p in ((1 + confidence) / 2, confidence))
    return centre - two, centre + two, centre + one


def _resampled(
    totals: FloatArray, powers: FloatArray, how: Resampling, alternative: str
) -> tuple[float, float]:
    from scipy.stats import bootstrap

    def log_ratio(*columns: Any, axis: int = -1) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = [p * np.log(np.sum(c, axis=axis)) for p, c in zip(powers, columns, strict=True)]
            value = np.sum(logs, axis=0)
        return np.nan_to_num(value, nan=0.0, posinf=700.0, neginf=-700.0)

    found = bootstrap(
        tuple(totals.T),
        log_ratio,
        paired=True,
        vectorized=True,
        n_resamples=how.repeats,
        batch=max(1, 2_000_000 // totals.size),
        confidence_level=how.confidence,
        alternative=alternative,
        method="BCa" if how.method == "bca" else "percentile",
        rng=np.random.default_rng([how.seed, len(totals)]),
    )
    low, high = found.confidence_interval
    return float(low), float(high)


def ratio_of_totals(
    values: FloatArray,
    powers: Sequence[int],
    *,
    clusters: Sequence[Hashable] | None = None,
    how: Resampling | None = None,
) -> Interval:
    """prod_c (total of column c) ** powers[c], with limits that treat clusters as the independent units.

    values: shape (n, columns), >= 0; powers: +1 or -1 per column. (1, -1) is a ratio of two totals;
    (1, -1, -1, 1) the ratio of two costs (T_1 / d_1) / (T_2 / d_2). Rows of one cluster (a family of
    parents) are kept together, which also pairs columns measured on the same cluster.

    Log-t: Taylor linearisation of a ratio between first-stage units (Woodruff, 1971; Cochran, 1977,
    chapter 6), on the log scale, Student's t with clusters - 1 degrees of freedom. Bootstraps: Efron (1979),
    BCa: Efron (1987), by scipy.stats.bootstrap over clusters, on the log scale.

    A column without any total: nothing is claimed (limits 0 and inf). Fewer than two clusters: the same.
    Raises MeasurementError for shapes that do not fit and negative values.
    """
    how = how or Resampling()
    check_confidence(how.confidence)
    totals = by_cluster(values, clusters)
    exponent = np.asarray(powers, dtype=np.float64)
    if totals.shape[1] != len(exponent) or (totals < 0).any():
        raise MeasurementError(f"{totals.shape[1]} columns, {len(exponent)} powers", expected="values >= 0")
    sums = totals.sum(axis=0)
    if len(totals) < 2 or (sums == 0).any():
        top, bottom = (bool((sums[exponent * sign > 0] == 0).any()) for sign in (1, -1))
        value = math.nan if top == bottom else 0.0 if top else math.inf
        method = "no claim: a total of zero, or fewer than two clusters"
        return Interval(estimate=value, lower=0.0, upper=math.inf, confidence=how.confidence, method=method)
    if how.method == "log-t":
        low, high, one_sided = _log_t(totals, exponent, how.confidence)
        method = "clustered log-t"
    else:
        low, high = _resampled(totals, exponent, how, "two-sided")
        one_sided = _resampled(totals, exponent, how, "less")[1]
        method = f"clustered bootstrap ({how.method}, {how.repeats} draws)"
    estimate = math.exp(float(exponent @ np.log(sums)))
    limits = (0.0 if x <= -600 else math.inf if x >= 600 else math.exp(x) for x in (low, high, one_sided))
    lower, upper, bound = limits
    return Interval(
        estimate=estimate, lower=lower, upper=upper, confidence=how.confidence, method=method, bound=bound
    )
