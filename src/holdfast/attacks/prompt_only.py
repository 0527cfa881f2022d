"""Only the prompt is edited; the generator writes the completion itself.

The closest of the methods to what a user of the filtered generator can do. The value of a prompt is
P(accepted and plausible) of a draw, found by successive halving (Jamieson & Talwalkar 2016): many prompts get
a few draws each, the best quarter of them more, the best of those more again. The winner of such a race looks
better than it is, so the candidate and the reported rate come from fresh draws that took no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from holdfast.attacks.draws import DrawReport, Draws, Tally
from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.guide import Guide
from holdfast.attacks.search import Plausible, Search, State
from holdfast.attacks.settings import make_settings
from holdfast.protocols import Generator, Proposer, Scorer
from holdfast.types import AttackBudget, AttackResult, Hole, Snippet

__all__ = ["PromptOnly", "PromptOnlySettings"]


@dataclass(frozen=True, kw_only=True)
class PromptOnlySettings:
    """How the search spends its queries and draws."""

    arms: int = 16
    """Edited prompts of a race. Each costs a query, for its logit with the parent's completion."""
    rungs: tuple[int, ...] = (4, 16, 64)
    """Draws that a prompt has had after each rung of a race."""
    keep: float = 0.25
    """Share of the prompts that go on to the next rung."""
    finalists: int = 2
    """Prompts of a race, at most, that are drawn from afresh."""
    fresh: int = 64
    """Fresh draws of a finalist; a candidate is one of them."""
    reserve: float = 0.25
    """Share of the queries that a race leaves for fresh draws, once it has seen a hit."""
    draws: int = 4096
    """Draws in all, at most."""
    draw_cost: int = 0
    """Queries charged for a draw; 0: draws are only counted (see `DrawReport`)."""
    width: int = 3
    """Prompts edited further for the next race."""
    places: int = 10
    """Words and insertion points looked at, per prompt and race."""
    proposals: int = 12
    """Edits asked of the proposer for a word; a third of it at an insertion point."""
    depth: int = 6
    """Edits of one prompt, at most."""
    explore: float = 0.34
    """Share of places drawn without regard to saliency."""
    saliency: bool = True
    """Ask the target where it looks (a gradient, or a few deletions where it has none)."""
    first_order: bool = True
    """Rank substitutions by the gradient before exact scores, where the target gives token gradients."""

    @property
    def sides(self) -> tuple[str, ...]:
        """The prompt, and nothing else."""
        return ("prompt",)


class PromptOnly:
    """Search over prompts. Registered as `prompt_only`.

    Without a screen every accepted draw is a hit, and nearly all of them are harmless.
    """

    name = "prompt_only@1"
    holes: tuple[Hole, ...] = ("word", "bigram", "length", "position", "prompt")
    access = "generator"
    """It asks for logits (a gradient is used where there is one), and for completions."""

    def __init__(
        self,
        *,
        proposer: Proposer,
        generator: Generator,
        plausible: Plausible | None = None,
        on_report: Callable[[DrawReport], None] | None = None,
        **settings: object,
    ) -> None:
        """`plausible` screens drawn texts before they are scored; `settings`: see `PromptOnlySettings`.

        on_report: called at the end of each search; its rate is that of the last prompt drawn from afresh.
        Raises ConfigError for an unknown setting.
        """
        self.proposer = proposer
        self.generator = generator
        self.plausible = plausible
        self.on_report = on_report
        self.settings = make_settings(PromptOnlySettings, settings)
        self._vectors: WordVectors | None = None

    def run(
        self, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
    ) -> AttackResult:
        """Attack one parent; see `protocols.Attack`. Without a candidate the one step is the parent."""
        search = Search(self.name, target, threshold, budget, parent=parent, seed=seed)
        settings = self.settings
        if not search.scoreable or search.accepted:
            return search.result()
        draws = Draws(
            search, self.generator, self.plausible, seed=seed, most=settings.draws, cost=settings.draw_cost
        )
        race = _Race(search, draws, Guide(search, self.proposer, settings), settings)
        self._vectors = race.run(self._vectors)
        # An edited prompt with the parent's completion was a measurement: never a candidate.
        search.best = race.found[0] if race.found else search.root
        draws.report(self.on_report, race.prompt, race.fresh, race.found)
        return replace(search.result(), draws=draws.made)


@dataclass
class _Arm:
    """A prompt in a race."""

    state: State
    """The edited prompt with the parent's completion."""
    tally: Tally = field(default_factory=Tally)
    asked: int = 0
    """Draws it has been given so far."""

    @property
    def rank(self) -> tuple[float, float, float]:
        """Lower is better: the rate, then the logit with the parent's completion."""
        return -self.tally.rate, *self.state.rank


class _Race:
    """One search in progress: races, one after the other, until fresh draws confirm a prompt."""

    def __init__(self, search: Search, draws: Draws, guide: Guide, settings: PromptOnlySettings) -> None:
        self.search = search
        self.draws = draws
        self.guide = guide
        self.settings = settings
        self.found: list[State] = []
        """Fresh draws that are accepted and plausible, the lowest logit first."""
        self.fresh = Tally()
        self.prompt = search.parent.prompt
        self._reserved = int(search.meter.left * settings.reserve)

    def run(self, vectors: WordVectors | None) -> WordVectors | None:
        """Race until a prompt is confirmed; returns the word vectors, for the target's next search."""
        search, settings = self.search, self.settings
        known = [_Arm(state) for state in self.guide.begin(vectors)]
        beam, idle = [search.root], 0
        while self.draws.left > 0 and idle < 3:
            room = min(settings.arms, max(1, search.meter.left // 4))
            states = search.score(search.screened(self.guide.candidates(beam), room))
            self.guide.learn(states)
            idle = 0 if states else idle + 1
            arms = [_Arm(state) for state in states] + [arm for arm in known if not arm.asked]
            known += arms
            if self._confirmed(self._raced(arms)):
                break
            best = sorted({id(arm): arm for arm in known}.values(), key=lambda arm: arm.rank)
            beam = [arm.state for arm in best[: settings.width]] if states else [search.root]
        return self.guide.vectors

    def _raced(self, arms: list[_Arm]) -> list[_Arm]:
        """Successive halving; returns those that reached the last rung that was run, the best first."""
        for goal in self.settings.rungs:
            for arm in arms:
                hit = any(a.tally.hits for a in arms)
                if self.draws.left <= 0 or (hit and self.search.meter.left <= self._reserved):
                    return sorted(arms, key=lambda a: a.rank)
                arm.tally.add(self.draws.take(arm.state, goal - arm.asked, f"race {goal}"))
                arm.asked = goal
            arms = sorted(arms, key=lambda a: a.rank)
            if goal != self.settings.rungs[-1]:
                arms = arms[: max(1, math.ceil(len(arms) * self.settings.keep))]
        return arms

    def _confirmed(self, arms: list[_Arm]) -> bool:
        """Draw afresh from the best prompts that had a hit, until one has a hit again."""
        for arm in [a for a in arms if a.tally.hits][: self.settings.finalists]:
            if self.draws.left <= 0:
                break
            self.prompt = arm.state.snippet.prompt
            self.fresh = self.draws.take(arm.state, self.settings.fresh, "fresh")
            if self.fresh.hits:
                self.found = sorted(self.fresh.hits, key=lambda s: s.rank)
                return True
        return False
