"""How much rarer failures became: the ratio of two stratified rates scored on the same conditional draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.errors import MeasurementError
from holdfast.stats.interval import Interval, check_confidence
from holdfast.stats.stratified import StratumCount, stratified_rate

__all__ = ["StratumPair", "stratified_ratio"]


@dataclass(frozen=True, kw_only=True)
class StratumPair:
    """One stratum's draws, each scored by both classifiers: events under both, or under one only."""

    name: str
    probability: float
    draws: int
    both: int
    after_only: int
    before_only: int

    @property
    def after(self) -> StratumCount:
        """The count of the classifier in the numerator."""
        return StratumCount(
            name=self.name,
            probability=self.probability,
            draws=self.draws,
            events=self.both + self.after_only,
        )

    @property
    def before(self) -> StratumCount:
        """The count of the classifier in the denominator."""
        return StratumCount(
            name=self.name,
            probability=self.probability,
            draws=self.draws,
            events=self.both + self.before_only,
        )


def _correlation(pairs: Sequence[StratumPair]) -> float:
    """Of the two weighted totals, shrunk by one event of the largest weight on each side."""
    weights = [(p, (p.probability / p.draws) ** 2) for p in pairs]
    most = max(w for _, w in weights)
    shared = sum(w * p.both for p, w in weights)
    after = most + sum(w * p.after.events for p, w in weights)
    before = most + sum(w * p.before.events for p, w in weights)
    return shared / math.sqrt(after * before) if shared else 0.0


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that is >= 0 at `low` turns negative below `high`, by bisection."""
    for _ in range(100):
        middle = (low + high) / 2
        if function(middle) >= 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _upper(a: Interval, b: Interval, a_high: float, b_low: float, rho: float) -> float:
    """R above the estimate with a - R b + sqrt(...) = 0; inf where the lower limit of b is 0."""
    if b_low <= 0:
        return math.inf
    up, down = a_high - a.estimate, b.estimate - b_low

    def distance(r: float) -> float:
        spread = up * up + (r * down) ** 2 - 2 * rho * r * up * down
        return a.estimate - r * b.estimate + math.sqrt(max(0.0, spread))

    high = max(1.0, a.estimate / b.estimate)
    while distance(high) >= 0:
        high *= 2
        if high > 1e12:
            return math.inf
    return _root(distance, a.estimate / b.estimate, high)


def _lower(a: Interval, b: Interval, rho: float) -> float:
    """R below the estimate with a - R b - sqrt(...) = 0."""
    down, up = a.estimate - a.lower, b.upper - b.estimate

    def distance(r: float) -> float:
        spread = down * down + (r * up) ** 2 - 2 * rho * r * up * down
        return a.estimate - r * b.estimate - math.sqrt(max(0.0, spread))

    return _root(distance, 0.0, a.estimate / b.estimate)


def stratified_ratio(pairs: Sequence[StratumPair], *, confidence: float = 0.95) -> Interval:
    """Ratio of two stratified rates, after / before, of classifiers that scored the same draws.

    MOVER for a ratio (Donner and Zou, 2012; Zou and Donner, 2008): gamma limits of either rate (Fay and
    Feuer, 1997) joined through the correlation of the two totals, so that failures common to both cancel.
    Approximate; coverage tested by simulation with rare strata. `bound` is the one-sided upper limit.

    No event before: nothing is claimed (nan in [0, inf]). No event after: 0, with a finite upper limit where
    the rate before is above zero with confidence. Raises MeasurementError for counts that do not add up.
    """
    check_confidence(confidence)
    for p in pairs:
        if min(p.both, p.after_only, p.before_only) < 0 or p.both + p.after_only + p.before_only > p.draws:
            raise MeasurementError(f"stratum {p.name!r}: more events than its {p.draws} draws")
    after = stratified_rate([p.after for p in pairs], confidence=confidence, method="gamma")
    before = stratified_rate([p.before for p in pairs], confidence=confidence, method="gamma")
    if before.estimate == 0:
        return Interval(
            estimate=math.nan if after.estimate == 0 else math.inf,
            lower=0.0,
            upper=math.inf,
            confidence=confidence,
            method="no claim: no event before",
        )
    rho = _correlation([p for p in pairs if p.probability > 0])
    wide = 2 * confidence - 1
    one_sided = (
        stratified_rate([p.before for p in pairs], confidence=wide, method="gamma").lower
        if wide > 0.5
        else before.lower
    )
    return Interval(
        estimate=after.estimate / before.estimate,
        lower=_lower(after, before, rho) if after.estimate > 0 else 0.0,
        upper=_upper(after, before, after.upper, before.lower, rho),
        confidence=confidence,
        method="stratified, paired: MOVER ratio of gamma limits",
        bound=_upper(after, before, after.bound, one_sided, rho),
    )
