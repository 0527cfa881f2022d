"""Leave-one-out greedy substitution: the baseline that other methods have to beat.

The order of TextFooler (Jin et al. 2020): words ranked by what the logit loses when each is deleted, then,
word by word, the best of the proposer's edits, kept where it lowers the logit of the *current* text (not only
the first one's: the text would get worse again). Same proposals, screen and query count as the other methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.attacks.firstorder import Look, WordGradient, moved
from holdfast.attacks.polish import polish
from holdfast.attacks.positions import Position, deletion_edits, places
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Search, State
from holdfast.edits.text import apply
from holdfast.types import Edit, Snippet

__all__ = ["GreedyRewriting", "GreedySettings", "importance"]

Blanks = Callable[[Snippet, Sequence[str]], list[tuple[Position, Edit]]]
"""For the words of some sides, the edit that takes each away."""


@dataclass(frozen=True, kw_only=True)
class GreedySettings:
    """How the search spends its queries."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    proposals: int = 12
    """Edits scored for each word."""
    ranking: float = 0.5
    """Share of the queries left that one ranking may cost; words it does not reach come last."""
    passes: int = 8
    """Times the words are gone through, each with a new ranking and new proposals."""
    depth: int = 12
    """Edits on one text, at most."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""
    trial: int = 40
    """Queries after which a search may give up."""
    pace: float = 0.0
    """Share of the pace so far at which the queries left must do, or it gives up; 0: it never does."""


class GreedyRewriting(Rewriting[GreedySettings]):
    """Word after word, no way back. Registered as `greedy`.

    A pass that lowers the logit nowhere is followed by one with other proposals; what takes two edits of
    which neither lowers the logit alone, it cannot find.
    """

    name = "greedy@1"
    holes = ("word", "bigram", "position", "prompt")
    access = "score"
    """It asks for logits only."""
    kind: type[GreedySettings] = GreedySettings

    def attack(self, search: Search) -> None:
        """Passes until a text is accepted, then polish."""
        current = search.root
        for _ in range(self.settings.passes):
            if search.meter.left == 0 or search.accepted or self._hopeless(search):
                break
            current = self._pass(search, current)
        if search.accepted:
            polish(search, self.settings.polish)

    def _pass(self, search: Search, current: State) -> State:
        """Each word once, the most important first; returns the text it ends with."""
        settings = self.settings
        room = int(search.meter.left * settings.ranking)
        marks = self._marks(search, current, room)
        while marks and search.meter.left > 0 and not search.accepted and len(current.net) < settings.depth:
            if self._hopeless(search):
                break
            # The first of equals: `importance` gave them in random order.
            mark = max(marks, key=lambda m: m.value)
            marks.remove(mark)
            best = self._best(search, current, mark)
            if best is not None and best.logit < current.logit and best.edit is not None:
                current, marks = best, moved(marks, best.edit)
        return current

    def _hopeless(self, search: Search) -> bool:
        return search.hopeless(self.settings.trial, self.settings.pace)

    def _best(self, search: Search, current: State, mark: WordGradient) -> State | None:
        """The lowest text among the edits of one word."""
        edits = self._edits(search, current, mark)
        found: list[Candidate] = [c for c in (search.fresh(current, edit) for edit in edits) if c is not None]
        states = search.score(search.screened(found, min(len(found), search.meter.left)))
        return min(states, key=lambda s: s.rank, default=None)

    def _marks(self, search: Search, current: State, room: int) -> Look:
        """The words with what each is worth, for `room` queries at most."""
        return importance(search, current, self.settings.sides, room)

    def _edits(self, search: Search, current: State, mark: WordGradient) -> list[Edit]:
        """What is tried on one word."""
        n, seed = self.settings.proposals, search.rng.getrandbits(62)
        return self.proposer.propose(current.snippet, mark.side, mark.start, mark.stop, n, seed)


def importance(
    search: Search, state: State, sides: Sequence[str], room: int, blanks: Blanks = deletion_edits
) -> Look:
    """Per word what the logit loses without it (value; -inf where `room` queries did not reach it).

    `blanks` gives the edits that take words away. Signed: a word whose loss raises the logit is worth little.
    In random order, so that equal values are. A text of one word has no deletion to score. The texts are
    measurements, not candidates: the screen does not see them. A text scored before is free.
    """
    pairs = blanks(state.snippet, sides)
    chosen = search.rng.sample(pairs, min(len(pairs), max(0, room)))
    scored = search.scorer.score([apply(state.snippet, edit) for _, edit in chosen], search.rng)
    losses: dict[Position, float] = {
        place: state.logit - z
        for (place, _), z in zip(chosen, scored, strict=True)
        if z is not None and math.isfinite(z)
    }
    marks = [
        WordGradient(place.side, place.start, place.stop, losses.get(place, -math.inf))
        for place in places(state.snippet, sides, insertions=False)
    ]
    search.rng.shuffle(marks)
    return marks
