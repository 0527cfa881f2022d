"""Who suggests edits: the workspace's own contexts, a masked or a causal language model, unions of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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

    _Part = tuple[str, NDArray[np.int64], int]

__all__ = ["ContextProposer", "GeneratorProposer", "MaskedLMProposer", "UnionProposer"]

_INSERTION = -2


@dataclass(frozen=True, eq=False, slots=True)
class _Lists:
    """Candidates for one place, list after list."""

    logs: NDArray[np.float64]
    """Log weights of all of them."""
    parts: tuple[_Part, ...]
    """(source, ids, where its log weights begin) of each list."""


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
        self._candidates = lru_cache(maxsize=2048)(self._lists)

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits of the word at [start, stop) of `side` (start == stop: insertions there)."""
        if n <= 0:
            return []
        text = side_text(snippet, side)
        left, right = self._around(snippet, side, start, stop)
        inserted = start == stop
        word = _INSERTION if inserted else self.index.id(text[start:stop])
        edits: list[Edit] = []
        if not inserted and (self.index.adjacent(left, right) or self.index.droppable(word) >= 0.9):
            dropped = deletion(text, side, (start, stop), "context:droppable")
            edits += [dropped] if dropped else []
        for source, found in _interleave(self._ranked(self._candidates(word, left, right), n, seed)):
            if len(edits) >= n:
                break
            new = self.index.vocabulary[found]
            if inserted:
                edit = insertion(text, side, start, new, source)
            else:
                edit = substitution(text, side, (start, stop), new, source) if found != word else None
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

    def _ranked(self, lists: _Lists, n: int, seed: int) -> list[tuple[str, list[int]]]:
        """Each list's first `n` words, by weight and noise; ties in seeded order.

        log(weight) + exploration * Gumbel noise, with Gumbel = -log(exponential): at exploration 1 the order
        is a draw without replacement in proportion to the weights (Efraimidis & Spirakis 2006).
        """
        rng = np.random.default_rng(seed)
        scale = self.exploration or 1e-9
        scores = scale * np.log(rng.standard_exponential(len(lists.logs)) + 1e-300) - lists.logs
        found: list[tuple[str, list[int]]] = []
        for source, ids, begin in lists.parts:
            score = scores[begin : begin + len(ids)]
            if len(ids) > 4 * n:
                best = score.argpartition(n)[:n]
                best = best[score[best].argsort(kind="stable")]
            else:
                best = score.argsort(kind="stable")[:n]
            found.append((source, ids[best].tolist()))
        return found

    def _lists(self, word: int, left: int, right: int) -> _Lists:
        """Candidates with log weights, by source; `word` -2: an insertion."""
        index = self.index
        if word == _INSERTION:
            second = ("context:filler", index.fillers, np.log(index.frequency[index.fillers]))
        else:
            similar, weights = index.similar(word)
            second = ("context:similar", similar, np.log(weights))
        around = (index.between(left, right), index.after(left), index.before(right))
        between, after, before = ((ids, np.log(counts)) for ids, counts in around)
        found = (
            ("context:between", *between),
            second,
            ("context:left", *after),
            ("context:right", *before),
        )
        begins = np.cumsum([0, *(len(ids) for _, ids, _ in found)]).tolist()
        return _Lists(
            np.concatenate([logs for _, _, logs in found]),
            tuple((name, ids, begin) for (name, ids, _), begin in zip(found, begins, strict=False)),
        )


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
