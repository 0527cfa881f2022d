"""Rewriting by what a masked language model expects in a place: CLARE, and BERT-Attack.

CLARE (Li et al. 2021): every word may be replaced, every gap filled, every pair of words merged into one; all
these edits stand in one ranking, the first are scored exactly, and the best that do not touch one another are
made together. BERT-Attack (Li et al. 2020): words in the order of what the logit loses when each is masked,
then for each the best of many replacements, kept where it lowers the logit.

Both ask the mix's proposer, which should hold a masked language model (`attack.proposals` in the config); any
other will do. Edits are spans of text, so positions move with the text, blanks and case are kept, and a trial
is a text of its own: none leaks into the text that is worked on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from holdfast.attacks.combine import combine
from holdfast.attacks.firstorder import (
    Look,
    TokenDifferentiable,
    WordGradient,
    WordVectors,
    all_estimates,
    look,
    moved,
)
from holdfast.attacks.greedy import GreedyRewriting, GreedySettings, importance
from holdfast.attacks.polish import polish
from holdfast.attacks.positions import Position, choose, places
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Plausible, Search, State
from holdfast.edits.scoring import GRADIENT_QUERIES
from holdfast.edits.text import Side, rebase, side_text
from holdfast.edits.words import words
from holdfast.errors import ConfigError, InputError
from holdfast.protocols import DifferentiableClassifier, Proposer
from holdfast.types import Edit, Snippet

__all__ = [
    "OPERATIONS",
    "MaskedRewriting",
    "MaskedSettings",
    "MaskedSwapping",
    "SwapSettings",
    "masked_edits",
    "pairs",
]

OPERATIONS = ("replace", "insert", "merge")
"""What the ranking may hold."""


@dataclass(frozen=True, kw_only=True)
class MaskedSettings:
    """How the search spends its queries."""

    operations: tuple[str, ...] = OPERATIONS
    """Kinds of edits: some of `replace insert merge`."""
    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    level: int = 32
    """Exact scores a level."""
    places: int = 24
    """Words, gaps and pairs looked at, per level; each is one pass of the masked language model."""
    proposals: int = 8
    """Words asked for each of them."""
    explore: float = 0.25
    """Share of places, and of exact scores, drawn without regard to the gradient."""
    chain: int = 4
    """Further edits that are made together with the best one of a level; each costs a query."""
    depth: int = 12
    """Edits on one text, at most."""
    patience: int = 3
    """Levels without a lower logit, walking on among equals, before the search goes back to the parent."""
    first_order: bool = True
    """Rank replacements and insertions by the gradient, where the target gives token gradients; else, all
    edits are ranked as the masked language model does."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""


class MaskedRewriting(Rewriting[MaskedSettings]):
    """Replace, insert and merge in one ranking. Registered as `clare`."""

    name = "clare@1"
    kind = MaskedSettings
    access = "score"
    """Logits do; a gradient is used where there is one."""

    def __init__(self, *, proposer: Proposer, plausible: Plausible | None = None, **settings: object) -> None:
        """`plausible` screens texts before they are scored; `settings` are the fields of `MaskedSettings`.

        Raises ConfigError for an unknown setting or operation.
        """
        super().__init__(proposer=proposer, plausible=plausible, **settings)
        unknown = set(self.settings.operations) - set(OPERATIONS)
        if unknown or not self.settings.operations:
            raise ConfigError(
                f"clare operations {self.settings.operations}", expected=f"some of {OPERATIONS}"
            )

    def attack(self, search: Search) -> None:
        """Levels until a text is accepted, then polish."""
        view = _View(search, self.vectors, on=self.settings.first_order)
        _Levels(search, self.proposer, self.settings, view).run()
        self.vectors = view.vectors
        if search.accepted:
            polish(search, self.settings.polish)


class _View:
    """A target's gradient at the texts of one search, as far as it has one and the budget allows it."""

    def __init__(self, search: Search, vectors: WordVectors | None, *, on: bool) -> None:
        self.search = search
        self.on = on and isinstance(search.target, TokenDifferentiable)
        self.vectors = vectors
        self._looks: dict[Snippet, Look] = {}

    def at(self, state: State) -> Look:
        """The words under the gradient at the state's text (3 queries), else under one carried over."""
        if state.snippet not in self._looks:
            self._looks[state.snippet] = self._fresh(state)
        return self._looks[state.snippet]

    def _fresh(self, state: State) -> Look:
        target, meter = self.search.target, self.search.meter
        room = self.on and meter.left >= 8 * GRADIENT_QUERIES
        if room and isinstance(target, DifferentiableClassifier) and meter.charge(GRADIENT_QUERIES):
            try:
                marks, matrix = look(target, state.snippet)
            except InputError:
                return []
            if matrix is not None and (self.vectors is None or not self.vectors.fit(target, matrix)):
                self.vectors = WordVectors(cast(TokenDifferentiable, target), matrix)
            return marks
        if state.origin is None or state.edit is None:
            return []
        return moved(self._looks.get(state.origin.snippet, []), state.edit)

    def guesses(self, state: State, edits: list[Edit]) -> list[float | None]:
        """Guessed change of the logit by each edit; None where first order says nothing."""
        marks = self.at(state) if self.on else []
        if not marks or self.vectors is None:
            return [None] * len(edits)
        return all_estimates(marks, edits, self.vectors)


class _Levels:
    """One search in progress."""

    def __init__(self, search: Search, proposer: Proposer, settings: MaskedSettings, view: _View) -> None:
        self.search = search
        self.proposer = proposer
        self.settings = settings
        self.view = view

    def run(self) -> None:
        """Search until a text is accepted, the budget is spent, or nothing new is left to try."""
        search, settings = self.search, self.settings
        current, idle, stale = search.root, 0, 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            ranked = self._ranked(current)
            states = search.score(search.screened(ranked, min(settings.level, search.meter.left)))
            idle = 0 if states else idle + 1
            if search.accepted:
                break
            best = min([*states, *self._together(current, states)], key=lambda s: s.rank, default=None)
            stale = 0 if best is not None and best.logit < current.logit else stale + 1
            if best is None or stale > settings.patience or len(best.net) >= settings.depth:
                current, stale = search.root, 0
            elif best.logit <= current.logit:
                current = best

    def _together(self, current: State, states: Sequence[State]) -> list[State]:
        """The best edit of a level with the next best ones that lowered the logit and do not touch it."""
        helpful = sorted((s for s in states if s.logit < current.logit), key=lambda s: s.rank)
        if not helpful or helpful[0].edit is None:
            return []
        lead, *others = helpful
        over = helpful[0].edit
        carried = [rebase(s.edit, over) for s in others if s.edit is not None]
        edits = [edit for edit in carried if edit is not None]
        return combine(self.search, lead, edits, self.settings.chain, self.settings.depth)

    def _ranked(self, state: State) -> Iterator[Candidate]:
        """Distinct candidates in the order in which they deserve a query, a share of them by chance."""
        search = self.search
        kinds: dict[str, list[tuple[int, Edit]]] = {}
        for operation, place in self._slots(state):
            for rank, edit in enumerate(self._asked(state, operation, place)):
                kinds.setdefault(edit.operation, []).append((rank, edit))
        first = iter(self._merged(state, kinds))
        rest = [edit for members in kinds.values() for _, edit in members]
        search.rng.shuffle(rest)
        chance = iter(rest)
        for edit in first:
            drawn = next(chance, edit) if search.rng.random() < self.settings.explore else edit
            for one in dict.fromkeys((drawn, edit)):
                found = search.fresh(state, one)
                if found is not None:
                    yield found

    def _merged(self, state: State, kinds: dict[str, list[tuple[int, Edit]]]) -> list[Edit]:
        """All edits in one ranking. First order compares within a kind, so kinds are merged by quantile.

        Within a kind: the gradient's guesses, where there are any, then the model's order in each place.
        """
        edits = [edit for members in kinds.values() for _, edit in members]
        guesses = dict(zip(map(id, edits), self.view.guesses(state, edits), strict=True))
        keyed: list[tuple[float, Edit]] = []
        for members in kinds.values():
            self.search.rng.shuffle(members)
            guessed = sorted(
                ((g, edit) for _, edit in members if (g := guesses[id(edit)]) is not None), key=lambda m: m[0]
            )
            others = sorted((m for m in members if guesses[id(m[1])] is None), key=lambda m: m[0])
            order = [edit for _, edit in guessed] + [edit for _, edit in others]
            keyed += [((i + self.search.rng.random()) / len(order), edit) for i, edit in enumerate(order)]
        return [edit for _, edit in sorted(keyed, key=lambda m: m[0])]

    def _slots(self, state: State) -> list[tuple[str, Position]]:
        """Words, gaps and pairs to look at, by the gradient where there is one."""
        settings, snippet = self.settings, state.snippet
        found: dict[Position, str] = {}
        if "replace" in settings.operations:
            found |= dict.fromkeys(places(snippet, settings.sides, insertions=False), "replace")
        if "insert" in settings.operations:
            found |= dict.fromkeys(places(snippet, settings.sides, words_too=False), "insert")
        if "merge" in settings.operations:
            found |= dict.fromkeys(pairs(snippet, settings.sides), "merge")
        marks = self.view.at(state) if self.view.on else []
        values = [(m.side, m.start, m.stop, m.value) for m in marks]
        chosen = choose(list(found), values, settings.places, settings.explore, self.search.rng)
        return [(found[place], place) for place in chosen]

    def _asked(self, state: State, operation: str, place: Position) -> list[Edit]:
        """What the model expects in the place; a proposed deletion is no fill of a mask."""
        seed = self.search.rng.getrandbits(62)
        edits = self.proposer.propose(
            state.snippet, place.side, place.start, place.stop, self.settings.proposals, seed
        )
        filled = [edit for edit in edits if edit.operation != "delete"]
        return [replace(edit, operation="span") for edit in filled] if operation == "merge" else filled


def pairs(snippet: Snippet, sides: Sequence[str]) -> list[Position]:
    """Two neighbouring words each, on one line with only blanks between: what a merge makes one."""
    found: list[Position] = []
    for side in ("prompt", "completion"):
        if side in sides:
            text = side_text(snippet, side)
            split = words(text)
            found += [
                Position(side, one.start, two.stop)
                for one, two in zip(split, split[1:], strict=False)
                if not text[one.stop : two.start].strip(" \u00a0")
            ]
    return found


@dataclass(frozen=True, kw_only=True)
class SwapSettings(GreedySettings):
    """How the search spends its queries."""

    proposals: int = 48
    """Words asked for each place."""
    exact: int = 16
    """Of these, scored exactly: the first by the gradient; all of them where the target gives none."""
    blank: str = "_"
    """What stands in a masked word's place. Text, as all that is scored: in a text, a special token such as
    `[UNK]`, which the original uses, is read as ordinary characters."""
    first_order: bool = True
    """Use the gradient, where the target gives token gradients."""


class MaskedSwapping(GreedyRewriting):
    """Greedy replacements, words ordered by masking. Registered as `bert_attack`."""

    name = "bert_attack@1"
    access = "score"
    """Logits do; a gradient is used where there is one."""
    kind = SwapSettings
    settings: SwapSettings

    def __init__(self, *, proposer: Proposer, plausible: Plausible | None = None, **settings: object) -> None:
        """`plausible` screens texts before they are scored; `settings` are the fields of `SwapSettings`.

        Raises ConfigError for an unknown setting.
        """
        super().__init__(proposer=proposer, plausible=plausible, **settings)
        self._view: _View | None = None

    def _marks(self, search: Search, current: State, room: int) -> Look:
        """Every word, the last one too, with what the logit loses when it is masked."""
        return importance(
            search,
            current,
            self.settings.sides,
            room,
            lambda snippet, sides: masked_edits(snippet, sides, self.settings.blank),
        )

    def _edits(self, search: Search, current: State, mark: WordGradient) -> list[Edit]:
        """Replacements of one word, the first by the gradient where there is one."""
        settings = self.settings
        edits = [e for e in super()._edits(search, current, mark) if e.operation == "substitute"]
        if self._view is None or self._view.search is not search:
            vectors = self._view.vectors if self._view is not None else None
            self._view = _View(search, vectors, on=settings.first_order)
        guesses = self._view.guesses(current, edits)
        known = [(g, i) for i, g in enumerate(guesses) if g is not None]
        if not known:
            return edits
        others = [i for i, g in enumerate(guesses) if g is None]
        return [edits[i] for i in [*(i for _, i in sorted(known)), *others][: settings.exact]]


def masked_edits(snippet: Snippet, sides: Sequence[str], blank: str) -> list[tuple[Position, Edit]]:
    """For each word the edit that puts `blank` in its place, blanks around it untouched."""
    found: list[tuple[Position, Edit]] = []
    for place in places(snippet, sides, insertions=False):
        old = side_text(snippet, place.side)[place.start : place.stop]
        edit = Edit(
            side=cast(Side, place.side),
            start=place.start,
            stop=place.stop,
            old=old,
            new=blank,
            source="leave-one-out",
        )
        found.append((place, edit))
    return found
