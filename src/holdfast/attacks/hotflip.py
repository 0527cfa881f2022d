"""Gradient search over words: one backward pass ranks every edit, exact scores decide among the best.

HotFlip (Ebrahimi et al. 2018) on whole words and on text: the first-order guess of each substitution,
insertion and deletion that the proposer offers at places drawn by the gradient; the `level` best guesses of
a step are scored exactly (with a share drawn without regard to the guess: where first order is wrong, it is
very wrong); each text that is expanded is looked at anew (a gradient counts as 3 queries); a small beam is
kept, and undoing an earlier edit competes with new ones. A search that is not on its way to the threshold
gives up, and leaves its queries to the next parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from holdfast.attacks.combine import combine
from holdfast.attacks.firstorder import TokenDifferentiable, WordVectors, all_estimates
from holdfast.attacks.guide import Guide
from holdfast.attacks.polish import polish, undone
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Search, State, narrowed
from holdfast.edits.text import rebase
from holdfast.protocols import Proposer, Scorer
from holdfast.types import Edit, Snippet

__all__ = ["HotFlip", "HotFlipSettings"]

_EVERYWHERE = 1 << 30
_WORTH = 0.5
"""An edit is put together with the best one of a step if it gained at least this share of what that did."""


@dataclass(frozen=True, kw_only=True)
class HotFlipSettings:
    """How the search spends its queries."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    width: int = 4
    """Texts kept."""
    level: int = 16
    """Exact scores a step; one text is expanded a step."""
    proposals: int = 12
    """Edits asked of the proposer for a word; a third of it at an insertion point."""
    places: int = 48
    """Words and insertion points that a step proposes edits for, drawn by the gradient; 0: all of them."""
    blind: int = 10
    """The same for a target without token gradients, drawn by its saliency or by leave-one-out."""
    depth: int = 12
    """Edits on one text, at most."""
    explore: float = 0.25
    """Share of exact scores that go to edits drawn without regard to the guess."""
    chain: int = 4
    """Helpful edits of a step put together on its best text; each costs a query."""
    undo: int = 2
    """Undone edits among the exact scores of a step, at most."""
    children: int = 2
    """Children of one text kept."""
    saliency: bool = True
    """Look at all (a gradient, or leave-one-out); False is the control that goes without."""
    first_order: bool = True
    """Rank edits by the gradient; False uses it for the choice of places only."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""
    trial: int = 40
    """Queries after which a search may give up."""
    pace: float = 0.8
    """Share of the pace so far at which the queries left must do, or it gives up; 0: it never does."""


class HotFlip(Rewriting[HotFlipSettings]):
    """Gradient search. Registered as `hotflip`.

    Made for a `DifferentiableClassifier` with token gradients (`firstorder.TokenDifferentiable`). A target
    with gradient norms only has its places drawn by them; a plain `Scorer` has its places drawn by
    leave-one-out on part of the words, for an eighth of the budget. Neither then gets first-order guesses.
    """

    name = "hotflip@2"
    kind = HotFlipSettings
    access = "gradient"
    """What it is made for; it falls back as said above."""

    def attack(self, search: Search) -> None:
        """Search, then polish."""
        self.vectors = _Flips(search, self.proposer, self.settings).run(self.vectors)


def _placed(settings: HotFlipSettings, target: Scorer) -> HotFlipSettings:
    """The settings with the number of places that `target` allows."""
    ranked = settings.saliency and settings.first_order and isinstance(target, TokenDifferentiable)
    return replace(settings, places=(settings.places or _EVERYWHERE) if ranked else settings.blind)


class _Flips:
    """One search in progress."""

    def __init__(self, search: Search, proposer: Proposer, settings: HotFlipSettings) -> None:
        self.search = search
        self.settings = settings
        self.guide = Guide(search, proposer, _placed(settings, search.target), all_estimates)
        self.visits: dict[Snippet, int] = {search.parent: 0}

    def run(self, vectors: WordVectors | None) -> WordVectors | None:
        """Search, then polish; returns the word vectors, for the next search of the same target."""
        search = self.search
        beam = self._kept([*self.guide.begin(vectors), search.root])
        idle = 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            if search.hopeless(self.settings.trial, self.settings.pace):
                break
            before = search.meter.spent
            state = min(beam, key=lambda s: (self.visits.get(s.snippet, 0), s.rank))
            states = self._expand(state)
            idle = idle + 1 if search.meter.spent == before else 0
            # A text of which nothing is left to ask goes; at the end of all, begin again.
            beam = self._kept([*states, *(s for s in beam if states or s is not state)])
        if search.accepted:
            polish(search, self.settings.polish)
        return self.guide.vectors

    def _kept(self, pool: Sequence[State]) -> list[State]:
        """The lowest texts that may still be edited, and the lowest full one whose edits were not undone yet.

        The parent where there is none.
        """
        width, children = self.settings.width, self.settings.children
        open_ones = [s for s in pool if len(s.net) < self.settings.depth]
        # Where the logit says nothing, stay near the parent: a random walk would lead ever further from it.
        kept = narrowed(open_ones, width, children=children, rng=self.search.rng, shallow=True)
        full = [s for s in pool if len(s.net) >= self.settings.depth and s.snippet not in self.visits]
        kept += sorted(full, key=lambda s: s.rank)[:1]
        return kept or [self.search.root]

    def _expand(self, state: State) -> list[State]:
        """Look at the text if it was not looked at, and score the most promising edits of it."""
        search, settings = self.search, self.settings
        seen = self.visits.get(state.snippet)
        self.visits[state.snippet] = (seen or 0) + 1
        if settings.saliency and seen is None:
            self.guide.refresh(state)
        undos, nets = self._undos(state)
        room = min(settings.level, search.meter.left)
        states = search.score(search.screened(chain(undos, self.guide.candidates([state])), room))
        for child in states:
            child.net = nets.get(child.snippet, child.net)
        self.guide.learn([child for child in states if child.snippet not in nets])
        return states if search.accepted else [*states, *self._together(state, states)]

    def _together(self, state: State, states: Sequence[State]) -> list[State]:
        """Edits that each lowered the text, on top of the one that did most: first order adds up."""
        best = min(states, key=lambda s: s.rank, default=state)
        gain = state.logit - best.logit
        if gain <= 0 or best.edit is None:
            return []
        helpful = [s for s in states if s is not best and state.logit - s.logit >= _WORTH * gain]
        helpful.sort(key=lambda s: s.rank)
        moved = [rebase(s.edit, best.edit) for s in helpful if s.edit is not None]
        edits = [edit for edit in moved if edit is not None]
        return combine(self.search, best, edits, self.settings.chain, self.settings.depth)

    def _undos(self, state: State) -> tuple[list[Candidate], dict[Snippet, tuple[Edit, ...]]]:
        """Undone edits worth a query, best guess first, and the net edits of each text they lead to.

        An edit whose undoing is guessed to raise the logit stays; where there is no guess, it is tried. A
        text with all the edits it may have must lose some: those whose loss is guessed to cost least.
        """
        full = len(state.net) >= self.settings.depth
        if len(state.net) < 2 or self.settings.undo <= 0:
            return [], {}
        found = [(c, net) for c, net in undone(self.search, state) if c[2] not in self.search.seen]
        guesses: list[float | None] = [None] * len(found)
        if self.guide.vectors is not None and self.settings.first_order:
            edits = [edit for (_, edit, _), _ in found]
            guesses = self.guide.guess(self.guide.look(state), edits, self.guide.vectors)
        worth = [(g or 0.0, i) for i, g in enumerate(guesses) if full or g is None or g <= 0]
        chosen = [found[i] for _, i in sorted(worth)[: self.settings.undo]]
        return [candidate for candidate, _ in chosen], {c[2]: net for c, net in chosen}
