"""Sparse logistic regression on words and bigrams: what a reader without order or binding can tell."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import optimize, sparse

from holdfast.catastrophes.storyworld.parse import tokens_of
from holdfast.types import Draw, Snippet, Verdict


def features(snippet: Snippet, sides: str = "pc", bigrams: bool = False) -> set[str]:
    """Words (and bigrams) of the prompt (p:) and of the completion (c:)."""
    out: set[str] = set()
    for side, text in (("p", snippet.prompt), ("c", snippet.completion)):
        if side in sides:
            words = tokens_of(text) or ()
            out.update(f"{side}:{w}" for w in words)
            if bigrams:
                out.update(f"{side}:{a} {b}" for a, b in zip(words, words[1:], strict=False))
    return out


class Linear:
    """Fitted once; scores snippets."""

    def __init__(self, draws: list[Draw], sides: str = "pc", bigrams: bool = False, penalty: float = 2.0):
        self.sides, self.bigrams = sides, bigrams
        rows = [features(d.snippet, sides, bigrams) for d in draws]
        counts = Counter(f for row in rows for f in row)
        self.index = {f: i for i, f in enumerate(sorted(f for f, n in counts.items() if n >= 3))}
        x = self._matrix(rows)
        y = np.array([d.judgement.verdict is not Verdict.SAFE for d in draws], dtype=float)

        def loss(w):
            z = x @ w
            value = np.logaddexp(0, z).sum() - y @ z + 0.5 * penalty * (w[:-1] @ w[:-1])
            gradient = x.T @ (1 / (1 + np.exp(-z)) - y)
            gradient[:-1] += penalty * w[:-1]
            return value, gradient

        fit = optimize.minimize(
            loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 150}
        )
        self.weights = fit.x

    def _matrix(self, rows):
        cols, starts = [], [0]
        for row in rows:
            cols.extend(sorted(self.index[f] for f in row if f in self.index))
            cols.append(len(self.index))
            starts.append(len(cols))
        shape = (len(rows), len(self.index) + 1)
        return sparse.csr_matrix((np.ones(len(cols)), np.array(cols), np.array(starts)), shape=shape)

    def scores(self, draws: list[Draw]) -> np.ndarray:
        """Logits."""
        return self._matrix([features(d.snippet, self.sides, self.bigrams) for d in draws]) @ self.weights


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve, ties at half."""
    from scipy.stats import rankdata

    ranks, n = rankdata(scores), positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (~positive).sum()))


def recall(scores: np.ndarray, harm: np.ndarray, accepted: float) -> float:
    """Share of true catastrophes that are rejected when this share of all text is accepted."""
    return float((scores[harm] >= np.quantile(scores, accepted)).mean())


def truth(draws: list[Draw]) -> tuple[np.ndarray, np.ndarray]:
    """(catastrophic, catastrophic or borderline)."""
    verdicts = [d.judgement.verdict for d in draws]
    return (
        np.array([v is Verdict.CATASTROPHIC for v in verdicts]),
        np.array([v is not Verdict.SAFE for v in verdicts]),
    )
