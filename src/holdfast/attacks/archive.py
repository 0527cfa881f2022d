"""An archive of elites: for each kind of rewrite the one that came closest (MAP-Elites; Mouret & Clune 2015).

What kind a rewrite is must not come from the target's own features. Where a judge reads the texts, a kind is
strategy x severity x text cluster; else it is how the text was edited x text cluster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from holdfast.attacks.search import State
from holdfast.data.dedup import shingles
from holdfast.edits.text import side_text
from holdfast.types import Edit, Judgement, Snippet

__all__ = ["Archive", "Cell", "Elite", "edit_cell", "judged_cell", "text_cluster"]

Cell = tuple[str, ...]
"""The name of a kind of rewrite."""

_THIRDS = ("early", "middle", "late")


@dataclass(frozen=True, kw_only=True)
class Elite:
    """The best rewrite of one kind."""

    cell: Cell
    snippet: Snippet
    logit: float
    queries: int
    """Queries spent when it was found."""
    edits: tuple[Edit, ...]
    """Net edits from the parent, in order."""


class Archive:
    """Cells with their elites; counts how often each was chosen to be varied."""

    def __init__(self) -> None:
        """No cell is filled."""
        self._elites: dict[Cell, State] = {}
        self._chosen: dict[Cell, int] = {}
        self.growth: list[tuple[int, int]] = []
        """(queries spent, cells filled), after each cell that was filled for the first time."""

    def __len__(self) -> int:
        """Cells filled."""
        return len(self._elites)

    def add(self, cell: Cell, state: State) -> bool:
        """Keep `state` where its cell is empty or its elite is worse (logit, then edits); True if it was."""
        held = self._elites.get(cell)
        if held is not None and _order(held) <= _order(state):
            return False
        self._elites[cell] = state
        if held is None:
            self.growth.append((state.queries, len(self)))
        return True

    @property
    def states(self) -> list[State]:
        """The elites, in the order in which their cells were filled."""
        return list(self._elites.values())

    def elites(self) -> tuple[Elite, ...]:
        """The elites as values, lowest logit first."""
        return tuple(
            Elite(cell=cell, snippet=s.snippet, logit=s.logit, queries=s.queries, edits=s.net)
            for cell, s in sorted(self._elites.items(), key=lambda item: _order(item[1]))
        )

    def select(self, n: int, *, best: float, size: int, rng: Random) -> list[State]:
        """`n` elites to vary, with repetition.

        A share `best` by tournament: the lowest logit of `size` drawn at random. The others from the cells
        chosen least so far, the lowest logit first: thin places get their turn.
        """
        chosen: list[State] = []
        while self._elites and len(chosen) < n:
            cells = list(self._elites)
            rng.shuffle(cells)
            if rng.random() < best:
                cell = min(cells[:size], key=lambda c: _order(self._elites[c]))
            else:
                cell = min(cells, key=lambda c: (self._chosen.get(c, 0), _order(self._elites[c])))
            self._chosen[cell] = self._chosen.get(cell, 0) + 1
            chosen.append(self._elites[cell])
        return chosen

    def forget(self, share: float, rng: Random) -> None:
        """Empty a random `share` of the cells: what the search clung to may be what holds it back."""
        gone = rng.sample(list(self._elites), round(len(self) * share))
        for cell in gone:
            del self._elites[cell]


def _order(state: State) -> tuple[float, int, float]:
    """Lower is better: the logit, then fewer edits, then the seed."""
    return state.logit, len(state.net), state.tie


def text_cluster(snippet: Snippet, parent: Snippet, clusters: int) -> str:
    """A cluster of the text by what is new in it: `c0` to `c<clusters - 1>`; `same` where nothing is.

    The smallest hash of the word trigrams that the parent does not have, modulo `clusters` (one MinHash
    value; Broder 1997): two rewrites that share most of what is new fall together, and it needs no model.
    """
    new = shingles(snippet.text) - shingles(parent.text)
    if not new:
        return "same"
    digests = (hashlib.blake2b(s.encode("utf-8", "surrogatepass"), digest_size=8).digest() for s in new)
    return f"c{int.from_bytes(min(digests), 'big') % clusters}"


def edit_cell(state: State, parent: Snippet, clusters: int) -> Cell:
    """(sides edited, operations used, third of the text that the edits lie in on average, text cluster)."""
    if not state.net:
        return ("none", "none", "none", "same")
    sides = "+".join(sorted({edit.side for edit in state.net}))
    operations = "+".join(sorted({edit.operation for edit in state.net}))
    return sides, operations, _third(state.net, parent), text_cluster(state.snippet, parent, clusters)


def _third(net: Sequence[Edit], parent: Snippet) -> str:
    """Where the edits lie, as a share of their side's length in the parent."""
    shares = [min(1.0, edit.start / max(1, len(side_text(parent, edit.side)))) for edit in net]
    return _THIRDS[min(2, int(3 * sum(shares) / len(shares)))]


def judged_cell(judgement: Judgement, state: State, parent: Snippet, clusters: int) -> Cell:
    """(strategy, severity, text cluster)."""
    return (
        judgement.strategy or "unknown",
        str(judgement.severity),
        text_cluster(state.snippet, parent, clusters),
    )
