"""Genetic search with an archive: many kinds of rewrites are kept alive, each varied and crossed.

Sets of edits of one parent are the genomes. Mutation adds an edit of the proposer's (ordered by saliency and
first order where the target gives them); crossover moves the edits of one text over those of another by
rebasing them; selection is by logit, within the cells of an archive (see `attacks.archive`). Niches keep the
search from being one text with variations, and raise the peak as well as the spread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.attacks.archive import Archive, Cell, edit_cell, judged_cell
from holdfast.attacks.combine import combine
from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.guide import Guide
from holdfast.attacks.polish import polish, undone
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Candidate, Plausible, Search, State
from holdfast.edits.text import drop, rebase
from holdfast.protocols import Proposer, Scorer
from holdfast.types import AttackBudget, AttackResult, Edit, Judgement, Snippet

__all__ = ["GeneticRewriting", "GeneticSettings", "Judge", "transplanted"]

Judge = Callable[[Sequence[Snippet]], list[Judgement]]
"""Reads texts; one judgement each, in order. An oracle or a slower model."""


@dataclass(frozen=True, kw_only=True)
class GeneticSettings:
    """How the search spends its queries."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    parents: int = 4
    """Texts varied in each generation."""
    offspring: int = 2
    """New edits tried on each."""
    crosses: int = 4
    """Pairs crossed in each generation."""
    carried: int = 4
    """Edits that one crossing moves from one text onto the other, at most; each costs a query."""
    best: float = 0.7
    """Share of the texts chosen by tournament; the others come from the cells chosen least."""
    tournament: int = 3
    """Texts drawn for a tournament; the lowest logit wins."""
    clusters: int = 8
    """Text clusters in the archive."""
    patience: int = 5
    """Generations without a lower logit before half of the archive's cells are forgotten."""
    places: int = 6
    """Words and insertion points looked at for one text's new edits."""
    proposals: int = 12
    """Edits asked of the proposer for a word; a third of it at an insertion point."""
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


class GeneticRewriting(Rewriting[GeneticSettings]):
    """Genetic search over an archive. Registered as `genetic`.

    `archive` holds the last search's elites of every kind, forgotten ones too, for statistics of diversity.
    """

    name = "genetic@1"
    kind = GeneticSettings
    access = "score"
    """Logits do; a gradient is used where there is one."""

    def __init__(
        self,
        *,
        proposer: Proposer,
        plausible: Plausible | None = None,
        judge: Judge | None = None,
        on_archive: Callable[[Snippet, Archive], None] | None = None,
        **settings: object,
    ) -> None:
        """`plausible` screens texts before they are scored; `settings` are the fields of `GeneticSettings`.

        judge: names the archive's cells (strategy, severity); it reads scored texts and costs no query.
        on_archive: called with the parent and its archive at the end of each search.
        Raises ConfigError for an unknown setting.
        """
        super().__init__(proposer=proposer, plausible=plausible, **settings)
        self.judge = judge
        self.on_archive = on_archive
        self.archive = Archive()

    def run(
        self, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
    ) -> AttackResult:
        """Attack one parent; see `protocols.Attack`."""
        self.archive = Archive()
        result = super().run(parent, target, threshold, budget, seed)
        if self.on_archive is not None:
            self.on_archive(parent, self.archive)
        return result

    def attack(self, search: Search) -> None:
        """Generations until a text is accepted, then polish."""
        evolution = _Evolution(search, self.proposer, self.settings, self.judge, self.archive)
        self.vectors = evolution.run(self.vectors)


class _Evolution:
    """One search in progress."""

    def __init__(
        self,
        search: Search,
        proposer: Proposer,
        settings: GeneticSettings,
        judge: Judge | None,
        archive: Archive,
    ) -> None:
        self.search = search
        self.settings = settings
        self.judge = judge
        self.archive = archive
        self.pool = Archive()
        self.guide = Guide(search, proposer, settings)
        self.nets: dict[Snippet, tuple[Edit, ...]] = {}
        """Net edits of texts that were made by undoing one."""
        self.gains: dict[tuple[str, str, str], float] = {}

    def run(self, vectors: WordVectors | None) -> WordVectors | None:
        """Generations until a text is accepted, then polish; returns the word vectors, for the next one."""
        search = self.search
        self._keep([search.root, *self.guide.begin(vectors)])
        idle = stale = 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            spent, lowest = search.meter.spent, search.best.logit
            self._generation()
            idle = idle + 1 if search.meter.spent == spent else 0
            stale = stale + 1 if search.best.logit >= lowest else 0
            if idle or stale >= self.settings.patience:
                # Nothing left to ask of these texts: all of them go. No progress: half of them go.
                self.pool.forget(1.0 if idle else 0.5, search.rng)
                self._keep([search.root])
                stale = 0
        if search.accepted:
            polish(search, self.settings.polish)
            self._keep([search.best])
        return self.guide.vectors

    def _generation(self) -> None:
        """Vary some elites, score the new texts at once; then cross some pairs."""
        search, settings = self.search, self.settings
        chosen = self.pool.select(
            settings.parents, best=settings.best, size=settings.tournament, rng=search.rng
        )
        room = search.meter.left
        candidates: list[Candidate] = []
        for state in chosen:
            wanted = min(settings.offspring, room - len(candidates))
            candidates += search.screened(self._varied(state), wanted)
        states = search.score(candidates)
        self.guide.learn(states)
        for state in states:
            state.net = self.nets.get(state.snippet, state.net)
        self._keep(states)
        for _ in range(settings.crosses):
            if search.accepted or search.meter.left == 0:
                break
            self._keep(self._cross())

    def _varied(self, state: State) -> Iterator[Candidate]:
        """New edits of a text; where it has all that it may have, texts that lack one of them."""
        if len(state.net) < self.settings.depth:
            yield from self.guide.candidates([state])
            return
        shorter = [(c, net) for c, net in undone(self.search, state) if c[2] not in self.search.seen]
        self.search.rng.shuffle(shorter)
        for candidate, net in shorter:
            self.nets[candidate[2]] = net
            yield candidate

    def _cross(self) -> list[State]:
        """Edits of one elite onto another: up to `carried` of them, each text on the way scored.

        Those that lowered the logit most when they were made go first; those that did not stay behind.
        """
        search, settings = self.search, self.settings
        pair = self.pool.select(2, best=settings.best, size=settings.tournament, rng=search.rng)
        if len(pair) < 2 or pair[0] is pair[1]:
            return []
        edits = transplanted(pair[1].net, pair[0].net)
        search.rng.shuffle(edits)
        edits = sorted((e for e in edits if self._gain(e) > 0), key=self._gain, reverse=True)
        return combine(search, pair[0], edits, settings.carried, settings.depth)

    def _gain(self, edit: Edit) -> float:
        """What the edit lowered the logit by when it was last made; 0 where that is not known."""
        return self.gains.get((edit.side, edit.old, edit.new), 0.0)

    def _keep(self, states: Sequence[State]) -> None:
        """Put texts into their cells: those the search draws from, and those kept for good."""
        for state, cell in zip(states, self._cells(states), strict=True):
            if state.origin is not None and state.edit is not None:
                key = (state.edit.side, state.edit.old, state.edit.new)
                self.gains[key] = state.origin.logit - state.logit
            self.pool.add(cell, state)
            self.archive.add(cell, state)

    def _cells(self, states: Sequence[State]) -> list[Cell]:
        """What kind each text is."""
        parent, clusters = self.search.parent, self.settings.clusters
        if self.judge is None or not states:
            return [edit_cell(state, parent, clusters) for state in states]
        judged = self.judge([state.snippet for state in states])
        return [
            judged_cell(judgement, state, parent, clusters)
            for judgement, state in zip(judged, states, strict=True)
        ]


def transplanted(theirs: Sequence[Edit], ours: Sequence[Edit]) -> list[Edit]:
    """Each edit of `theirs` alone, as it reads after all of `ours`.

    Both are sequences of edits from one parent. Left out are edits that build on another of `theirs`, and
    those that touch one of `ours` (an edit that both have touches itself).
    """
    found: list[Edit] = []
    for index in range(len(theirs)):
        moved = _alone(theirs[: index + 1])
        for edit in ours:
            moved = rebase(moved, edit) if moved is not None else None
        if moved is not None:
            found.append(moved)
    return found


def _alone(edits: Sequence[Edit]) -> Edit | None:
    """The last of a sequence as an edit of the text before the first; None where it builds on another."""
    rest = list(edits)
    while len(rest) > 1:
        # From the end: an edit that builds on another goes before the one it builds on.
        dropped = drop(rest, len(rest) - 2)
        if dropped is None:
            return None
        rest = dropped[0]
    return rest[0]
