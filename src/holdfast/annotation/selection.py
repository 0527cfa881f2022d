"""What to label first: mildly enriched, with inclusion probabilities kept to get the base rate back.

Systematic sampling in random order (Madow 1949; Hartley and Rao 1962): exactly n snippets, each with exactly
its own probability pi. Totals are estimated by Horvitz and Thompson (1952): sum of y/pi; a rate by the ratio
form (Hajek 1971), with the linearised variance of Poisson sampling, sum of (1 - pi) ((y - rate)/pi)^2 / N^2
(Sarndal, Swensson and Wretman 1992, sections 3.5 and 5.7), if anything too wide where the number is fixed.
The rate is that of the pool that was selected from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from holdfast.data.labels import keyword_pattern
from holdfast.errors import MeasurementError
from holdfast.provenance import stream, stream_seed
from holdfast.types import StoredSnippet

__all__ = [
    "SelectionMix",
    "WeightedRate",
    "inclusion_probabilities",
    "select",
    "weighted_rate",
]


@dataclass(frozen=True, kw_only=True)
class SelectionMix:
    """How the expected number to label is shared out. The uniform part keeps every probability above zero."""

    uniform: float = 0.4
    keyword: float = 0.3
    """To snippets whose completion holds a keyword, alike; to all where there is none."""
    score: float = 0.3
    """By rank of the score, highest first; to all where no scores are given."""

    def __post_init__(self) -> None:
        """Refuse negative parts, and no uniform part."""
        if min(self.uniform, self.keyword, self.score) < 0 or self.uniform <= 0:
            raise ValueError("parts of a selection are not negative, and the uniform part is above 0")


def _shares(
    pool: Sequence[StoredSnippet], keywords: Sequence[str], scores: Sequence[float] | None, mix: SelectionMix
) -> list[float]:
    """Non-negative sizes, summing to 1, that probabilities are made proportional to."""
    n = len(pool)
    total = mix.uniform + mix.keyword + mix.score
    uniform, by_keyword, by_score = mix.uniform / total, mix.keyword / total, mix.score / total
    pattern = keyword_pattern(keywords)
    hits = [bool(pattern and pattern.search(item.snippet.completion.casefold())) for item in pool]
    if not any(hits):
        uniform, by_keyword = uniform + by_keyword, 0.0
    if scores is None:
        uniform, by_score = uniform + by_score, 0.0
    sizes = [uniform / n + (by_keyword / sum(hits) if hit else 0.0) for hit in hits]
    if scores is not None:
        order = sorted(range(n), key=lambda i: (-scores[i], pool[i].id))
        harmonic = math.fsum(1 / (rank + 1) for rank in range(n))
        for rank, i in enumerate(order):
            sizes[i] += by_score / (rank + 1) / harmonic
    return sizes


def inclusion_probabilities(sizes: Sequence[float], n: float) -> list[float]:
    """Probabilities proportional to `sizes`, at most 1 each, that sum to `n` (or to len(sizes), if that is
    less).

    Where proportionality would exceed 1 the probability is 1 and the rest shares what is left, until none
    exceeds.
    """
    if any(size <= 0 or not math.isfinite(size) for size in sizes):
        raise ValueError(
            "sizes are above zero and finite: a snippet that cannot be taken cannot be weighted back"
        )
    if n >= len(sizes):
        return [1.0] * len(sizes)
    certain: set[int] = set()
    while True:
        rest = math.fsum(size for i, size in enumerate(sizes) if i not in certain)
        scale = (n - len(certain)) / rest
        over = {i for i, size in enumerate(sizes) if i not in certain and size * scale >= 1}
        if not over:
            return [1.0 if i in certain else size * scale for i, size in enumerate(sizes)]
        certain |= over


def _systematic(
    pool: Sequence[StoredSnippet], pi: Sequence[float], seed: int, name: str
) -> list[StoredSnippet]:
    """Snippets laid end to end, each as long as its probability, in an order drawn by their ids.

    Taken is the one that lies on each mark, one apart from a random start on: as many as the lengths sum to,
    which is whole, and never one twice, for none is longer than 1.
    """
    order = sorted(range(len(pool)), key=lambda i: stream_seed(seed, "selection", name, pool[i].id))
    mark, reached = stream(seed, "selection", name).random(), 0.0
    taken = []
    for i in order:
        reached += pi[i]
        if reached > mark:
            taken.append(replace(pool[i], inclusion=pi[i]))
            mark += 1
    return taken


def select(
    pool: Sequence[StoredSnippet],
    n: int,
    *,
    seed: int,
    keywords: Sequence[str] = (),
    scores: Sequence[float] | None = None,
    mix: SelectionMix | None = None,
) -> list[StoredSnippet]:
    """`n` snippets of `pool` (all, where it has no more), each with `inclusion` set, in a random order.

    The order is random so that who labels only the first part has labelled a random part of the selection.
    `scores`: one a snippet (logits), higher = more worth labelling; only ranks are used. Raises ValueError
    where their number differs or one is not finite.
    """
    if not pool or n <= 0:
        return []
    if scores is not None and (len(scores) != len(pool) or not all(math.isfinite(x) for x in scores)):
        raise ValueError(f"{len(scores)} scores for {len(pool)} snippets: expected one finite score each")
    sizes = _shares(pool, keywords, scores, mix or SelectionMix())
    return _systematic(pool, inclusion_probabilities(sizes, n), seed, "enriched")


@dataclass(frozen=True, kw_only=True)
class WeightedRate:
    """A base rate got back from an enriched selection."""

    estimate: float
    lower: float
    upper: float
    confidence: float
    count: int
    """Positives among the labelled."""
    trials: int
    """Labelled."""
    population: float
    """Estimated size of the pool, sum of 1/pi."""
    effective: float
    """Kish's effective number of labels, (sum w)^2 / sum w^2."""
    method: str = "Hajek ratio, variance as of Poisson sampling"

    def __str__(self) -> str:
        return (
            f"{self.estimate:.3%} [{self.lower:.3%}, {self.upper:.3%}] at {self.confidence:.0%} "
            f"({self.count:,} of {self.trials:,} labelled, worth {self.effective:,.0f})"
        )


def weighted_rate(
    positive: Sequence[bool], inclusion: Sequence[float], *, confidence: float = 0.95
) -> WeightedRate:
    """P(positive) in the pool that labelled snippets were selected from, weighting each by 1/inclusion.

    The interval is normal on the logit scale, so inside 0 to 1. With no positive its upper end is
    -ln(1 - confidence) times the largest weight over the population: K positives, each taken with at least
    the smallest probability pi, are all missed with a chance of at most exp(-K pi).
    Raises MeasurementError without labels, ValueError for a probability outside (0, 1].
    """
    if not positive:
        raise MeasurementError("no labelled snippet", do="label some first")
    if len(positive) != len(inclusion) or not all(0 < pi <= 1 for pi in inclusion):
        raise ValueError("one inclusion probability in (0, 1] a label")
    weights = [1 / pi for pi in inclusion]
    total = math.fsum(weights)
    rate = math.fsum(w for w, y in zip(weights, positive, strict=True) if y) / total
    variance = math.fsum(
        (1 - pi) * ((y - rate) / pi) ** 2 for y, pi in zip(positive, inclusion, strict=True)
    ) / total**2  # fmt: skip
    effective = total**2 / math.fsum(w * w for w in weights)
    lower, upper = _interval(rate, variance, max(weights) / total, confidence)
    return WeightedRate(
        estimate=rate, lower=lower, upper=upper, confidence=confidence, count=sum(positive),
        trials=len(positive), population=total, effective=effective,
    )  # fmt: skip


def _interval(rate: float, variance: float, heaviest: float, confidence: float) -> tuple[float, float]:
    if rate in (0.0, 1.0):
        far = min(1.0, -math.log(1 - confidence) * heaviest)
        return (0.0, far) if rate == 0.0 else (1 - far, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre, spread = math.log(rate / (1 - rate)), z * math.sqrt(variance) / (rate * (1 - rate))
    return _logistic(centre - spread), _logistic(centre + spread)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
