"""How far people who label the same items agree: never one number alone.

With rare positives raw agreement is near 1 whatever people do; the positive-specific one looks at them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from holdfast.stats.bootstrap import Resampling

__all__ = ["Agreement", "krippendorff_alpha", "measure_agreement"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Over all pairs of people who labelled the same item."""

    items: int
    """Items with at least two people's labels."""
    both: int
    """Pairs in which both say the positive value."""
    one: int
    """Pairs in which one does."""
    neither: int
    alpha: float
    """Krippendorff's alpha, nominal (Krippendorff, 2011); nan if undefined."""
    alpha_lower: float
    alpha_upper: float
    """Percentile bootstrap over items."""
    positive_lower: float
    positive_upper: float
    """The same for `positive`."""
    confidence: float

    @property
    def positive(self) -> float:
        """Positive-specific agreement 2a / (2a + b + c) (Cicchetti and Feinstein, 1990); nan without any."""
        return _positive(self.both, self.one)

    @property
    def raw(self) -> float:
        """Share of pairs that agree on whether it is the positive value."""
        pairs = self.both + self.one + self.neither
        return (self.both + self.neither) / pairs if pairs else math.nan


def _positive(both: float, one: float) -> float:
    return float(2 * both / (2 * both + one)) if both + one else math.nan


def measure_agreement(
    labels: Sequence[Sequence[str]], values: Sequence[str], *, positive: str, how: Resampling
) -> Agreement:
    """Agreement of `labels`, one sequence of values an item; items with fewer than two labels are left out.

    values: what may be said; positive: the rare one that counts. `how`: confidence, repeats and seed of the
    bootstrap, which draws whole items.
    """
    said = [one for one in labels if len(one) > 1]
    counts = np.array([[list(one).count(v) for v in values] for one in said], dtype=np.float64)
    counts = counts.reshape(-1, len(values))
    strict, total = counts[:, list(values).index(positive)], counts.sum(axis=1)
    both, one = strict * (strict - 1) / 2, strict * (total - strict)
    pairs = float((total * (total - 1) / 2).sum())
    tables = _coincidences(counts)
    rng, n = np.random.default_rng(how.seed), len(said)
    alphas, positives = [], []
    for _ in range(how.repeats if n else 0):
        drawn = rng.integers(n, size=n)
        alphas.append(_alpha(tables[drawn].sum(axis=0)))
        positives.append(_positive(float(both[drawn].sum()), float(one[drawn].sum())))
    alpha_lower, alpha_upper = _limits(alphas, how.confidence)
    positive_lower, positive_upper = _limits(positives, how.confidence)
    return Agreement(
        items=n,
        both=int(both.sum()),
        one=int(one.sum()),
        neither=int(pairs - both.sum() - one.sum()),
        alpha=_alpha(tables.sum(axis=0)),
        alpha_lower=alpha_lower,
        alpha_upper=alpha_upper,
        positive_lower=positive_lower,
        positive_upper=positive_upper,
        confidence=how.confidence,
    )


def krippendorff_alpha(labels: Sequence[Sequence[str]], values: Sequence[str]) -> float:
    """Alpha of nominal labels, one sequence of values an item; nan where only one value was given."""
    counts = np.array([[list(one).count(v) for v in values] for one in labels if len(one) > 1])
    return _alpha(_coincidences(counts.reshape(-1, len(values)).astype(np.float64)).sum(axis=0))


def _coincidences(counts: FloatArray) -> FloatArray:
    """Per item: n_c n_k (off the diagonal), n_c (n_c - 1) on it, each over m - 1."""
    tables = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    tables /= np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]
    return tables


def _alpha(coincidences: FloatArray) -> float:
    """1 - observed / expected disagreement of a table of coincidences; nan if only one value was given."""
    margins = coincidences.sum(axis=1)
    n = margins.sum()
    expected = n * n - (margins * margins).sum()
    if n <= 1 or expected <= 1e-9 * n * n:
        return math.nan
    observed = n - coincidences.trace()
    return float(1 - (n - 1) * observed / expected)


def _limits(drawn: Sequence[float], confidence: float) -> tuple[float, float]:
    known = [value for value in drawn if not math.isnan(value)]
    if not known:
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(known, [tail, 1 - tail])
    return float(lower), float(upper)
