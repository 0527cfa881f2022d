"""Beam search over rewrites: substitute, insert, delete until the target accepts; then undo what it can.

Verified first, scored second: where a cheap screen is given (an oracle), texts that leave the catastrophe
are dropped before a query is spent on them. Saliency (a gradient counts as 3 queries) says where to edit, a
proposer says what, exact scores decide; edits that helped are combined before new ones are sought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.attacks.combine import combine
from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.guide import Guide
from holdfast.attacks.polish import polish
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Search, State, narrowed
from holdfast.edits.text import rebase
from holdfast.protocols import Proposer

__all__ = ["BeamRewriting", "BeamSettings"]


@dataclass(frozen=True, kw_only=True)
class BeamSettings:
    """How the search spends its queries."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    width: int = 3
    """Texts kept at each level."""
    level: int = 8
    """Exact scores a level."""
    places: int = 10
    """Words and insertion points looked at, per text and level."""
    proposals: int = 12
    """Edits asked of the proposer for a word; a third of it at an insertion point (no guess ranks those)."""
    depth: int = 12
    """Edits on one text, at most."""
    explore: float = 0.34
    """Share of places drawn without regard to saliency."""
    children: int = 2
    """Children of one text kept in the beam."""
    chain: int = 4
    """Helpful edits combined at once after each level."""
    saliency: bool = True
    """Ask the target where it looks (a gradient, or a few deletions where it has none)."""
    first_order: bool = True
    """Rank substitutions by the gradient before exact scores, where the target gives token gradients."""
    refresh: float = 0.0
    """Look again once this share of the distance to the threshold is left; 0: never."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""


class BeamRewriting(Rewriting[BeamSettings]):
    """The default attack. Registered as `beam`."""

    name = "beam@1"
    kind = BeamSettings

    def attack(self, search: Search) -> None:
        """Search, then polish."""
        self.vectors = _Beam(search, self.proposer, self.settings).run(self.vectors)


class _Beam:
    """One search in progress."""

    def __init__(self, search: Search, proposer: Proposer, settings: BeamSettings) -> None:
        self.search = search
        self.settings = settings
        self.guide = Guide(search, proposer, settings)

    def run(self, vectors: WordVectors | None) -> WordVectors | None:
        """Search, then polish; returns the word vectors, for the next search of the same target."""
        search, settings = self.search, self.settings
        beam = self._select([search.root], self.guide.begin(vectors))
        looked = search.root.logit
        idle = 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            if (
                settings.refresh
                and beam[0].logit < search.threshold + (looked - search.threshold) * settings.refresh
            ):
                self.guide.refresh(beam[0])
                looked = beam[0].logit
            room = min(settings.level, search.meter.left)
            states = search.score(search.screened(self.guide.candidates(beam), room))
            self.guide.learn(states)
            idle = idle + 1 if not states else 0
            if not states:
                beam = [search.root]
                continue
            if not search.accepted:
                states += self._combine(states)
            beam = self._select(beam, states)
        if search.accepted:
            polish(search, settings.polish)
        return self.guide.vectors

    def _combine(self, states: Sequence[State]) -> list[State]:
        """Put edits that each lowered the same text together: one, two, three more onto the best child."""
        self._hint(states)
        settings = self.settings
        if not states or settings.chain <= 0:
            return []
        lead = min(states, key=lambda s: s.rank)
        if lead.origin is None or lead.logit >= lead.origin.logit:
            return []
        return combine(self.search, lead, [edit for _, edit in lead.hints], settings.chain, settings.depth)

    def _hint(self, states: Sequence[State]) -> None:
        """Note on each text the edits that lowered it, and hand them on to its children."""
        for state in states:
            if state.origin is not None and state.edit is not None and state.logit < state.origin.logit:
                state.origin.hints.append((state.logit - state.origin.logit, state.edit))
        for origin in {id(s.origin): s.origin for s in states if s.origin is not None}.values():
            origin.hints.sort(key=lambda h: h[0])
            del origin.hints[12:]
        for state in states:
            if state.origin is None or state.edit is None:
                continue
            moved = [
                (gain, rebase(edit, state.edit))
                for gain, edit in state.origin.hints
                if edit is not state.edit
            ]
            state.hints = [(gain, edit) for gain, edit in moved if edit is not None]

    def _select(self, beam: Sequence[State], states: Sequence[State]) -> list[State]:
        """The next beam: lowest logits, few children of one text; equals are drawn anew each time."""
        return narrowed(
            [*states, *beam], self.settings.width, children=self.settings.children, rng=self.search.rng
        )
