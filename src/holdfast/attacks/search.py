"""What every rewriting method shares: states, screening, exact scoring, the log of how a text came about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from holdfast.edits.scoring import ExactScorer, QueryMeter
from holdfast.edits.text import apply
from holdfast.protocols import Scorer
from holdfast.provenance import stream
from holdfast.types import AttackBudget, AttackResult, AttackStep, Edit, Outcome, Snippet

__all__ = ["Candidate", "Plausible", "Search", "State", "better", "narrowed"]

Plausible = Callable[[list[Snippet]], list[bool]]
"""A cheap screen: True for texts that are still worth a query."""


@dataclass(eq=False)
class State:
    """One scored text of a search."""

    snippet: Snippet
    logit: float
    tie: float = 0.0
    """Seeded; orders equal logits."""
    origin: State | None = None
    """The state it was edited from; None for the parent."""
    edit: Edit | None = None
    """What `origin` was edited by."""
    net: tuple[Edit, ...] = ()
    """The edits that lead from the parent to this text, undone ones left out."""
    queries: int = 0
    seconds: float = 0.0
    hints: list[tuple[float, Edit]] = field(default_factory=list)
    """(logit change, edit of this text): edits that lowered a close relative, best first."""

    def path(self) -> list[State]:
        """States from the parent to this one."""
        found: list[State] = []
        state: State | None = self
        while state is not None:
            found.append(state)
            state = state.origin
        return found[::-1]

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key: lower is better for the attacker."""
        return self.logit, self.tie


def better(a: State, b: State) -> State:
    """The one with the lower logit, the tie broken by seed."""
    return a if a.rank <= b.rank else b


def narrowed(
    pool: Sequence[State], width: int, *, children: int, rng: Random, shallow: bool = False
) -> list[State]:
    """The `width` lowest logits of `pool`, `children` of one text at most; equals are drawn by `rng`.

    shallow: of equals, those with fewer edits come first.
    """
    chance = {id(s): rng.random() for s in pool}
    chosen: list[State] = []
    siblings: dict[int, int] = {}
    for state in sorted(pool, key=lambda s: (s.logit, shallow * len(s.net), chance[id(s)])):
        key = id(state.origin)
        if siblings.get(key, 0) >= children:
            continue
        siblings[key] = siblings.get(key, 0) + 1
        chosen.append(state)
        if len(chosen) == width:
            break
    return chosen


Candidate = tuple[State, Edit, Snippet]
"""The text an edit of a state leads to, before it is scored."""


class Search:
    """One attack on one parent: meter, scorer, screen, random stream and the best text ever seen."""

    def __init__(
        self,
        attack: str,
        target: Scorer,
        threshold: float,
        budget: AttackBudget,
        *,
        parent: Snippet,
        seed: int,
    ) -> None:
        """Start the clock; nothing is scored yet."""
        self.attack = attack
        self.target = target
        self.threshold = threshold
        self.meter = QueryMeter(budget)
        self.scorer = ExactScorer(target, self.meter)
        self.rng: Random = stream(seed, attack, parent.id)
        self.parent = parent
        self.seen: set[Snippet] = {parent}
        z = self.scorer.score([parent], self.rng)[0]
        self.root = State(parent, math.inf if z is None else z, self.rng.random(), queries=self.meter.spent)
        self.best = self.root
        self.plausible: Plausible | None = None

    @property
    def accepted(self) -> bool:
        """True if the best text so far is accepted by the target."""
        return self.best.logit < self.threshold

    @property
    def scoreable(self) -> bool:
        """False if the parent was not scored: no budget, or a text the target refuses."""
        return math.isfinite(self.root.logit)

    def hopeless(self, trial: int, pace: float) -> bool:
        """Whether the queries left, at the share `pace` of the gain of those so far, are too few.

        Not before `trial` queries; never where the logit says nothing, `pace` is 0 or queries are unlimited.
        """
        spent, gained = self.meter.spent, self.root.logit - self.best.logit
        if spent < trial or gained <= 0 or pace <= 0:
            return False
        return self.best.logit - self.threshold > pace * gained * self.meter.left / spent

    def fresh(self, state: State, edit: Edit) -> Candidate | None:
        """The text that `edit` of `state` leads to; None if it was screened or scored already."""
        snippet = apply(state.snippet, edit)
        return None if snippet in self.seen else (state, edit, snippet)

    def screened(self, candidates: Iterable[Candidate], wanted: int) -> list[Candidate]:
        """The first `wanted` distinct candidates that pass the screen; no more are screened than it takes."""
        kept: dict[Snippet, Candidate] = {}
        stream_of = iter(candidates)
        while len(kept) < wanted:
            chunk: dict[Snippet, Candidate] = {}
            for candidate in islice(stream_of, max(8, wanted - len(kept)) if self.plausible else wanted):
                chunk.setdefault(candidate[2], candidate)
                self.seen.add(candidate[2])
            if not chunk:
                break
            kept |= chunk if self.plausible is None else self._pass(self.plausible, chunk)
        return list(kept.values())[:wanted]

    def _pass(self, plausible: Plausible, chunk: dict[Snippet, Candidate]) -> dict[Snippet, Candidate]:
        self.meter.screened += len(chunk)
        passed = plausible(list(chunk))
        return {s: c for (s, c), ok in zip(chunk.items(), passed, strict=True) if ok}

    def score(self, candidates: Sequence[Candidate]) -> list[State]:
        """Exact logits of the candidates as states.

        Left out are those beyond the budget, and those that the target refused (charged all the same).
        """
        logits = self.scorer.score([snippet for _, _, snippet in candidates], self.rng)
        spent, seconds = self.meter.spent, self.meter.seconds
        states: list[State] = []
        for (origin, edit, snippet), z in zip(candidates, logits, strict=True):
            if z is None or not math.isfinite(z):
                continue
            state = State(
                snippet,
                z,
                self.rng.random(),
                origin,
                edit,
                (*origin.net, edit),
                queries=spent,
                seconds=seconds,
            )
            states.append(state)
            self.best = better(state, self.best)
        return states

    def result(self) -> AttackResult:
        """The best text found, with the steps that led to it."""
        if self.root.logit < self.threshold:
            outcome = Outcome.SKIPPED
        else:
            outcome = Outcome.CANDIDATE if self.accepted else Outcome.FAILED
        steps = tuple(
            AttackStep(snippet=s.snippet, logit=s.logit, edit=s.edit, queries=s.queries, seconds=s.seconds)
            for s in self.best.path()
        )
        return AttackResult(
            attack=self.attack,
            parent=self.parent,
            steps=steps,
            outcome=outcome,
            queries=self.meter.spent,
            seconds=self.meter.seconds,
            screens=self.meter.screened,
        )
