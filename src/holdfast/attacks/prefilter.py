"""Which prefilter orders the substitutes of a model's words best: exact scores saved, measured on many texts.

A prefilter says which of many proposals deserve an exact score. Here all of them are scored, and each
prefilter is asked how soon its order would have come to the best.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from typing import cast

from holdfast.attacks.closely import guessed_changes, masked_at
from holdfast.attacks.firstorder import (
    Look,
    Place,
    TokenDifferentiable,
    WordVectors,
    estimates,
    look,
)
from holdfast.attacks.menu import Proposal
from holdfast.attacks.positions import places
from holdfast.attacks.saliency import SIDES, EmbeddingDifferentiable
from holdfast.edits.scoring import score_safely
from holdfast.edits.text import apply
from holdfast.errors import MeasurementError
from holdfast.protocols import DifferentiableClassifier, Proposer, Scorer
from holdfast.provenance import stream
from holdfast.stats import Interval, Resampling, ratio_of_totals
from holdfast.types import Edit, Snippet

__all__ = ["CUTS", "NEAR", "Prefilter", "compare_prefilters"]

CUTS = {"text": (16, 64), "word": (8, 16, 30)}
"""Exact scores granted: to all words of a text together, to one word."""
NEAR = 0.9
"""Share of the best drop of the logit that is near enough."""
LEAST = 8
"""Texts below which nothing is claimed."""
_SHUFFLES = 20
"""Random orders averaged over."""

Guesses = list[float | None]
"""Guessed changes of the logit; the lowest is tried first. None: tried last."""


@dataclass(frozen=True, kw_only=True)
class Prefilter:
    """How soon one prefilter comes to the best of the proposals. Means over texts; families are the units."""

    prefilter: str
    """`random`, `token` (gradient at the word), `mask` (where a new word stands masked instead), `both` (the
    mean of these two, as in menus)."""
    scope: str
    """`text`: the proposals for all words compete; `word`: those for each word by itself."""
    texts: int
    """Texts with a proposal that lowers the logit."""
    skipped: int
    """Texts without one."""
    proposals: float
    """Proposals ordered at once, on average."""
    needed: Interval
    """Exact scores until the drop of the logit is at least `NEAR` of the best there is."""
    middle: float
    """The median of the same over texts."""
    kept: tuple[tuple[int, Interval], ...]
    """(exact scores granted, share of the best drop that they find), as in `CUTS`."""
    gradients: float
    """Gradients taken a text, on average; each costs 3 queries."""


@dataclass(frozen=True)
class _Case:
    """One list of proposals, all scored, with what each prefilter guesses."""

    drops: list[float]
    """Logit now minus logit after."""
    guesses: dict[str, Guesses]


def compare_prefilters(  # noqa: PLR0913
    target: Scorer,
    snippets: Sequence[Snippet],
    proposer: Proposer,
    *,
    words: int = 8,
    proposals: int = 40,
    families: Sequence[Hashable] | None = None,
    how: Resampling | None = None,
    seed: int = 0,
) -> list[Prefilter]:
    """Every prefilter that `target` allows, in both scopes.

    On up to `proposals` substitutes of each of `words` random words of each text.

    A target without token gradients has `random` only. Limits: ratio of totals over families, as
    `stats.ratio_of_totals` makes them, cut to [0, 1] for shares. Raises MeasurementError where fewer than
    `LEAST` texts have a proposal that lowers the logit.
    """
    labels: list[Hashable] = list(families) if families else list(range(len(snippets)))
    if len(labels) != len(snippets):
        raise MeasurementError(f"{len(labels)} families of {len(snippets)} texts", expected="one a text")
    names = ["random", *_offered(target)]
    cases = [_cases(s, target, proposer, words, proposals, stream(seed, "prefilter", s.id)) for s in snippets]
    rows = []
    for scope in CUTS:
        for name in names:
            rows.append(_row(name, scope, cases, labels, how or Resampling(), seed))
    return rows


def _offered(target: Scorer) -> list[str]:
    """The prefilters besides chance."""
    found: list[str] = []
    if isinstance(target, TokenDifferentiable) and isinstance(target, DifferentiableClassifier):
        found.append("token")
        if isinstance(target, EmbeddingDifferentiable):
            found += ["mask", "both"]
    return found


def _cases(
    snippet: Snippet, target: Scorer, proposer: Proposer, n_words: int, n: int, rng: Random
) -> list[_Case]:
    """One case a word, of those that have a substitute which can be scored."""
    found = places(snippet, SIDES, insertions=False)
    chosen = rng.sample(found, min(n_words, len(found)))
    lists: list[tuple[Place, list[Edit]]] = []
    for word in chosen:
        edits = proposer.propose(snippet, word.side, word.start, word.stop, n, seed=0)
        lists.append(((word.side, word.start, word.stop), [e for e in edits if e.operation == "substitute"]))
    logits = iter(
        score_safely(target, [snippet, *(apply(snippet, edit) for _, edits in lists for edit in edits)])
    )
    base = next(logits)
    marks, vectors = _looked(snippet, target)
    cases = []
    for place, edits in lists:
        drops = [base - next(logits) for _ in edits]
        guesses: dict[str, Guesses] = {}
        if vectors is not None:
            guesses["token"] = estimates(marks, edits, vectors)
            if isinstance(target, EmbeddingDifferentiable):
                guesses |= _closely(target, snippet, (place, edits), marks, vectors, base)
        kept = [i for i, drop in enumerate(drops) if math.isfinite(drop)]
        if kept:
            cases.append(
                _Case([drops[i] for i in kept], {k: [g[i] for i in kept] for k, g in guesses.items()})
            )
    return cases


def _closely(  # noqa: PLR0913
    target: EmbeddingDifferentiable,
    snippet: Snippet,
    case: tuple[Place, list[Edit]],
    marks: Look,
    vectors: WordVectors,
    base: float,
) -> dict[str, Guesses]:
    """Guessed changes by a gradient where a word of the place is masked: alone, and with the text's own."""
    place, edits = case
    masked = masked_at(target, snippet, place, edits)
    if masked is None:
        return {name: [None] * len(edits) for name in ("mask", "both")}
    found = [Proposal(edit, place, (edit,), worded=True) for edit in edits]
    return {
        name: guessed_changes(found, given, masked, vectors, base)
        for name, given in (("mask", []), ("both", marks))
    }


def _looked(snippet: Snippet, target: Scorer) -> tuple[Look, WordVectors | None]:
    """The text under one gradient, where the target gives one."""
    if "token" not in _offered(target):
        return [], None
    marks, matrix = look(cast(DifferentiableClassifier, target), snippet)
    return marks, WordVectors(cast(TokenDifferentiable, target), matrix)


def _together(cases: Sequence[_Case]) -> list[_Case]:
    """The cases of one text as a single one."""
    if not cases:
        return []
    names = cases[0].guesses
    return [
        _Case(
            [drop for case in cases for drop in case.drops],
            {name: [g for case in cases for g in case.guesses[name]] for name in names},
        )
    ]


def _orders(case: _Case, name: str, rng: Random) -> list[list[int]]:
    """The order in which `name` would have the proposals scored; for `random` several of them."""
    places = list(range(len(case.drops)))
    if name == "random":
        return [rng.sample(places, len(places)) for _ in range(_SHUFFLES)]
    rng.shuffle(places)
    guesses = case.guesses[name]

    def key(i: int) -> float:
        guess = guesses[i]
        return math.inf if guess is None else guess

    return [sorted(places, key=key)]


def _outcome(case: _Case, name: str, cuts: Sequence[int], rng: Random) -> tuple[float, list[float]] | None:
    """Mean over orders of the scores needed and of the shares kept; None where nothing lowers the logit."""
    best = max(case.drops)
    if best <= 0:
        return None
    needed, kept = 0.0, [0.0] * len(cuts)
    orders = _orders(case, name, rng)
    for order in orders:
        drops = [case.drops[i] for i in order]
        needed += next(i for i, drop in enumerate(drops, 1) if drop >= NEAR * best) / len(orders)
        for column, cut in enumerate(cuts):
            kept[column] += max(0.0, *drops[:cut]) / best / len(orders)
    return needed, kept


def _row(
    name: str, scope: str, texts: Sequence[list[_Case]], labels: list[Hashable], how: Resampling, seed: int
) -> Prefilter:
    """A text's figures are means over its cases; the row's are means over texts."""
    cuts = CUTS[scope]
    rows: list[list[float]] = []
    kept_labels: list[Hashable] = []
    sizes, looks = [], []
    for label, cases in zip(labels, texts, strict=True):
        rng = stream(seed, "orders", scope, name, len(kept_labels))
        lists = _together(cases) if scope == "text" else cases
        found = [o for case in lists if (o := _outcome(case, name, cuts, rng)) is not None]
        if not found:
            continue
        rows.append(
            [
                sum(needed for needed, _ in found) / len(found),
                *(sum(kept[c] for _, kept in found) / len(found) for c in range(len(cuts))),
            ]
        )
        kept_labels.append(label)
        sizes.append(sum(len(case.drops) for case in lists) / len(lists))
        looks.append({"random": 0, "token": 1, "mask": len(cases)}.get(name, 1 + len(cases)))
    if len(rows) < LEAST:
        raise MeasurementError(
            f"{len(rows)} of {len(texts)} texts have a substitute that lowers the logit",
            expected=f"at least {LEAST}",
            do="give more texts, or ask for more proposals",
        )
    limits = [_mean([row[c] for row in rows], kept_labels, how) for c in range(1 + len(cuts))]
    return Prefilter(
        prefilter=name,
        scope=scope,
        texts=len(rows),
        skipped=len(texts) - len(rows),
        proposals=sum(sizes) / len(sizes),
        needed=limits[0],
        middle=median(row[0] for row in rows),
        kept=tuple((cut, _share(limit)) for cut, limit in zip(cuts, limits[1:], strict=True)),
        gradients=sum(looks) / len(looks),
    )


def _mean(values: Sequence[float], labels: Sequence[Hashable], how: Resampling) -> Interval:
    """A mean over texts as a ratio of totals over families."""
    import numpy as np

    return ratio_of_totals(np.array([[v, 1.0] for v in values]), (1, -1), clusters=labels, how=how)


def _share(found: Interval) -> Interval:
    """Limits of a share: no higher than 1."""
    return replace(found, upper=min(1.0, found.upper), bound=min(1.0, found.bound))
