"""Paraphrase: whole sentences told in another way, by rules and, if there is one, by a language model.

Rewrites that say the same (voice, order of clauses, merging and splitting, a noun for a verb, a name for a
pronoun; see `edits.rules`) are scored, also one on top of another; the best three go to a local search by the
proposer's edits; then what was not needed is undone. After the paraphrase attacks of Iyyer et al. (2018) and
Ribeiro et al. (2018, "Semantically equivalent adversarial rules"), whose rules need no model either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol, cast

from holdfast.attacks.combine import combine
from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.guide import Guide
from holdfast.attacks.polish import polish
from holdfast.attacks.rewriter import EndpointRewriter
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Plausible, Search, State, narrowed
from holdfast.edits.rules import rule_edits
from holdfast.edits.text import Side, side_text
from holdfast.edits.words import words
from holdfast.errors import ConfigError
from holdfast.protocols import Proposer
from holdfast.types import Edit, Snippet

__all__ = ["ParaphraseRewriting", "ParaphraseSettings", "Rewriter"]


class Rewriter(Protocol):
    """Tells a snippet in other words."""

    def rewrite(self, snippet: Snippet, n: int, seed: int, seconds: float | None = None) -> list[Snippet]:
        """Up to `n` rewrites, fewer or none where it cannot; within about `seconds`."""
        ...


@dataclass(frozen=True, kw_only=True)
class ParaphraseSettings:
    """How the search spends its queries."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    endpoint: str = ""
    """Base URL of an OpenAI-compatible server whose model rewrites too; empty: rules only."""
    model: str = ""
    """The model asked there."""
    timeout: float = 60.0
    """Seconds for one request."""
    calls: int = 2
    """Questions put to the endpoint for one parent, at most (repair requests not counted)."""
    rewrites: int = 6
    """Rewrites asked for in one question."""
    share: float = 0.5
    """Share of the queries that paraphrases may cost; the local search has the rest."""
    rounds: int = 3
    """Rules on top of one another, at most."""
    width: int = 3
    """Texts that go on to the next round, and to the local search."""
    level: int = 8
    """Exact scores a level of the local search."""
    places: int = 10
    """Words and insertion points looked at, per text and level."""
    proposals: int = 12
    """Edits asked of the proposer for a word; a third of it at an insertion point; 0: no local search."""
    depth: int = 12
    """Edits on one text, at most."""
    explore: float = 0.34
    """Share of places drawn without regard to saliency."""
    saliency: bool = True
    """Ask the target where it looks (a gradient, or a few deletions where it has none)."""
    first_order: bool = True
    """Rank substitutions by the gradient before exact scores, where the target gives token gradients."""
    polish: int = 24
    """Queries spent at most on undoing needless edits."""


class ParaphraseRewriting(Rewriting[ParaphraseSettings]):
    """Paraphrases, then a local search. Registered as `paraphrase`."""

    name = "paraphrase@1"
    kind = ParaphraseSettings
    access = "score"
    """Logits do; a gradient is used where there is one."""

    def __init__(
        self,
        *,
        proposer: Proposer,
        plausible: Plausible | None = None,
        rewriter: Rewriter | None = None,
        **settings: object,
    ) -> None:
        """`plausible` screens texts before they are scored; `settings` are those of `ParaphraseSettings`.

        rewriter: asked beside the rules; by default the one at `settings.endpoint`, if any. With one, results
        repeat as far as it repeats itself. Raises ConfigError for an unknown setting, and for an endpoint
        without a model, or without the client or key to reach it.
        """
        super().__init__(proposer=proposer, plausible=plausible, **settings)
        endpoint, model = self.settings.endpoint, self.settings.model
        if endpoint and not model:
            raise ConfigError(f"paraphrase endpoint {endpoint!r} without a model", expected="a model's name")
        if rewriter is None and endpoint:
            own = EndpointRewriter(endpoint, model, timeout=self.settings.timeout)
            own.check()
            rewriter = own
        self.rewriter = rewriter

    def attack(self, search: Search) -> None:
        """Paraphrases, a local search from the best of them, then polish."""
        found = _Paraphrases(search, self.settings, self.rewriter).run()
        if not search.accepted and self.settings.proposals > 0:
            local = _Local(search, Guide(search, self.proposer, self.settings), self.settings)
            self.vectors = local.run(found, self.vectors)
        if search.accepted:
            polish(search, self.settings.polish)


class _Paraphrases:
    """Rules on top of one another, and rewrites by a model; scored until a share of the budget is spent."""

    def __init__(self, search: Search, settings: ParaphraseSettings, rewriter: Rewriter | None) -> None:
        self.search = search
        self.settings = settings
        self.rewriter = rewriter
        self._end = search.meter.spent + int(search.meter.left * settings.share)
        self._told: set[tuple[str, ...]] = {_gist(search.parent)}

    @property
    def _room(self) -> int:
        return min(self.search.meter.left, self._end - self.search.meter.spent)

    def run(self) -> list[State]:
        """The best texts, the parent among them where it is one."""
        search, settings = self.search, self.settings
        pool, layer = [search.root], [search.root]
        for _ in range(settings.rounds):
            room = self._room
            if room <= 0 or search.accepted:
                break
            states = search.score(search.screened(self._ruled(layer), room))
            if not states:
                break
            pool += states
            layer = narrowed(states, settings.width, children=settings.width, rng=search.rng)
        for call in range(settings.calls if self.rewriter is not None else 0):
            if self._room <= 0 or search.accepted:
                break
            pool += self._rewritten(call)
        return narrowed(pool, settings.width, children=settings.width, rng=search.rng)

    def _ruled(self, layer: Sequence[State]) -> Iterator[Candidate]:
        """Every rule on every text of the layer, in random order."""
        pairs = [
            (state, edit)
            for state in layer
            if len(state.net) < self.settings.depth
            for side in self.settings.sides
            for edit in rule_edits(state.snippet, side)
        ]
        self.search.rng.shuffle(pairs)
        for state, edit in pairs:
            found = self.search.fresh(state, edit)
            if found is not None and self._new(found[2]):
                yield found

    def _rewritten(self, call: int) -> list[State]:
        """One question to the rewriter, each answer as an edit or two of the parent."""
        search, settings = self.search, self.settings
        limit = search.meter.budget.seconds
        seconds = None if limit is None else max(0.0, limit - search.meter.seconds)
        if self.rewriter is None:
            return []
        seed = search.rng.getrandbits(62)
        found: list[State] = []
        for snippet in self.rewriter.rewrite(search.parent, settings.rewrites, seed, seconds):
            if self._room <= 0 or search.accepted:
                break
            edits = [e for side in settings.sides for e in _changed(search.parent, snippet, side)]
            if edits and self._new(snippet):
                found += combine(search, search.root, edits, min(len(edits), self._room), settings.depth)
        return found

    def _new(self, snippet: Snippet) -> bool:
        """False if the same words in the same order were seen already."""
        gist = _gist(snippet)
        new = gist not in self._told
        self._told.add(gist)
        return new


def _gist(snippet: Snippet) -> tuple[str, ...]:
    """The words of a text, case and punctuation dropped."""
    return tuple(
        w.text.casefold() for side in (snippet.prompt, snippet.completion) for w in (*words(side), _END)
    )


_END = words("|end|")[0]


def _changed(parent: Snippet, snippet: Snippet, side: str) -> list[Edit]:
    """The one span of `side` outside which a rewrite left the parent as it was; none: no change."""
    old, new = side_text(parent, side), side_text(snippet, side)
    blocks = [b for b in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if b[0] != "equal"]
    if not blocks:
        return []
    start, stop, end = blocks[0][1], blocks[-1][2], blocks[-1][4]
    return [
        Edit(
            side=cast(Side, side),
            start=start,
            stop=stop,
            old=old[start:stop],
            new=new[blocks[0][3] : end],
            operation="span",
            source="rewriter",
        )
    ]


class _Local:
    """A local search by the proposer's edits around the best paraphrases."""

    def __init__(self, search: Search, guide: Guide, settings: ParaphraseSettings) -> None:
        self.search = search
        self.guide = guide
        self.settings = settings

    def run(self, beam: list[State], vectors: WordVectors | None) -> WordVectors | None:
        """Levels of exact scores until a text is accepted; returns the word vectors, for the next search."""
        search, settings, idle = self.search, self.settings, 0
        started = self.guide.begin(vectors)
        while search.meter.left > 0 and not search.accepted and idle < 3:
            room = min(settings.level, search.meter.left)
            states = search.score(search.screened(self.guide.candidates(beam), room))
            self.guide.learn(states)
            idle = 0 if states else idle + 1
            pool = [*states, *beam, *started] if states else [search.root]
            beam = narrowed(pool, settings.width, children=2, rng=search.rng)
            started = []
        return self.guide.vectors
