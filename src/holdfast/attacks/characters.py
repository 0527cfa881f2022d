"""Character noise where the target looks: slips of typing, homoglyphs, invisible characters; greedy.

A level of exact scores decides which edit of which word stays; edits that helped are then put together one by
one. A word is edited once. On a plateau the search walks on and comes back to the parent, so that it finds
holes that need several edits. Edits that an accepted text does not need are undone.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.attacks.firstorder import Look, WordGradient, look, moved
from holdfast.attacks.polish import polish
from holdfast.attacks.positions import Position, choose, deletion_edits, places
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Plausible, Search, State
from holdfast.attacks.settings import make_settings
from holdfast.edits.characters import KINDS, CharacterProposer, kind_of
from holdfast.edits.scoring import GRADIENT_QUERIES
from holdfast.edits.text import apply, rebase
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier, Proposer
from holdfast.types import Edit, Snippet

__all__ = ["CharacterRewriting", "CharacterSettings"]

_PRIOR = 4.0
"""Pseudo-observations behind the prior of each kind of edit."""


@dataclass(frozen=True, kw_only=True)
class CharacterSettings:
    """What is tried, and how the search spends its queries."""

    kinds: tuple[str, ...] = KINDS
    """Kinds of edits: some of `swap drop double neighbour split homoglyph invisible`."""
    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    level: int = 12
    """Exact scores a level."""
    places: int = 6
    """Words looked at, per level."""
    proposals: int = 14
    """Edits considered of each of them, the kinds in turn."""
    depth: int = 8
    """Words edited, at most."""
    explore: float = 0.34
    """Share of words drawn without regard to saliency."""
    chain: int = 4
    """Further helpful edits tried on top of the best one, after each level."""
    patience: int = 3
    """Levels without a lower (or equal) logit before the search goes back to the parent."""
    saliency: bool = True
    """Ask the target where it looks (a gradient, or a few deletions where it has none)."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""


class CharacterRewriting(Rewriting[CharacterSettings]):
    """Attacks by characters. Registered as `characters`."""

    name = "characters@1"
    holes = ("length", "characters")
    kind = CharacterSettings

    def __init__(
        self, *, proposer: Proposer | None = None, plausible: Plausible | None = None, **settings: object
    ) -> None:
        """`plausible` screens texts before they are scored; `settings` are those of `CharacterSettings`.

        `proposer` is not used: taken because every method of a mix is built with the mix's own. Raises
        ConfigError for an unknown setting or kind.
        """
        kinds = make_settings(CharacterSettings, settings).kinds
        self.slips = CharacterProposer(kinds)
        super().__init__(proposer=self.slips, plausible=plausible, **settings)

    def attack(self, search: Search) -> None:
        """Levels until a text is accepted, then polish."""
        _Greedy(search, self.slips, self.settings).run()
        if search.accepted:
            polish(search, self.settings.polish)


class _Greedy:
    """One search in progress."""

    def __init__(self, search: Search, proposer: CharacterProposer, settings: CharacterSettings) -> None:
        self.search = search
        self.proposer = proposer
        self.settings = settings
        self._looks: dict[Snippet, Look] = {}
        self._gains = {kind: (0.0, 0) for kind in proposer.kinds}
        self._tried: Counter[str] = Counter()

    def run(self) -> None:
        """Search until a text is accepted, the budget is spent, or nothing new is left to try."""
        search, settings = self.search, self.settings
        self._looks[search.parent] = _look(search, settings) if settings.saliency else []
        state = search.root
        idle, stale = 0, 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            room = min(settings.level, search.meter.left)
            found = search.score(search.screened(self._candidates(state), room))
            self._learn(found)
            idle = 0 if found else idle + 1
            if search.accepted:
                break
            best = self._combine(state, found) if found else None
            lower = best is not None and best.logit <= state.logit
            stale = 0 if lower else stale + 1
            if best is not None and lower and len(best.net) < settings.depth:
                state = best
            elif best is None or lower or stale >= settings.patience:
                state, stale = search.root, 0

    def _combine(self, state: State, found: Sequence[State]) -> State:
        """The best text of a level, with as many of the other edits that helped as go on helping."""
        search = self.search
        ranked = sorted(found, key=lambda s: s.rank)
        best = ranked[0]
        helpful = [s.edit for s in ranked[1:] if s.logit < state.logit and s.edit is not None]
        for edit in helpful[: self.settings.chain]:
            if search.accepted or search.meter.left <= 0 or len(best.net) >= self.settings.depth:
                break
            candidate = self._carried(edit, state, best)
            if candidate is None:
                continue
            further = search.score(search.screened([candidate], 1))
            best = min([best, *further], key=lambda s: s.logit)
        return best

    def _carried(self, edit: Edit, start: State, end: State) -> Candidate | None:
        """`edit` of `start`'s text made on `end`'s, which descends from it; None where they touch."""
        after: Edit | None = edit
        for made in end.net[len(start.net) :]:
            after = rebase(after, made) if after is not None else None
        return self.search.fresh(end, after) if after is not None else None

    def _candidates(self, state: State) -> Iterator[Candidate]:
        """Edits of words not edited yet, the kinds mixed in proportion to what they have gained so far."""
        search, settings = self.search, self.settings
        edited = _edited(state.net)
        free = [p for p in places(state.snippet, settings.sides, insertions=False) if not _meets(p, edited)]
        saliency = [(m.side, m.start, m.stop, m.value) for m in self._look_of(state)]
        kinds: dict[str, list[Edit]] = {}
        for p in choose(free, saliency, settings.places, settings.explore, search.rng):
            seed = search.rng.getrandbits(62)
            for edit in self.proposer.propose(
                state.snippet, p.side, p.start, p.stop, settings.proposals, seed
            ):
                kinds.setdefault(kind_of(edit), []).append(edit)
        for edits in kinds.values():
            search.rng.shuffle(edits)
            edits.sort(key=lambda edit: self._tried[_trick(edit)], reverse=True)
        while kinds:
            drawn = search.rng.choices(list(kinds), [self._weight(kind) for kind in kinds])[0]
            found = search.fresh(state, kinds[drawn].pop())
            if not kinds[drawn]:
                del kinds[drawn]
            if found is not None:
                yield found

    def _look_of(self, state: State) -> Look:
        """The parent's map, carried along with the edits."""
        if state.snippet not in self._looks:
            before = self._look_of(state.origin) if state.origin is not None else []
            self._looks[state.snippet] = moved(before, state.edit) if state.edit is not None else before
        return self._looks[state.snippet]

    def _weight(self, kind: str) -> float:
        """Mean gain of a kind so far, drawn towards a tenth of the way to the threshold."""
        total, count = self._gains[kind]
        prior = 0.1 * max(self.search.root.logit - self.search.threshold, 1e-9)
        return (total + prior * _PRIOR) / (count + _PRIOR)

    def _learn(self, states: Sequence[State]) -> None:
        """Take note of what each kind of edit gained."""
        for state in states:
            if state.origin is not None and state.edit is not None:
                self._tried[_trick(state.edit)] += 1
                total, count = self._gains[kind_of(state.edit)]
                gain = max(0.0, state.origin.logit - state.logit)
                self._gains[kind_of(state.edit)] = (total + gain, count + 1)


def _trick(edit: Edit) -> str:
    """What a disguise is made of: the unseen character, or the first word of a letter's name; else empty.

    Tricks that were tried least come first, so that each is seen before one is seen twice.
    """
    added = next((c for c in edit.new if not c.isascii() and c not in edit.old), "")
    return unicodedata.name(added, "").split(" ", 1)[0] if added.isalpha() else added


def _edited(net: Sequence[Edit]) -> list[Position]:
    """Where the edits of a text lie in it; each edit is relative to the text the one before it left."""
    spans: list[Edit] = []
    for edit in net:
        kept = [rebase(span, edit) for span in spans]
        own = Edit(side=edit.side, start=edit.start, stop=edit.start + len(edit.new), old="", new="")
        spans = [*(span for span in kept if span is not None), own]
    return [Position(span.side, span.start, span.stop) for span in spans]


def _meets(place: Position, edited: Sequence[Position]) -> bool:
    """True if `place` overlaps an edited span."""
    return any(e.side == place.side and e.start < place.stop and place.start < e.stop for e in edited)


def _look(search: Search, settings: CharacterSettings) -> Look:
    """Where the target looks in the parent; empty where the budget does not allow it or the target refuses.

    A gradient (3 queries) where there is one, else leave-one-out on a random part of the words, for an eighth
    of the budget. Texts with a word left out are no character edits, so they are never candidates.
    """
    target, meter = search.target, search.meter
    if isinstance(target, DifferentiableClassifier):
        if meter.left < 8 * GRADIENT_QUERIES or not meter.charge(GRADIENT_QUERIES):
            return []
        try:
            return look(target, search.parent)[0]
        except InputError:
            return []
    pairs = deletion_edits(search.parent, settings.sides)
    room = min(len(pairs), meter.left // 8)
    if room < 4:
        return []
    chosen = [pairs[i] for i in sorted(search.rng.sample(range(len(pairs)), room))]
    logits = search.scorer.score([apply(search.parent, edit) for _, edit in chosen], search.rng)
    return [
        WordGradient(place.side, place.start, place.stop, abs(search.root.logit - z))
        for (place, _), z in zip(chosen, logits, strict=True)
        if z is not None and math.isfinite(z)
    ]
