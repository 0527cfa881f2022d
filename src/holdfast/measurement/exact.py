"""The failure rate by exact strata: each form drawn on purpose and weighted by its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits
from holdfast.stats.binomial import limits
from holdfast.stats.interval import Interval
from holdfast.stats.stratified import StratumCount, stratified_rate
from holdfast.stats.stratified_ratio import StratumPair, stratified_ratio
from holdfast.types import FailureRate, Ratio, Target, Threshold

__all__ = ["StratumDraws", "count_strata", "exact_rate", "exact_ratio", "pair_strata", "with_exact"]

_SHARE = 0.1
"""Part of alpha for the acceptance in the denominator; the failures get the rest."""


@dataclass(frozen=True, kw_only=True)
class StratumDraws:
    """Draws from one stratum: which of them are catastrophic (strict), in the order they were scored."""

    name: str
    probability: float
    """P(stratum) under natural sampling, exact."""
    catastrophic: tuple[bool, ...]


def _split(draws: Sequence[StratumDraws], passed: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    sizes = [len(d.catastrophic) for d in draws]
    if sum(sizes) != len(passed):
        raise MeasurementError(f"{len(passed)} logits for {sum(sizes)} draws", expected="one each, in order")
    parts = np.split(passed, np.cumsum(sizes)[:-1]) if sizes else []
    return [part & np.array(d.catastrophic, dtype=bool) for part, d in zip(parts, draws, strict=True)]


def count_strata(
    draws: Sequence[StratumDraws], logits: ArrayLike, threshold: float | Threshold | Target
) -> list[StratumCount]:
    """Per stratum, how many draws are catastrophic and accepted. logits: of all draws, stratum by stratum.

    Raises MeasurementError where the numbers differ or a logit is not finite.
    """
    failures = _split(draws, accepted(as_logits(logits), threshold))
    return [
        StratumCount(name=d.name, probability=d.probability, draws=len(f), events=int(f.sum()))
        for d, f in zip(draws, failures, strict=True)
    ]


def pair_strata(
    draws: Sequence[StratumDraws],
    before: tuple[ArrayLike, float | Threshold | Target],
    after: tuple[ArrayLike, float | Threshold | Target],
) -> list[StratumPair]:
    """The same draws scored by two targets; each argument is (logits of all draws, threshold)."""
    first = _split(draws, accepted(as_logits(before[0]), before[1]))
    second = _split(draws, accepted(as_logits(after[0]), after[1]))
    return [
        StratumPair(
            name=d.name,
            probability=d.probability,
            draws=len(b),
            both=int((a & b).sum()),
            after_only=int((a & ~b).sum()),
            before_only=int((b & ~a).sum()),
        )
        for d, b, a in zip(draws, first, second, strict=True)
    ]


def exact_rate(
    strata: Sequence[StratumCount], accepted_count: int, natural: int, *, confidence: float = 0.95
) -> Interval:
    """P(catastrophic | accepted) = sum_s P_s theta_s / P(accepted), with one draw a prompt.

    strata: they hold all catastrophic probability of the corpus. accepted_count of `natural` natural snippets
    are accepted: the denominator, Clopper-Pearson at a tenth of alpha; the numerator by `stratified_rate`
    (valid in finite samples) at the rest: together valid by Bonferroni. Raises MeasurementError where nothing
    is accepted.
    """
    alpha = 1 - confidence
    if not accepted_count:
        raise MeasurementError("no natural snippet is accepted", expected="some: the rate is among accepted")
    top = stratified_rate(strata, confidence=1 - alpha * (1 - _SHARE))
    low, high = limits(accepted_count, natural, 1 - alpha * _SHARE)
    share = accepted_count / natural
    return Interval(
        estimate=top.estimate / share,
        lower=top.lower / high,
        upper=min(1.0, top.upper / low),
        confidence=confidence,
        method=f"{top.method}, {len(strata)} strata of exact probability; acceptance by Clopper-Pearson",
        bound=min(1.0, top.bound / low),
    )


def with_exact(result: FailureRate, strata: Sequence[StratumCount]) -> FailureRate:
    """`result` (of natural completions, by `corpus_failure_rate`) with its exact fields filled in."""
    taken = result.acceptance
    found = exact_rate(strata, taken.count, taken.trials, confidence=taken.confidence)
    return replace(
        result,
        exact=found.estimate,
        exact_lower=found.lower,
        exact_upper=found.upper,
        method_exact=found.method,
    )


def exact_ratio(pairs: Sequence[StratumPair], *, population: str, confidence: float = 0.95) -> Ratio:
    """P(catastrophic and accepted), after over before, on the same conditional draws; see
    `stratified_ratio`. Compare targets calibrated to the same acceptance: it is not divided out."""
    found = stratified_ratio(pairs, confidence=confidence)
    return Ratio(
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        bound=found.bound,
        confidence=confidence,
        method=found.method,
        population=population,
        count=sum(p.after.events for p in pairs),
        trials=sum(p.before.events for p in pairs),
    )
