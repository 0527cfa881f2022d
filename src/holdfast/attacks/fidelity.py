"""How well a saliency map orders words by what experiments say: rank correlation over many texts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

from holdfast.attacks.positions import Saliency, places, tokens_at
from holdfast.attacks.saliency import (
    SIDES,
    EmbeddingDifferentiable,
    Score,
    offered,
    saliency_map,
)
from holdfast.edits.scoring import score_safely
from holdfast.edits.text import apply
from holdfast.errors import InputError, MeasurementError, UnknownNameError, closest
from holdfast.protocols import Proposer, Scorer
from holdfast.stats import Interval, Resampling, ratio_of_totals
from holdfast.types import SaliencyMap, Snippet

__all__ = ["Change", "Fidelity", "compare_methods", "fidelity", "true_changes"]

Change = Literal["deletion", "mask", "substitution"]
"""What is done to a word: deleted, its embeddings made neutral, replaced by its best substitute."""

LEAST = 8
"""Texts below which nothing is claimed."""
_WORDS = 3
"""Words below which a text has no order to speak of."""
_ROWS = 64


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Mean over texts of Spearman's rank correlation between a map and the true changes of the logit."""

    method: str
    """The map's."""
    change: str
    """What was done to the words; empty where the caller did not say."""
    interval: Interval
    """Estimate and limits, in [-1, 1]; families of texts are the independent units."""
    texts: int
    """Texts that had a correlation."""
    skipped: int
    """Texts with fewer than three words in common, or whose true changes are all the same."""

    @property
    def estimate(self) -> float:
        """The mean correlation."""
        return self.interval.estimate


def fidelity(
    maps: Sequence[SaliencyMap],
    changes: Sequence[Saliency],
    *,
    families: Sequence[Hashable] | None = None,
    how: Resampling | None = None,
    least: int = LEAST,
    magnitude: bool = False,
) -> Fidelity:
    """Mean Spearman correlation of map i with changes i over the words that both have.

    A map that is the same everywhere orders nothing and counts as 0. `families`: one label a text (None: each
    its own); `how`: limits as in `stats.ratio_of_totals`, of the mean of (1 + rho) / 2, mapped back.
    `magnitude`: against the size of the change, which is all that an unsigned map can claim. Raises
    MeasurementError where the lengths differ, methods are mixed, or fewer than `least` texts remain.
    """
    methods = {found.method for found in maps}
    if len(maps) != len(changes) or len(methods) > 1 or (families and len(families) != len(maps)):
        raise MeasurementError(
            f"{len(maps)} maps by {sorted(methods)}, {len(changes)} texts with true changes",
            expected="one of each a text, by one method, with one family each",
        )
    found = [_correlation(m, c, magnitude) for m, c in zip(maps, changes, strict=True)]
    kept = [(rho, i) for i, rho in enumerate(found) if not math.isnan(rho)]
    if len(kept) < max(least, 2):
        raise MeasurementError(
            f"{len(kept)} of {len(maps)} texts have a correlation", expected=f"at least {max(least, 2)}"
        )
    labels = [families[i] for _, i in kept] if families else None
    return Fidelity(
        method=methods.pop(),
        change="",
        interval=_mean([rho for rho, _ in kept], labels, how or Resampling()),
        texts=len(kept),
        skipped=len(maps) - len(kept),
    )


def _correlation(found: SaliencyMap, change: Saliency, magnitude: bool) -> float:
    """Spearman's rho, ties at mid-ranks; nan where there is nothing to order, 0 where the map does not."""
    from scipy.stats import spearmanr

    true = {(side, start, stop): value for side, start, stop, value in change}
    pairs = [(v, true[s, a, b]) for s, a, b, v in found.words if (s, a, b) in true]
    ours, theirs = [v for v, _ in pairs], [abs(t) if magnitude else t for _, t in pairs]
    if len(pairs) < _WORDS or len(set(theirs)) == 1:
        return math.nan
    return 0.0 if len(set(ours)) == 1 else float(spearmanr(ours, theirs)[0])


def _mean(values: list[float], clusters: Sequence[Hashable] | None, how: Resampling) -> Interval:
    """Mean of correlations as a ratio of totals over clusters: (1 + rho) / 2 is never negative."""
    import numpy as np

    table = np.array([[(1 + rho) / 2, 1.0] for rho in values], dtype=np.float64).clip(min=0.0)
    found = ratio_of_totals(table, (1, -1), clusters=clusters, how=how)

    def back(x: float) -> float:
        return min(1.0, 2 * x - 1)

    return replace(
        found,
        estimate=back(found.estimate),
        lower=back(found.lower),
        upper=back(found.upper),
        bound=back(found.bound),
        method=f"mean of correlations, {found.method}",
    )


def true_changes(
    snippet: Snippet,
    target: Scorer,
    change: Change = "deletion",
    *,
    score: Score | None = None,
    proposer: Proposer | None = None,
    n: int = 16,
) -> Saliency:
    """Per word, logit now minus logit with the change made, by exact scores.

    `substitution`: the lowest logit of up to `n` substitutes by `proposer` counts. Words that cannot be
    changed or scored are left out. Raises InputError where the change needs what is not there.
    """
    ask = score or partial(score_safely, target)
    if change == "deletion":
        return list(saliency_map(snippet, target, "deletion", score=ask).words)
    if change == "mask":
        return _masked(snippet, target)
    if change not in get_args(Change):
        raise UnknownNameError(f"change {change!r}", expected=closest(change, list(get_args(Change))))
    if proposer is None:
        raise InputError("substitution needs a proposer", do="give one, or use change 'deletion'")
    return _substituted(snippet, ask, proposer, n)


def _substituted(snippet: Snippet, ask: Score, proposer: Proposer, n: int) -> Saliency:
    found = places(snippet, SIDES, insertions=False)
    lists = [proposer.propose(snippet, p.side, p.start, p.stop, n, seed=0) for p in found]
    texts = [[apply(snippet, e) for e in edits if e.operation == "substitute"] for edits in lists]
    logits = iter(ask([snippet, *(text for row in texts for text in row)]))
    base = next(logits)
    changes: Saliency = []
    for place, row in zip(found, texts, strict=True):
        scored = [z for z in (next(logits) for _ in row) if math.isfinite(base - z)]
        if scored:
            changes.append((place.side, place.start, place.stop, base - min(scored)))
    return changes


def _masked(snippet: Snippet, target: Scorer) -> Saliency:
    import torch

    if not isinstance(target, EmbeddingDifferentiable):
        raise InputError(f"{type(target).__name__} cannot be asked for masked words", do="use 'deletion'")
    vectors = target.embed(target.encoder.encode([snippet])[0].ids)
    spans = target.encoder.spans(snippet)
    neutral = target.neutral()
    kept, rows = [], [vectors]
    for place in places(snippet, SIDES, insertions=False):
        own = tokens_at(spans, (place.side, place.start, place.stop))
        if own:
            row = vectors.clone()
            row[own] = neutral
            kept.append(place)
            rows.append(row)
    with torch.no_grad():
        logits = [
            float(z)
            for begin in range(0, len(rows), _ROWS)
            for z in target.embedding_logits(snippet, torch.stack(rows[begin : begin + _ROWS]))
        ]
    return [
        (p.side, p.start, p.stop, logits[0] - z)
        for p, z in zip(kept, logits[1:], strict=True)
        if math.isfinite(logits[0] - z)
    ]


def compare_methods(
    target: Scorer,
    snippets: Sequence[Snippet],
    *,
    change: Change = "deletion",
    proposer: Proposer | None = None,
    families: Sequence[Hashable] | None = None,
    least: int = LEAST,
) -> list[Fidelity]:
    """The fidelity of every map that `target` can give, the best first: which one to show for this model.

    Left out are `deletion` where it is the truth itself, and what is not installed. Raises MeasurementError
    as `fidelity` does.
    """
    changes = [true_changes(s, target, change, proposer=proposer) for s in snippets]
    rows = []
    for name in offered(target):
        if (name, change) != ("deletion", "deletion"):
            maps = [saliency_map(s, target, name) for s in snippets]
            found = fidelity(maps, changes, families=families, least=least)
            rows.append(replace(found, change=change))
    return sorted(rows, key=lambda row: -row.estimate)
