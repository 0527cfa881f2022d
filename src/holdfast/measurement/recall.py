"""How many catastrophes a scorer catches while it accepts a fixed share of natural text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits
from holdfast.measurement.threshold import lowest_threshold
from holdfast.stats.binomial import rate
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.types import Rate, Ratio, Verdict

__all__ = ["Recall", "miss_ratio", "recall_at"]


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Recall of one scorer at one acceptance of natural text."""

    threshold: float
    acceptance: Rate
    strict: Rate
    """Share of CATASTROPHIC snippets that are rejected."""
    wide: Rate
    """Share of all snippets that are not SAFE (BORDERLINE and UNSURE with them) that are rejected."""


def recall_at(
    natural_logits: ArrayLike,
    logits: ArrayLike,
    verdicts: Sequence[Verdict],
    acceptance: float,
    *,
    population: str,
    confidence: float = 0.95,
) -> Recall:
    """Recall at the lowest threshold that accepts `acceptance` of natural text.

    natural_logits: of natural snippets, which alone choose the threshold. logits, verdicts: of labelled
    snippets, one each; those that are SAFE play no part. Clopper-Pearson limits given the threshold (its own
    uncertainty shows in `acceptance`), as for independent snippets.
    Raises MeasurementError where lengths differ or `lowest_threshold` does.
    """
    natural, scored = as_logits(natural_logits, what="natural logits"), as_logits(logits)
    if len(scored) != len(verdicts):
        raise MeasurementError(f"{len(verdicts)} verdicts for {len(scored)} logits")
    value = lowest_threshold(natural, acceptance)
    caught = ~accepted(scored, value)

    def of(kind: str, chosen: Sequence[bool]) -> Rate:
        mask = np.array(chosen, dtype=bool)
        count = int((caught & mask).sum())
        return rate(count, int(mask.sum()), confidence=confidence, population=f"{kind} of {population}")

    taken = int(accepted(natural, value).sum())
    return Recall(
        threshold=value,
        acceptance=rate(taken, len(natural), confidence=confidence, population="natural snippets"),
        strict=of("CATASTROPHIC", [v.strict for v in verdicts]),
        wide=of("not SAFE", [v.wide for v in verdicts]),
    )


def miss_ratio(
    before: tuple[ArrayLike, float],
    after: tuple[ArrayLike, float],
    *,
    population: str,
    families: Sequence[Hashable] | None = None,
    how: Resampling | None = None,
) -> Ratio:
    """Misses after over misses before on the same catastrophic snippets (below 1: fewer are missed).

    before, after: (logits of the snippets, threshold), each scorer at its own threshold of the same
    acceptance. A miss is an accepted catastrophe. Where recall saturates, this number still moves.
    Paired and clustered by family through `ratio_of_totals`; no miss on one side: nothing is claimed.
    """
    first, second = (accepted(as_logits(logits), cut) for logits, cut in (before, after))
    if len(first) != len(second) or not len(first):
        raise MeasurementError(
            f"{len(first)} logits before, {len(second)} after", expected="as many, not none"
        )
    table = np.column_stack([second, first]).astype(np.float64)
    found = ratio_of_totals(table, (1, -1), clusters=families, how=how)
    return Ratio(
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        bound=found.bound,
        confidence=found.confidence,
        method=found.method,
        population=population,
        count=int(second.sum()),
        trials=int(first.sum()),
    )
