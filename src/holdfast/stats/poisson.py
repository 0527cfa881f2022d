"""Costs and rates of events in a total exposure: the exponential (Poisson) model with right censoring."""

from __future__ import annotations

import math

from holdfast.errors import MeasurementError
from holdfast.stats.binomial import limits
from holdfast.stats.interval import Interval, check_confidence

__all__ = ["mean_cost", "rate_ratio"]


def _check(events: int, exposure: float) -> None:
    if events < 0 or int(events) != events or not math.isfinite(exposure) or exposure < 0:
        raise MeasurementError(
            f"{events!r} events in an exposure of {exposure!r}",
            expected="a whole number >= 0, finite exposure >= 0",
        )
    if events and exposure == 0:
        raise MeasurementError(f"{events} events at no cost", expected="exposure above 0")


def mean_cost(events: int, exposure: float, *, confidence: float = 0.95) -> Interval:
    """Mean exposure (queries, minutes) per event, the censored time of unfinished attempts included.

    Estimate exposure / events, the maximum-likelihood mean under right censoring; limits
    [2T / chi2_{2d+2}(1 - a/2), 2T / chi2_{2d}(a/2)] (Epstein and Sobel, 1953; Cox, 1953). Exact where T is
    fixed in advance, close where each attempt has its own limit. No events: the lower limit is one-sided,
    T / ln(1/a) (T/3.0 at 95 %), and the upper one infinite.

    Raises MeasurementError for negative or non-finite inputs.
    """
    from scipy.special import gammainccinv, gammaincinv

    _check(events, exposure)
    alpha = 1 - check_confidence(confidence)
    if events == 0:
        return Interval(
            estimate=math.inf if exposure else math.nan,
            lower=exposure / math.log(1 / alpha),
            upper=math.inf,
            confidence=confidence,
            method="exponential, no event: one-sided lower limit",
        )
    return Interval(
        estimate=exposure / events,
        lower=exposure / float(gammainccinv(events + 1, alpha / 2)),
        upper=exposure / float(gammaincinv(events, alpha / 2)),
        confidence=confidence,
        method="exponential with censoring",
        bound=exposure / float(gammaincinv(events, alpha)),
    )


def rate_ratio(above: tuple[int, float], below: tuple[int, float], *, confidence: float = 0.95) -> Interval:
    """Ratio of two Poisson rates, (d_1 / T_1) / (d_2 / T_2); each argument is (events, exposure).

    Given d_1 + d_2, d_1 is binomial with share rho T_1 / (rho T_1 + T_2): Clopper-Pearson limits of the
    share, mapped back (Przyborowski and Wilenski, 1940). Exact for Poisson counts; too narrow where events
    come in clusters. No event at all: nan in [0, inf].

    Raises MeasurementError for negative or non-finite inputs or an exposure of 0.
    """
    (d1, t1), (d2, t2) = above, below
    _check(d1, t1)
    _check(d2, t2)
    if not (t1 and t2):
        raise MeasurementError("an exposure of 0", expected="some exposure on both sides")
    low, high = limits(d1, d1 + d2, confidence)

    def to_ratio(share: float) -> float:
        return math.inf if share >= 1 else share / (1 - share) * t2 / t1

    estimate = math.nan if d1 + d2 == 0 else math.inf if d2 == 0 else d1 / t1 / (d2 / t2)
    return Interval(
        estimate=estimate,
        lower=to_ratio(low),
        upper=to_ratio(high),
        confidence=confidence,
        method="exact conditional binomial",
    )
