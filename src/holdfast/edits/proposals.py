"""Who suggests edits: the workspace's own contexts, a masked or a causal language model, unions of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from holdfast.edits.contexts import BOUNDARY, ContextIndex, tokens
from holdfast.edits.language_models import GeneratorProposer, MaskedLMProposer
from holdfast.edits.text import deletion, insertion, side_text, substitution
from holdfast.protocols import Proposer
from holdfast.types import Edit, Snippet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ranked = list[tuple[str, NDArray[np.int64]]]

__all__ = ["ContextProposer", "GeneratorProposer", "MaskedLMProposer", "UnionProposer"]

_PER_SOURCE = 48


def _interleave(lists: Sequence[tuple[str, Sequence[int]]]) -> Iterator[tuple[str, int]]:
    """One from each list in turn, each word once."""
    seen: set[int] = set()
    depth = max((len(ids) for _, ids in lists), default=0)
    for rank in range(depth):
        for source, ids in lists:
            if rank < len(ids) and ids[rank] not in seen:
                seen.add(ids[rank])
                yield source, ids[rank]


class ContextProposer:
    """Words that the workspace's own texts show in such a place.

    Substitutions: words seen between the same two neighbours, words of similar distribution, words seen after
    the left or before the right neighbour. Insertions: words seen in between, fillers (words that can mostly
    be left out), words seen after and before. A deletion is offered where the word can be left out. The lists
    are taken in turn; within a list the order is by count times seeded noise.
    """

    def __init__(self, texts: Iterable[str], *, exploration: float = 1.0) -> None:
        """Index `texts` (running text of whole snippets).

        `exploration` scales the noise on log counts: 0 gives the plain ranking with seeded ties, 1 draws in
        proportion to the counts.
        """
        self.index = ContextIndex(texts)
        self.exploration = exploration
        self._around = lru_cache(maxsize=512)(self._neighbours)

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits of the word at [start, stop) of `side` (start == stop: insertions there)."""
        if n <= 0:
            return []
        text = side_text(snippet, side)
        left, right = self._around(snippet, side, start, stop)
        rng = np.random.default_rng(seed)
        if start == stop:
            return self._insertions(text, side, start, self._fill(left, right, rng), n)
        edits: list[Edit] = []
        word = self.index.id(text[start:stop])
        if self.index.adjacent(left, right) or self.index.droppable(word) >= 0.9:
            dropped = deletion(text, side, (start, stop), "context:droppable")
            edits += [dropped] if dropped else []
        for source, found in _interleave(self._replace(word, left, right, rng)):
            if len(edits) >= n:
                break
            edit = substitution(text, side, (start, stop), self.index.vocabulary[found], source)
            if edit is not None and found != word:
                edits.append(edit)
        return edits

    def _insertions(self, text: str, side: str, at: int, ranked: Ranked, n: int) -> list[Edit]:
        edits: list[Edit] = []
        for source, found in _interleave([(s, ids.tolist()) for s, ids in ranked]):
            if len(edits) >= n:
                break
            edit = insertion(text, side, at, self.index.vocabulary[found], source)
            if edit is not None:
                edits.append(edit)
        return edits

    def _neighbours(self, snippet: Snippet, side: str, start: int, stop: int) -> tuple[int, int]:
        """Ids of the tokens around the span; the completion's left neighbour may lie in the prompt."""
        text = side_text(snippet, side)
        before = tokens(text[:start][-80:])
        after = tokens(text[stop : stop + 80])
        if not before and side == "completion":
            before = tokens(snippet.prompt[-80:])
        if not after and side == "prompt":
            after = tokens(snippet.completion[:80])
        return self.index.id(before[-1] if before else BOUNDARY), self.index.id(
            after[0] if after else BOUNDARY
        )

    def _ranked(
        self,
        ids: NDArray[np.int64],
        weights: NDArray[np.int64] | NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Ids by weight and noise, best first; ties in seeded order."""
        if not len(ids):
            return ids
        noise = rng.random(len(ids))
        gumbel = -np.log(-np.log(np.clip(noise, 1e-12, 1 - 1e-12)))
        score = np.log(weights) + (self.exploration or 1e-9) * gumbel
        return ids[np.argsort(-score, kind="stable")[:_PER_SOURCE]]

    def _replace(
        self, word: int, left: int, right: int, rng: np.random.Generator
    ) -> list[tuple[str, list[int]]]:
        similar, weights = self.index.similar(word)
        lists = [
            ("context:between", self._ranked(*self.index.between(left, right), rng)),
            ("context:similar", self._ranked(similar, weights, rng)),
            ("context:left", self._ranked(*self.index.after(left), rng)),
            ("context:right", self._ranked(*self.index.before(right), rng)),
        ]
        return [(source, ids.tolist()) for source, ids in lists]

    def _fill(self, left: int, right: int, rng: np.random.Generator) -> Ranked:
        fillers = self.index.fillers
        return [
            ("context:between", self._ranked(*self.index.between(left, right), rng)),
            ("context:filler", self._ranked(fillers, self.index.frequency[fillers], rng)),
            ("context:left", self._ranked(*self.index.after(left), rng)),
            ("context:right", self._ranked(*self.index.before(right), rng)),
        ]


class UnionProposer:
    """Several proposers, each with a share of the list; what one leaves over goes to the others."""

    def __init__(self, members: Sequence[tuple[Proposer, float]]) -> None:
        """`members`: proposers with shares above 0. Raises ValueError where there is none."""
        if not members or any(share <= 0 for _, share in members):
            raise ValueError("a union needs proposers with shares above 0")
        self.members = list(members)

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` distinct edits; members in the order given, quotas rounded up."""
        total = sum(share for _, share in self.members)
        kept: dict[tuple[int, int, str], Edit] = {}
        rest: list[Edit] = []
        for member, share in self.members:
            quota = -(-n * share // total)
            taken = 0
            for edit in member.propose(snippet, side, start, stop, n, seed):
                key = (edit.start, edit.stop, edit.new)
                if key in kept:
                    continue
                if taken < quota and len(kept) < n:
                    kept[key] = edit
                    taken += 1
                else:
                    rest.append(edit)
        for edit in rest:
            if len(kept) >= n:
                break
            kept.setdefault((edit.start, edit.stop, edit.new), edit)
        return list(kept.values())[:n]
