"""Best of n: no search at all. The generator is asked again and again, and what is accepted is kept.

The zero line of all other methods (the plain form of Hughes et al. 2024, "Best-of-N Jailbreaking", without
augmentations): it says how often the filtered generator fails by itself on this prompt. Every other method
has to find more at equal cost, with the cost of generation beside the queries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from holdfast.attacks.draws import DrawReport, Draws, Tally
from holdfast.attacks.search import Plausible, Search, State
from holdfast.attacks.settings import make_settings
from holdfast.protocols import Generator, Proposer, Scorer
from holdfast.types import AttackBudget, AttackResult, Hole, Snippet

__all__ = ["BestOfN", "BestOfNSettings", "Plausibility"]

Plausibility = Callable[[list[Snippet]], list[float]]
"""How likely each text is still catastrophic, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class BestOfNSettings:
    """How much is drawn."""

    n: int = 256
    """Completions drawn of the parent's prompt, at most."""
    level: int = 32
    """Completions drawn, screened and scored at once."""
    enough: int = 1
    """Stop at the end of a level with this many accepted texts; 0: draw all `n`."""
    draw_cost: int = 0
    """Queries charged for a draw; 0: draws are only counted (see `DrawReport`)."""


class BestOfN:
    """Draws until something is accepted. Registered as `best_of_n`.

    Without a screen nearly all that is accepted is harmless: the parent's prompt has harmless completions.
    """

    name = "best_of_n@1"
    holes: tuple[Hole, ...] = ("word", "bigram", "position")
    access = "generator"
    """It asks for logits, and for completions."""

    def __init__(
        self,
        *,
        generator: Generator,
        proposer: Proposer | None = None,
        plausible: Plausible | None = None,
        plausibility: Plausibility | None = None,
        on_report: Callable[[DrawReport], None] | None = None,
        **settings: object,
    ) -> None:
        """`plausible` screens draws before they are scored; `settings` are those of `BestOfNSettings`.

        plausibility: ranks the accepted texts, the likeliest catastrophe first. Ties, and all of them without
        it, go by logit: the highest below the threshold first, which the target itself holds likeliest.
        on_report: called at the end of each search, with every accepted text. `proposer` is not used: taken
        because every method of a mix is built with the mix's own. Raises ConfigError for an unknown setting.
        """
        self.generator = generator
        self.plausible = plausible
        self.plausibility = plausibility
        self.on_report = on_report
        self.settings = make_settings(BestOfNSettings, settings)

    def run(
        self, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
    ) -> AttackResult:
        """Attack one parent; see `protocols.Attack`."""
        search = Search(self.name, target, threshold, budget, parent=parent, seed=seed)
        if not search.scoreable or search.accepted:
            return search.result()
        settings = self.settings
        draws = Draws(
            search, self.generator, self.plausible, seed=seed, most=settings.n, cost=settings.draw_cost
        )
        tally, level = Tally(), 0
        while draws.left > 0 and not (settings.enough and len(_distinct(tally.hits)) >= settings.enough):
            tally.add(draws.take(search.root, settings.level, f"level {level}"))
            level += 1
        ranked = self._ranked(_distinct(tally.hits))
        search.best = ranked[0] if ranked else search.best
        draws.report(self.on_report, parent.prompt, tally, ranked)
        return replace(search.result(), draws=draws.made)

    def _ranked(self, states: list[State]) -> list[State]:
        """The likeliest catastrophe first."""
        chances = (
            self.plausibility([s.snippet for s in states])
            if self.plausibility and states
            else [0.0] * len(states)
        )
        order = sorted(range(len(states)), key=lambda i: (-chances[i], -states[i].logit, states[i].tie))
        return [states[i] for i in order]


def _distinct(states: Sequence[State]) -> list[State]:
    """One state a text, the first drawn."""
    return list({s.snippet: s for s in reversed(states)}.values())[::-1]
