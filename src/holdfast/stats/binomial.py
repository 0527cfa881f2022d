"""Exact limits for a proportion: Clopper and Pearson (1934), and the hypergeometric for a finite pool."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.errors import MeasurementError
from holdfast.stats.interval import check_confidence, check_count
from holdfast.types import Rate

__all__ = ["limits", "lower_limit", "pool_limits", "rate", "upper_limit"]


def upper_limit(count: int, trials: int, alpha: float) -> float:
    """Largest p with P(Bin(trials, p) <= count) >= alpha: one-sided upper limit at level 1 - alpha.

    Clopper and Pearson (1934): the 1 - alpha quantile of Beta(count + 1, trials - count).
    1.0 where count == trials (also for no trials).
    """
    from scipy.special import betainccinv

    check_count(count, trials)
    return 1.0 if count == trials else float(betainccinv(count + 1, trials - count, alpha))


def lower_limit(count: int, trials: int, alpha: float) -> float:
    """Smallest p with P(Bin(trials, p) >= count) >= alpha: one-sided lower limit at level 1 - alpha.

    Clopper and Pearson (1934): the alpha quantile of Beta(count, trials - count + 1). 0.0 where count is 0.
    """
    from scipy.special import betaincinv

    check_count(count, trials)
    return 0.0 if count == 0 else float(betaincinv(count, trials - count + 1, alpha))


def limits(count: int, trials: int, confidence: float) -> tuple[float, float]:
    """Two-sided Clopper-Pearson limits (alpha / 2 on each side), as shares of 1."""
    half = (1 - check_confidence(confidence)) / 2
    return lower_limit(count, trials, half), upper_limit(count, trials, half)


def _first_true(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Smallest whole number in [low, high] for which the monotone `holds` is true; high where none is."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def pool_limits(count: int, trials: int, pool: int, alpha: float) -> tuple[float, float]:
    """One-sided limits, each at level 1 - alpha, for the share K/pool of a finite pool of which `trials`
    were drawn without replacement.

    Lower: the smallest K with P(X >= count) > alpha; upper: the largest K with P(X <= count) > alpha, X
    hypergeometric (Buonaccorsi, 1987). Raises MeasurementError where trials > pool.
    """
    from scipy.stats import hypergeom

    check_count(count, trials)
    if trials > pool:
        raise MeasurementError(f"{trials} drawn from a pool of {pool}", expected="trials <= pool")
    if pool == 0:
        return 0.0, 1.0
    least, most = count, pool - (trials - count)
    low = _first_true(lambda k: bool(hypergeom.sf(count - 1, pool, k, trials) > alpha), least, most)
    above = _first_true(lambda k: bool(hypergeom.cdf(count, pool, k, trials) <= alpha), least, most + 1)
    return low / pool, (above - 1) / pool


def rate(
    count: int, trials: int, *, population: str, confidence: float = 0.95, pool: int | None = None
) -> Rate:
    """A proportion with exact two-sided limits and a one-sided upper bound, both at `confidence`.

    count, trials: whole numbers, 0 <= count <= trials; trials are independent draws with one chance of an
    event (where `pool` is given: draws without replacement from `pool` items, and the limits are of the
    pool's own share). No trials: lower 0, upper and bound 1.

    Sources: Clopper and Pearson (1934, Biometrika 26, p. 404); `pool`: hypergeometric inversion.
    Raises MeasurementError for counts that cannot be.
    """
    check_confidence(confidence)
    check_count(count, trials)
    alpha = 1 - confidence
    if pool is None:
        lower, upper = limits(count, trials, confidence)
        bound = upper_limit(count, trials, alpha)
        method = "Clopper-Pearson"
    else:
        lower, upper = pool_limits(count, trials, pool, alpha / 2)
        bound = pool_limits(count, trials, pool, alpha)[1]
        method = f"hypergeometric, pool of {pool}"
    return Rate(
        count=int(count),
        trials=int(trials),
        lower=lower,
        upper=upper,
        confidence=confidence,
        method=method,
        population=population,
        bound=bound,
    )
