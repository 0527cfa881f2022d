"""What words stand where: an index of word trigrams over a workspace's own texts.

Arrays only: a sorted 64-bit key and a count for each distinct trigram, in the orders that queries need. A
query is a binary search and a slice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["BOUNDARY", "ContextIndex", "tokens"]

BOUNDARY = "\n"
"""Stands before the first and after the last token of a text."""
_TOKEN = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*|[^\w\s]")
_BITS = 21
_MASK = (1 << _BITS) - 1
_SIMILAR_CONTEXTS = 256


def tokens(text: str) -> list[str]:
    """Words and single punctuation marks of `text`."""
    return _TOKEN.findall(text)


def _opens(token: str) -> bool:
    return token in (BOUNDARY, ".", "!", "?", "…")


def _normal_forms(seen: Iterable[str], lower_inside: set[str]) -> dict[str, str]:
    """Form -> the form it is counted as: a capital is dropped where the word is seen in lower case inside."""
    forms = {}
    for form in seen:
        lowered = form[:1].lower() + form[1:]
        forms[form] = lowered if lowered != form and lowered in lower_inside else form
    return forms


@dataclass(frozen=True)
class _Order:
    """Sorted keys with counts; the last part of a key is what a query asks for."""

    keys: Ints
    counts: Ints

    def find(self, prefix: int, width: int) -> tuple[Ints, Ints]:
        """Lowest part and count of all keys that begin with `prefix`; `width` bits follow the prefix."""
        low = int(np.searchsorted(self.keys, prefix << width))
        high = int(np.searchsorted(self.keys, (prefix + 1) << width))
        return self.keys[low:high] & ((1 << width) - 1), self.counts[low:high]


def _order(keys: Ints, weights: Ints | None = None) -> _Order:
    """Distinct keys with summed weights (1 each where None)."""
    if weights is None:
        found, counts = np.unique(keys, return_counts=True)
        return _Order(found, counts.astype(np.int64))
    found, inverse = np.unique(keys, return_inverse=True)
    return _Order(found, np.bincount(inverse, weights=weights.astype(np.float64)).astype(np.int64))


class ContextIndex:
    """Trigram statistics of texts, with word forms normalised for sentence starts."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Count `texts` (whole snippets as running text)."""
        self.vocabulary: list[str] = []
        self._ids: dict[str, int] = {}
        stream = self._encode([tokens(text) for text in texts])
        left, middle, right = stream[:-2], stream[1:-1], stream[2:]
        inside = middle != 0
        left, middle, right = left[inside], middle[inside], right[inside]
        self._between = _order(left << (2 * _BITS) | right << _BITS | middle)
        keys, counts = self._between.keys, self._between.counts
        left, right, middle = keys >> (2 * _BITS), keys >> _BITS & _MASK, keys & _MASK
        self._after = _order(left << _BITS | middle, counts)
        self._before = _order(right << _BITS | middle, counts)
        self._contexts = _order(middle << (2 * _BITS) | left << _BITS | right, counts)
        size = len(self.vocabulary)
        self.frequency: Ints = np.bincount(middle, weights=counts, minlength=size).astype(np.int64)
        self._wordlike = np.array([bool(w[:1].isalnum()) for w in self.vocabulary], dtype=bool)
        self._droppable = self._droppability(left, middle, right, counts)
        self.fillers: Ints = self._fillers()
        self.similar = lru_cache(maxsize=4096)(self._similar)

    def _encode(self, lists: Sequence[list[str]]) -> Ints:
        """All texts as one array of ids with a 0 between texts."""
        forms: dict[str, int] = {BOUNDARY: 0}
        flat = [0]
        for found in lists:
            flat.extend([forms.setdefault(form, len(forms)) for form in found])
            flat.append(0)
        stream, seen = np.array(flat, dtype=np.int64), list(forms)
        lower, opens = np.array([f.islower() for f in seen]), np.array([_opens(f) for f in seen])
        inside = np.unique(stream[1:][lower[stream[1:]] & ~opens[stream[:-1]]])
        normal = _normal_forms(seen, {seen[number] for number in inside})
        totals: Counter[str] = Counter()
        counts = np.bincount(stream, minlength=len(seen)).tolist()
        for form, count in zip(seen[1:], counts[1:], strict=True):
            totals[normal[form]] += count
        order = sorted(totals, key=lambda w: (-totals[w], w))[: _MASK - 2]
        self.vocabulary = [BOUNDARY, *order]
        self._ids = {w: i for i, w in enumerate(self.vocabulary)}
        ids = np.array([0, *(self._ids.get(normal[form], 0) for form in seen[1:])], dtype=np.int64)
        return ids[stream]

    def _droppability(self, left: Ints, middle: Ints, right: Ints, counts: Ints) -> Floats:
        """Per word: share of its occurrences whose neighbours are also seen side by side."""
        pairs = left << _BITS | right
        at = np.searchsorted(self._after.keys, pairs).clip(max=max(len(self._after.keys) - 1, 0))
        adjacent = self._after.keys[at] == pairs if len(self._after.keys) else np.zeros(0, dtype=bool)
        size = len(self.vocabulary)
        hits = np.bincount(middle, weights=counts * adjacent, minlength=size)
        return np.asarray(hits / np.maximum(self.frequency, 1), dtype=np.float64)

    def _fillers(self) -> Ints:
        """Words most often droppable, in many contexts: what can be inserted almost anywhere."""
        width = 2 * _BITS
        starts = np.searchsorted(self._contexts.keys, np.arange(len(self.vocabulary) + 1) << width)
        variety = np.diff(starts)
        good = np.flatnonzero(self._wordlike & (variety >= 5) & (self._droppable >= 0.5))
        score = self._droppable[good] * np.log1p(variety[good])
        return good[np.argsort(-score, kind="stable")][:400]

    def id(self, word: str) -> int:
        """Id of a word (its capital dropped where only its place made one); -1 where it was never seen."""
        found = self._ids.get(word)
        if found is None:
            found = self._ids.get(word[:1].lower() + word[1:], -1)
        return found

    def _only_words(self, found: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
        ids, counts = found
        keep = self._wordlike[ids]
        return ids[keep], counts[keep]

    def between(self, left: int, right: int) -> tuple[Ints, Ints]:
        """Words seen between two neighbours, with counts; -1 for an unknown neighbour gives none."""
        if left < 0 or right < 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return self._only_words(self._between.find(left << _BITS | right, _BITS))

    def after(self, left: int) -> tuple[Ints, Ints]:
        """Words seen after `left`, with counts."""
        if left < 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return self._only_words(self._after.find(left, _BITS))

    def before(self, right: int) -> tuple[Ints, Ints]:
        """Words seen before `right`, with counts."""
        if right < 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return self._only_words(self._before.find(right, _BITS))

    def adjacent(self, left: int, right: int) -> int:
        """How often `right` was seen straight after `left`."""
        if left < 0 or right < 0:
            return 0
        key = left << _BITS | right
        at = int(np.searchsorted(self._after.keys, key))
        return (
            int(self._after.counts[at]) if at < len(self._after.keys) and self._after.keys[at] == key else 0
        )

    def droppable(self, word: int) -> float:
        """Share of the word's occurrences that could be left out, by the contexts seen; 0 where unknown."""
        return float(self._droppable[word]) if word >= 0 else 0.0

    def _similar(self, word: int) -> tuple[Ints, Floats]:
        """Words that share contexts (the same two neighbours) with `word`, best first, with weights.

        A shared context counts 1 / log(2 + its words): being between the same two rare neighbours says more.
        The sum is divided by the square root of the other word's frequency.
        """
        if word < 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float64)
        contexts, counts = self._contexts.find(word, 2 * _BITS)
        if len(contexts) > _SIMILAR_CONTEXTS:
            contexts = contexts[np.argsort(-counts, kind="stable")[:_SIMILAR_CONTEXTS]]
        low = np.searchsorted(self._between.keys, contexts << _BITS)
        high = np.searchsorted(self._between.keys, (contexts + 1) << _BITS)
        weights = 1 / np.log(2.0 + (high - low))
        spans = [self._between.keys[a:b] & _MASK for a, b in zip(low, high, strict=True)]
        if not spans:
            return np.zeros(0, np.int64), np.zeros(0, np.float64)
        score = np.bincount(np.concatenate(spans), weights=np.repeat(weights, high - low))
        ids = np.flatnonzero((score > 0) & self._wordlike[: len(score)])
        ids = ids[ids != word]
        values = score[ids] / np.sqrt(self.frequency[ids])
        best = np.argsort(-values, kind="stable")[:400]
        return ids[best].astype(np.int64), values[best]
