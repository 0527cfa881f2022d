"""Logistic regression on words and bigrams: the baseline that reading has to beat.

Features are binary indicators of lower-cased words and adjacent word pairs, with the side (prompt or
completion) in their name; the L2 strength is chosen on a validation set by area under the curve.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from holdfast.types import Snippet

__all__ = ["LinearScorer", "auc", "fit_linear"]

FloatArray = NDArray[np.float64]
WORD = re.compile(r"[a-z']+|[0-9]+|[^\sa-z0-9]")


def features(snippet: Snippet, sides: Sequence[str], bigrams: bool) -> set[str]:
    """Names of the features that are on."""
    found = set()
    for side in sides:
        words = WORD.findall(getattr(snippet, side).lower())
        found |= {f"{side[0]}:{w}" for w in words}
        if bigrams:
            found |= {f"{side[0]}:{a} {b}" for a, b in zip(words, words[1:], strict=False)}
    return found


@dataclass(frozen=True)
class LinearScorer:
    """A fitted model; implements `holdfast.protocols.Scorer`."""

    name: str
    vocabulary: dict[str, int]
    weights: FloatArray
    sides: tuple[str, ...]
    bigrams: bool

    def score(self, snippets: Sequence[Snippet]) -> FloatArray:
        """Logits, shape (n,)."""
        counts = _matrix(snippets, self.vocabulary, self.sides, self.bigrams)
        found: FloatArray = counts @ self.weights[:-1] + self.weights[-1]
        return found


def _matrix(
    snippets: Sequence[Snippet], vocabulary: dict[str, int], sides: Sequence[str], bigrams: bool
) -> csr_matrix:
    indices: list[int] = []
    starts = [0]
    for snippet in snippets:
        indices += sorted(vocabulary[f] for f in features(snippet, sides, bigrams) if f in vocabulary)
        starts.append(len(indices))
    data = np.ones(len(indices))
    return csr_matrix((data, indices, starts), shape=(len(snippets), len(vocabulary)))


def auc(logits: FloatArray, labels: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties counted half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    ranks = rankdata(logits)
    positive = int(labels.sum())
    negative = len(labels) - positive
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _fit(x: csr_matrix, y: FloatArray, weights: FloatArray, l2: float) -> FloatArray:
    total = weights.sum()

    def objective(w: FloatArray) -> tuple[float, FloatArray]:
        margin = x @ w[:-1] + w[-1]
        loss = (weights * (np.logaddexp(0, margin) - y * margin)).sum() / total + l2 / 2 * (w[:-1] @ w[:-1])
        residual = weights * (expit(margin) - y) / total
        return loss, np.append(x.T @ residual + l2 * w[:-1], residual.sum())

    found: FloatArray = minimize(
        objective, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    ).x
    return found


def fit_linear(
    train: Sequence[tuple[Snippet, bool]],
    validation: Sequence[tuple[Snippet, bool]],
    *,
    sides: tuple[str, ...],
    bigrams: bool,
    minimum: int = 2,
) -> LinearScorer:
    """Fit with several L2 strengths, classes weighted equally, and keep the best on `validation`."""
    counts: Counter[str] = Counter()
    for snippet, _ in train:
        counts.update(features(snippet, sides, bigrams))
    vocabulary = {f: i for i, f in enumerate(sorted(f for f, c in counts.items() if c >= minimum))}
    x = _matrix([s for s, _ in train], vocabulary, sides, bigrams)
    y = np.array([label for _, label in train], dtype=np.float64)
    weights = np.where(y > 0, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    held = [s for s, _ in validation]
    truth = np.array([label for _, label in validation])
    name = f"{'words and bigrams' if bigrams else 'words'}, {' and '.join(sides)}"
    best: tuple[float, LinearScorer] | None = None
    for l2 in (1e-6, 1e-5, 1e-4, 1e-3):
        scorer = LinearScorer(name, vocabulary, _fit(x, y, weights, l2), sides, bigrams)
        quality = auc(scorer.score(held), truth)
        if best is None or quality > best[0]:
            best = (quality, scorer)
    assert best is not None
    return best[1]
