"""Which edits are worth a query: where the target looks, what first order guesses, what has helped so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Protocol

from holdfast.attacks.firstorder import Guess, Look, WordGradient, WordVectors, estimates, look, moved
from holdfast.attacks.positions import choose, deletion_edits, places
from holdfast.attacks.search import Candidate, Search, State
from holdfast.edits.scoring import GRADIENT_QUERIES
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier, Proposer
from holdfast.types import Edit, Snippet

__all__ = ["Guide", "GuideSettings"]

_PRIOR = 4.0
"""Pseudo-observations behind the prior of each kind of edit."""


class GuideSettings(Protocol):
    """The settings a guide reads; see `BeamSettings`."""

    @property
    def sides(self) -> tuple[str, ...]: ...
    @property
    def places(self) -> int: ...
    @property
    def proposals(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def explore(self) -> float: ...
    @property
    def saliency(self) -> bool: ...
    @property
    def first_order(self) -> bool: ...


_Option = tuple[State, Edit, float]
"""An edit of a state's text that may be asked about, and the first-order guess of its logit; nan: none.

Hundreds are made a step: a plain tuple costs a tenth of an object.
"""


class Guide:
    """Proposes and orders candidates for one search; learns within it, never across searches."""

    def __init__(
        self, search: Search, proposer: Proposer, settings: GuideSettings, guess: Guess = estimates
    ) -> None:
        """Nothing is asked of the target yet. `guess`: how a map and word vectors rank edits."""
        self.search = search
        self.proposer = proposer
        self.settings = settings
        self.guess = guess
        self.vectors: WordVectors | None = None
        self._looks: dict[Snippet, Look] = {}
        self._gains: dict[tuple[str, str], tuple[float, float]] = {}

    def begin(self, vectors: WordVectors | None) -> list[State]:
        """Look at the parent: a gradient (3 queries), or some deletions where the target has none.

        `vectors` of an earlier search are used again if they are this target's. Returns the deletions as
        states, where they are candidates in their own right (no screen).
        """
        search = self.search
        self.vectors = vectors
        if not self.settings.saliency:
            return []
        if isinstance(search.target, DifferentiableClassifier):
            self.refresh(search.root)
            return []
        return self._deletions()

    def refresh(self, state: State) -> None:
        """A gradient at `state`, if the budget allows it with room to use it."""
        search = self.search
        target = search.target
        if not isinstance(target, DifferentiableClassifier) or search.meter.left < 8 * GRADIENT_QUERIES:
            return
        if not search.meter.charge(GRADIENT_QUERIES):
            return
        try:
            self._looks[state.snippet], matrix = look(target, state.snippet)
        except InputError:
            return
        if matrix is not None and (self.vectors is None or not self.vectors.fit(target, matrix)):
            self.vectors = WordVectors(target, matrix)  # type: ignore[arg-type]

    def _deletions(self) -> list[State]:
        """Leave-one-out on a random part of the words, for an eighth of the budget; others get the mean."""
        search = self.search
        pairs = deletion_edits(search.parent, self.settings.sides)
        room = min(len(pairs), search.meter.left // 8)
        if room < 4:
            return []
        chosen = [pairs[i] for i in sorted(search.rng.sample(range(len(pairs)), room))]
        found = [search.fresh(search.root, edit) for _, edit in chosen]
        candidates = list({c[2]: c for c in found if c is not None}.values())
        scored = search.scorer.score([snippet for _, _, snippet in candidates], search.rng)
        changes = {
            edit: abs(search.root.logit - z)
            for (_, edit, _), z in zip(candidates, scored, strict=True)
            if z is not None and math.isfinite(z)
        }
        self._looks[search.parent] = [
            WordGradient(place.side, place.start, place.stop, changes[edit])
            for place, edit in chosen
            if edit in changes
        ]
        if search.plausible is not None:
            return []
        return search.score(search.screened(candidates, len(candidates)))

    def look(self, state: State) -> Look:
        """The state's map, carried over from the text it was edited from unless it was looked at itself."""
        if state.snippet not in self._looks:
            carried = self.look(state.origin) if state.origin is not None else []
            self._looks[state.snippet] = moved(carried, state.edit) if state.edit is not None else carried
        return self._looks[state.snippet]

    def candidates(self, beam: Sequence[State]) -> Iterator[Candidate]:
        """Distinct candidates of all texts of the beam, in the order in which they deserve a query.

        Lazy: a text is made when it is asked for.
        """
        kinds: dict[tuple[str, str], list[_Option]] = {}
        for state in beam:
            if len(state.net) < self.settings.depth:
                for option in self._options(state):
                    kinds.setdefault(self._kind(option[1]), []).append(option)
        for kind, members in kinds.items():
            self.search.rng.shuffle(members)
            kinds[kind] = self._first(members)
        for state, edit, _ in self._merge(kinds):
            found = self.search.fresh(state, edit)
            if found is not None:
                yield found

    def _options(self, state: State) -> list[_Option]:
        """Edits at places of the state's text, with first-order guesses where there are any."""
        settings, search = self.settings, self.search
        marks = self.look(state)
        saliency = [(m.side, m.start, m.stop, m.value) for m in marks]
        edits: list[Edit] = []
        for place in choose(
            places(state.snippet, settings.sides), saliency, settings.places, settings.explore, search.rng
        ):
            seed = search.rng.getrandbits(62)
            n = settings.proposals if place.start < place.stop else -(-settings.proposals // 3)
            edits += self.proposer.propose(state.snippet, place.side, place.start, place.stop, n, seed)
        if self.vectors is None or not settings.first_order:
            return [(state, edit, math.nan) for edit in edits]
        guesses = self.guess(marks, edits, self.vectors)
        return [
            (state, edit, math.nan if guess is None else state.logit + guess)
            for edit, guess in zip(edits, guesses, strict=True)
        ]

    def _first(self, members: list[_Option]) -> list[_Option]:
        """The best guesses first, a share `explore` of the places left to chance."""
        ranked = sorted((m for m in members if not math.isnan(m[2])), key=itemgetter(2))
        if not ranked:
            return members
        chance = iter(members)
        order: dict[int, _Option] = {}
        for option in ranked:
            if self.search.rng.random() < self.settings.explore:
                extra = next(chance, option)
                order.setdefault(id(extra), extra)
            order.setdefault(id(option), option)
        for option in members:
            order.setdefault(id(option), option)
        return list(order.values())

    def _merge(self, kinds: dict[tuple[str, str], list[_Option]]) -> Iterator[_Option]:
        """All kinds of edits in one stream, each drawn in proportion to what it has gained so far."""
        queues = {kind: iter(members) for kind, members in sorted(kinds.items())}
        weights = {kind: self._weight(kind) for kind in queues}
        while queues:
            kind = self.search.rng.choices(list(queues), list(weights.values()))[0]
            option = next(queues[kind], None)
            if option is None:
                del queues[kind], weights[kind]
            else:
                yield option

    @staticmethod
    def _kind(edit: Edit) -> tuple[str, str]:
        return edit.side, edit.operation

    def _weight(self, kind: tuple[str, str]) -> float:
        total, count = self._gains.get(kind, (0.0, 0.0))
        prior = 0.1 * max(self.search.root.logit - self.search.threshold, 1e-9)
        return (total + prior * _PRIOR) / (count + _PRIOR)

    def learn(self, states: Sequence[State]) -> None:
        """Take note of what each kind of edit gained."""
        for state in states:
            if state.origin is not None and state.edit is not None:
                kind = self._kind(state.edit)
                total, count = self._gains.get(kind, (0.0, 0.0))
                gain = max(0.0, state.origin.logit - state.logit)
                self._gains[kind] = (total + gain, count + 1)
