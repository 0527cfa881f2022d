"""Help for a person who attacks: where the classifier looks, and which edits lower its logit."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING

from holdfast.attacks.closely import Masked, group_of, guessed_changes, in_pieces, masked_at
from holdfast.attacks.firstorder import (
    Look,
    TokenDifferentiable,
    WordVectors,
    estimates,
    look,
)
from holdfast.attacks.menu import Proposal, propose_at
from holdfast.attacks.positions import Saliency, places
from holdfast.attacks.saliency import (
    SIDES,
    EmbeddingDifferentiable,
    default_method,
    saliency_map,
)
from holdfast.edits.scoring import GRADIENT_QUERIES, ExactScorer, QueryMeter
from holdfast.edits.text import apply
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier, Proposer, Scorer
from holdfast.types import (
    AttackBudget,
    BestEdit,
    Edit,
    EditRequest,
    RankedEdit,
    SaliencyMap,
    Snippet,
)

if TYPE_CHECKING:
    from holdfast.attacks.firstorder import Place

__all__ = ["EditAssistant", "StillCatastrophic"]

StillCatastrophic = Callable[[list[Snippet]], Sequence[bool | float]]
"""A screen: for each text whether it is still catastrophic, or how probably; in [0, 1], in order."""

_CACHED = 200_000
_LOOKS = 64
_WORTH_A_GRADIENT = 9
"""Edits of one place from which on they are ordered by a gradient of their own."""
_FIRST = 0.75
"""Share of a menu's exact scores that goes to each kind of edits in turn; the rest goes where these lead."""
_PIECED = 6
"""Among the new words that a kind has scored, each so manyth is one of several tokens."""
_TRUST = 0.5
"""How far a guess is believed beside exact scores of its kind."""
_MAP = EditRequest(propose=40, exact=4, screen=8, operations=("substitute", "delete"))


_Kind = tuple[Hashable, bool]
"""What edits have in common whose guesses compare: their group, and whether the new word is in pieces."""


class EditAssistant:
    """`protocols.Assistant` over one target and one proposer, with a cache shared by all its users.

    Queries are counted in `meter`, cache hits apart; nothing limits them.
    """

    def __init__(
        self, target: Scorer, proposer: Proposer, *, plausible: StillCatastrophic | None = None
    ) -> None:
        """`target` is what is attacked; one with gradients gives the fast first map, and orders proposals.

        `plausible`: menus are ordered by the fall of the logit times its answer.
        """
        self.target = target
        self.proposer = proposer
        self.plausible = plausible
        self.meter = QueryMeter(AttackBudget(seconds=math.inf, queries=None))
        self._scorer = ExactScorer(target, self.meter)
        self._looks: dict[Snippet, Look] = {}
        self._vectors: WordVectors | None = None

    def score(self, snippet: Snippet) -> float:
        """The exact logit. Raises InputError where the target cannot score the text."""
        z = self._scored([snippet])[0]
        if math.isinf(z):
            self.target.score([snippet])
            raise InputError("the text cannot be scored")
        return z

    def saliency(self, snippet: Snippet, method: str | None = None) -> Saliency:
        """Per word (side, start, stop, value) by a method of `attacks.saliency.METHODS`.

        None: the gradient norm, or the deletion map where the target has no gradient. Raises as
        `saliency_map` does.
        """
        return list(self.map_by(snippet, method).words)

    def map_by(self, snippet: Snippet, method: str | None = None) -> SaliencyMap:
        """The same with its cost, and with the gap of integrated gradients."""
        name = method or default_method(self.target)
        if name == "gradient" and (marks := self._look(snippet)):
            # The same gradient orders the edits: one serves for both.
            values = {(m.side, m.start, m.stop): m.value for m in marks}
            at = [(p.side, p.start, p.stop) for p in places(snippet, SIDES, insertions=False)]
            return SaliencyMap(
                method=name, words=tuple((*p, values.get(p, 0.0)) for p in at), cost=GRADIENT_QUERIES
            )
        if name != "deletion":
            found = saliency_map(snippet, self.target, name)
            self.meter.grant(found.cost)
            return found
        return saliency_map(snippet, self.target, name, score=self._scored)

    def deletion_map(self, snippet: Snippet) -> Saliency:
        """Per word (side, start, stop, logit now minus logit without it): each an experiment."""
        return self.saliency(snippet, "deletion")

    def ranked_edits(
        self, snippet: Snippet, side: str, start: int, stop: int, n: int
    ) -> list[tuple[Edit, float]]:
        """Up to `n` edits of one word (start == stop: insertions) with exact logits, lowest first.

        The proposer's own list, all of it scored; `edits_at` proposes more than it scores.
        """
        edits = self.proposer.propose(snippet, side, start, stop, n, seed=0)
        logits = self._scored([apply(snippet, edit) for edit in edits])
        ranked = [(edit, z) for edit, z in zip(edits, logits, strict=True) if math.isfinite(z)]
        return sorted(ranked, key=lambda pair: pair[1])

    def edits_at(
        self, snippet: Snippet, side: str, start: int, stop: int, request: EditRequest | None = None
    ) -> list[RankedEdit]:
        """Substitutes, insertions, deletions and rewritten spans at a place, those that gain most first.

        Many are proposed; first order (where the target gives token gradients) orders them; the best
        `request.exact` are scored and listed. With `exact` 0 all are listed by estimate alone (with a
        screen, the best that it was shown). Raises InputError where the text cannot be scored or has no such
        place.
        """
        request = request or EditRequest()
        before = self.score(snippet)
        place = (side, start, stop)
        found = propose_at(snippet, place, self.proposer, request, lambda edits: self._first(snippet, edits))
        entries = self._entries(snippet, found, before, closely=True)
        vectors = self._vectors
        kinds = {p.edit: (group_of(p), vectors is not None and in_pieces(p, vectors)) for p in found}
        if self.plausible is not None:
            width = max(request.screen, request.exact)
            entries = self._screened(snippet, [_in_turn(entries, width, request.explore, kinds)])[0]
        if request.exact == 0:
            return _shortlist(entries, len(entries), 0.0)
        first = _in_turn(entries, math.ceil(request.exact * _FIRST), request.explore, kinds)
        scored = self._exact(snippet, first)
        asked = {e.edit for e in first}
        others = _corrected([e for e in entries if e.edit not in asked], scored, kinds)
        scored += self._exact(snippet, _shortlist(others, request.exact - len(first), 0.0))
        return _by_gain(scored)

    def best_edit_map(self, snippet: Snippet, request: EditRequest | None = None) -> list[BestEdit]:
        """For each word of the snippet the edit that gains most, by exact scores.

        `request` holds for one word (default: 40 substitutes and the deletion, 4 exact scores). One gradient
        orders the proposals of all words. Raises InputError where the text cannot be scored.
        """
        request = request or _MAP
        before = self.score(snippet)
        found = places(snippet, SIDES, insertions=False)
        lists = []
        for place in found:
            key = (place.side, place.start, place.stop)
            lists.append(self._entries(snippet, propose_at(snippet, key, self.proposer, request), before))
        settled = self._settled(snippet, lists, request)
        return [
            BestEdit(side=p.side, start=p.start, stop=p.stop, best=ranked[0] if ranked else None)
            for p, ranked in zip(found, settled, strict=True)
        ]

    def _entries(
        self, snippet: Snippet, found: list[Proposal], before: float, *, closely: bool = False
    ) -> list[RankedEdit]:
        """Proposals with estimates; `closely`: by a second gradient at the place with most new words."""
        masked = self._masked(snippet, found) if closely else None
        if masked is not None and self._vectors is not None:
            changes = guessed_changes(found, self._look(snippet), masked, self._vectors, before)
            guesses = [None if change is None else before + change for change in changes]
        else:
            guesses = self._guesses(snippet, found, before)
        return [
            RankedEdit(edit=p.edit, before=before, logit=None, estimate=g)
            for p, g in zip(found, guesses, strict=True)
        ]

    def _guesses(self, snippet: Snippet, found: list[Proposal], before: float) -> list[float | None]:
        """Logits guessed from the gradient at the text as it is; None where that does not reach."""
        marks = self._look(snippet)
        if self._vectors is None:
            return [None] * len(found)
        parts = iter(estimates(marks, [part for p in found for part in p.parts], self._vectors))
        guesses: list[float | None] = []
        for proposal in found:
            changes = [next(parts) for _ in proposal.parts]
            known = [c for c in changes if c is not None]
            guesses.append(before + sum(known) if known and len(known) == len(changes) else None)
        return guesses

    def _masked(self, snippet: Snippet, found: list[Proposal]) -> Masked | None:
        """The gradient where the place with most new words is masked; None where it is not worth one."""
        target = self.target
        places_of: dict[Place, list[Edit]] = {}
        for proposal in found:
            if proposal.worded:
                places_of.setdefault(proposal.place, []).append(proposal.edit)
        place, edits = max(places_of.items(), key=lambda item: len(item[1]), default=(None, []))
        if place is None or len(edits) < _WORTH_A_GRADIENT or not isinstance(target, EmbeddingDifferentiable):
            return None
        self.meter.grant(GRADIENT_QUERIES)
        try:
            return masked_at(target, snippet, place, edits)
        except InputError:  # the text is at its longest already: one more word is one too many
            return None

    def _first(self, snippet: Snippet, edits: list[Edit]) -> list[Edit]:
        """Substitutes by their first-order guess, those without one last."""
        marks = self._look(snippet)
        if self._vectors is None:
            return edits
        changes = estimates(marks, edits, self._vectors)
        keyed = sorted(enumerate(edits), key=lambda p: math.inf if (c := changes[p[0]]) is None else c)
        return [edit for _, edit in keyed]

    def _look(self, snippet: Snippet) -> Look:
        """The text under one gradient, remembered; nothing where the target has none by tokens."""
        target = self.target
        if not isinstance(target, TokenDifferentiable) or not isinstance(target, DifferentiableClassifier):
            return []
        if snippet not in self._looks:
            if len(self._looks) >= _LOOKS:
                del self._looks[next(iter(self._looks))]
            self.meter.grant(GRADIENT_QUERIES)
            self._looks[snippet], matrix = look(target, snippet)
            if self._vectors is None or not self._vectors.fit(target, matrix):
                self._vectors = WordVectors(target, matrix)
        return self._looks[snippet]

    def _settled(
        self, snippet: Snippet, lists: list[list[RankedEdit]], request: EditRequest
    ) -> list[list[RankedEdit]]:
        """Each list screened, cut to its best, scored exactly and ordered; one call each for all lists."""
        if self.plausible is not None:
            width = max(request.screen, request.exact)
            lists = self._screened(snippet, [_shortlist(row, width, request.explore) for row in lists])
        if request.exact == 0:
            return [_shortlist(row, len(row), 0.0) for row in lists]
        lists = [_shortlist(row, request.exact, request.explore) for row in lists]
        scored = iter(self._exact(snippet, [entry for row in lists for entry in row]))
        return [_by_gain([next(scored) for _ in row]) for row in lists]

    def _exact(self, snippet: Snippet, entries: list[RankedEdit]) -> list[RankedEdit]:
        """The entries with exact logits, in order; +inf where the text cannot be scored."""
        logits = self._scored([apply(snippet, entry.edit) for entry in entries])
        return [replace(entry, logit=z) for entry, z in zip(entries, logits, strict=True)]

    def _screened(self, snippet: Snippet, lists: list[list[RankedEdit]]) -> list[list[RankedEdit]]:
        """The entries with the screen's answers. Raises InputError where those are no probabilities."""
        texts = [apply(snippet, entry.edit) for row in lists for entry in row]
        if self.plausible is None or not texts:
            return lists
        self.meter.screened += len(texts)
        answers = [float(p) for p in self.plausible(texts)]
        if len(answers) != len(texts) or not all(0 <= p <= 1 for p in answers):
            raise InputError(
                f"the screen gave {len(answers)} answers for {len(texts)} texts",
                expected="a probability from 0 to 1 for each",
            )
        each = iter(answers)
        return [[replace(entry, plausible=next(each)) for entry in row] for row in lists]

    def _scored(self, snippets: list[Snippet]) -> list[float]:
        if len(self._scorer.cache) > _CACHED:
            self._scorer.cache.clear()
        found = self._scorer.score(snippets, Random(0))
        return [math.inf if z is None else z for z in found]


def _shortlist(entries: list[RankedEdit], n: int, explore: float) -> list[RankedEdit]:
    """The `n` that gain most by estimate; a share `explore` of them such as have none, in the order given."""
    known = sorted((e for e in entries if e.estimate is not None), key=lambda e: -e.gain)
    other = sorted((e for e in entries if e.estimate is None), key=lambda e: -e.plausible)
    room = min(len(other), max(round(n * explore), n - len(known)))
    return known[: n - room] + other[:room]


def _by_gain(entries: list[RankedEdit]) -> list[RankedEdit]:
    """Those that could be scored, best first."""
    kept = [e for e in entries if e.logit is not None and math.isfinite(e.logit)]
    return sorted(kept, key=lambda e: -e.gain)


def _in_turn(
    entries: list[RankedEdit], n: int, explore: float, kinds: Mapping[Edit, _Kind]
) -> list[RankedEdit]:
    """As `_shortlist`, but the kinds of edits take turns: guesses of two kinds are hard to compare.

    First comes one edit of each operation. Within a group words in pieces have their own places.
    """
    queues: dict[Hashable, tuple[list[RankedEdit], list[RankedEdit]]] = {}
    for entry in _shortlist(entries, len(entries), 0.0):
        if entry.estimate is not None:
            group, pieced = kinds[entry.edit]
            queues.setdefault(group, ([], []))[pieced].append(entry)
    spaced = [_spaced(*pair) for pair in queues.values()]
    known = [e for row in zip_longest(*spaced) for e in row if e is not None]
    lead = {e.edit.operation: e for e in reversed(known)}.values()
    known = [*lead, *(e for e in known if e not in lead)]
    other = sorted((e for e in entries if e.estimate is None), key=lambda e: -e.plausible)
    room = min(len(other), max(round(n * explore), n - len(known)))
    return known[: n - room] + other[:room]


def _spaced(whole: list[RankedEdit], pieced: list[RankedEdit]) -> list[RankedEdit]:
    """Both lists in one: each `_PIECED`th is of the second, as long as both last."""
    found: list[RankedEdit] = []
    rest = iter(pieced)
    for number, entry in enumerate(whole, 1):
        found.append(entry)
        if number % (_PIECED - 1) == 0:
            found += [e for e in [next(rest, None)] if e is not None]
    return [*found, *rest]


def _corrected(
    entries: list[RankedEdit], scored: list[RankedEdit], kinds: Mapping[Edit, _Kind]
) -> list[RankedEdit]:
    """The entries with new estimates, by what exact scores say of others of their kind.

    A kind's best is taken as its level, from which guesses lead away at half their size: they exaggerate.
    """
    level: dict[Hashable, float] = {}
    for entry in scored:
        if entry.estimate is not None and entry.logit is not None and math.isfinite(entry.logit):
            kind = kinds[entry.edit]
            level[kind] = min(level.get(kind, math.inf), entry.logit - _TRUST * entry.estimate)
    return [
        replace(e, estimate=level[kinds[e.edit]] + _TRUST * e.estimate)
        if e.estimate is not None and kinds[e.edit] in level
        else replace(e, estimate=None)
        for e in entries
    ]
