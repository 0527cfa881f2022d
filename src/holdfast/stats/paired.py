"""Two proportions on the same items: McNemar's exact test and limits of the difference."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from holdfast.errors import MeasurementError
from holdfast.stats.interval import Interval, check_confidence, check_count

__all__ = ["clustered_difference", "mcnemar", "paired_difference"]


def mcnemar(first_only: int, second_only: int) -> float:
    """Two-sided exact p-value that both proportions are equal, from the discordant pairs alone.

    Given their number m, `first_only` is Bin(m, 1/2): p = min(1, 2 P(X <= min)) (McNemar, 1947; exact form:
    Cochran, 1950). No discordant pair: 1.
    """
    from scipy.special import bdtr

    total = first_only + second_only
    check_count(first_only, total)
    return 1.0 if total == 0 else min(1.0, 2 * float(bdtr(min(first_only, second_only), total, 0.5)))


def _score(delta: float, b: int, c: int, n: int) -> float:
    """Tango's statistic at difference `delta`: decreasing in delta, N(0, 1) at the truth."""
    a2, a1 = 2.0 * n, -b - c + (2.0 * n - b + c) * delta
    a0 = -c * delta * (1 - delta)
    q21 = (math.sqrt(max(0.0, a1 * a1 - 4 * a2 * a0)) - a1) / (2 * a2)
    variance = n * (2 * q21 + delta * (1 - delta))
    top = b - c - n * delta
    if variance <= 0:
        return 0.0 if top == 0 else math.copysign(math.inf, top)
    return top / math.sqrt(variance)


def paired_difference(first_only: int, second_only: int, pairs: int, *, confidence: float = 0.95) -> Interval:
    """P(first) - P(second) on the same `pairs` independent items, of which `first_only` were positive under
    the first condition only and `second_only` under the second only.

    Tango's score limits (1998, Statistics in Medicine 17, p. 891): solve z(delta) = +-z by bisection; with no
    discordant pair +-z^2 / (n + z^2). Asymptotic, coverage tested from 30 pairs on; pairs must be independent
    (else `clustered_difference`). No pairs: nan in [-1, 1].
    """
    from scipy.special import ndtri

    check_confidence(confidence)
    check_count(first_only + second_only, pairs)
    check_count(first_only, pairs)
    method = "Tango score, paired"
    if pairs == 0:
        return Interval(estimate=math.nan, lower=-1.0, upper=1.0, confidence=confidence, method=method)
    z = float(ndtri((1 + confidence) / 2))
    estimate = (first_only - second_only) / pairs

    def solve(level: float, low: float, high: float) -> float:
        for _ in range(80):
            middle = (low + high) / 2
            if _score(middle, first_only, second_only, pairs) > level:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    return Interval(
        estimate=estimate,
        lower=solve(z, -1.0, estimate),
        upper=solve(-z, estimate, 1.0),
        confidence=confidence,
        method=method,
    )


def clustered_difference(
    differences: Sequence[float], clusters: Sequence[Hashable], *, confidence: float = 0.95
) -> Interval:
    """Mean of per-item differences (-1, 0 or 1) where items of one cluster depend on each other.

    Mean sum_j D_j / sum_j n_j; linearised variance J/(J-1) sum_j (D_j - mean n_j)^2 / n^2 (Cochran, 1977,
    chapter 9A), Student's t with J - 1 degrees of freedom; widened to Tango's score limits where those reach
    further (few discordant items, whose skewness the t limits miss). Limits within [-1, 1].
    Raises MeasurementError below two clusters.
    """
    import numpy as np
    from scipy.special import stdtrit

    from holdfast.stats.bootstrap import by_cluster

    check_confidence(confidence)
    column = np.asarray(differences, dtype=np.float64)
    totals = by_cluster(np.column_stack([column, np.ones_like(column)]), clusters)
    if len(totals) < 2:
        raise MeasurementError(f"{len(totals)} clusters", expected="at least two")
    sums = totals.sum(axis=0)
    mean = float(sums[0] / sums[1])
    residual = totals[:, 0] - mean * totals[:, 1]
    count = len(totals)
    deviation = math.sqrt(count / (count - 1) * float(residual @ residual)) / float(sums[1])
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * deviation
    gained, lost = int((column > 0).sum()), int((column < 0).sum())
    score = paired_difference(gained, lost, len(column), confidence=confidence)
    return Interval(
        estimate=mean,
        lower=max(-1.0, min(mean - half, score.lower)),
        upper=min(1.0, max(mean + half, score.upper)),
        confidence=confidence,
        method="clustered t, or Tango score where wider",
    )
