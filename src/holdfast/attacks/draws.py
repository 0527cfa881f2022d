"""Completions drawn from a generator as candidates: what the methods share whose texts it writes itself.

A draw is charged where the budget says what one costs in queries, and counted beside the queries in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from holdfast.attacks.search import Plausible, Search, State
from holdfast.errors import InputError
from holdfast.protocols import Generator
from holdfast.provenance import stream_seed
from holdfast.types import Edit, Snippet

__all__ = ["DrawReport", "Draws", "Tally"]


@dataclass(frozen=True, kw_only=True)
class DrawReport:
    """What one search asked of the generator; given to `on_report` at its end."""

    parent: Snippet
    draws: int
    """Completions drawn in all."""
    empty: int
    """Of these, without a text: never candidates."""
    screened: int
    """Distinct texts shown to the screen."""
    prompt: str
    """The prompt that the rate below is about."""
    trials: int
    """Draws the rate is estimated from; those that the budget left unscored are not among them."""
    hits: int
    """Of these, accepted and plausible."""
    accepted: tuple[Snippet, ...]
    """Distinct accepted and plausible texts, the best first."""


@dataclass
class Tally:
    """What became of some draws of one prompt."""

    trials: int = 0
    hits: list[State] = field(default_factory=list)
    """Accepted and plausible, one for each draw."""

    @property
    def rate(self) -> float:
        """Share of the trials that were hits; 0 where nothing was tried."""
        return len(self.hits) / self.trials if self.trials else 0.0

    def add(self, other: Tally) -> None:
        """Put the draws of `other` to these."""
        self.trials += other.trials
        self.hits += other.hits


class Draws:
    """The draws of one search: limited, seeded, screened before they are scored."""

    def __init__(  # noqa: PLR0913
        self,
        search: Search,
        generator: Generator,
        plausible: Plausible | None,
        *,
        seed: int,
        most: int,
        cost: int,
    ) -> None:
        """`most` draws at most, each charged as `cost` queries before it is made."""
        self.search = search
        self.generator = generator
        self.plausible = plausible
        self.most = most
        self.cost = cost
        self.made = 0
        self.empty = 0
        self._seed = stream_seed(seed, search.attack, search.parent.id)
        self._screened: dict[Snippet, bool] = {}

    @property
    def left(self) -> int:
        """Draws that may still be made."""
        room = self.search.meter.left
        if room <= 0:
            return 0
        return min(self.most - self.made, room // self.cost if self.cost else self.most)

    def take(self, state: State, n: int, purpose: str) -> Tally:
        """Draw up to `n` completions of the state's prompt, and screen and score them.

        The same `purpose` gives the same draws. A prompt that the generator refuses gives none.
        """
        n = max(0, min(n, self.left))
        prompt = state.snippet.prompt
        if n == 0 or not self.search.meter.charge(n * self.cost):
            return Tally()
        self.made += n
        try:
            texts = self.generator.sample([prompt], n, stream_seed(self._seed, purpose, prompt))[0]
        except InputError:
            return Tally(trials=n)
        self.empty += sum(not text.strip() for text in texts)
        return self._judged(state, [completed(state, text, self.generator.name) for text in texts])

    def _judged(self, state: State, drawn: Sequence[tuple[State, Edit, Snippet]]) -> Tally:
        """The tally of `drawn`. A text drawn twice counts twice; it is screened and scored once."""
        distinct = {d[2]: d for d in drawn if d[2].completion.strip()}
        passed = self._pass(list(distinct))
        meant = [distinct[snippet] for snippet in distinct if snippet in passed]
        self.search.seen.update(distinct)
        scored = {s.snippet: s for s in self.search.score(meant)}
        tally = Tally()
        for _, _, snippet in drawn:
            unscored = snippet in passed and self.search.scorer.known(snippet) is None
            tally.trials += not unscored
            found = scored.get(snippet)
            if found is not None and found.logit < self.search.threshold:
                tally.hits.append(found)
        return tally

    def _pass(self, snippets: list[Snippet]) -> set[Snippet]:
        if self.plausible is None:
            return set(snippets)
        new = [s for s in snippets if s not in self._screened]
        if new:
            self.search.meter.screened += len(new)
            self._screened.update(zip(new, self.plausible(new), strict=True))
        return {s for s in snippets if self._screened[s]}

    def report(
        self, on_report: Callable[[DrawReport], None] | None, prompt: str, tally: Tally, best: Sequence[State]
    ) -> None:
        """Hand the report on, where somebody asked for it."""
        if on_report is not None:
            on_report(
                DrawReport(
                    parent=self.search.parent,
                    draws=self.made,
                    empty=self.empty,
                    screened=len(self._screened),
                    prompt=prompt,
                    trials=tally.trials,
                    hits=len(tally.hits),
                    accepted=tuple(dict.fromkeys(s.snippet for s in best)),
                )
            )


def completed(state: State, text: str, source: str) -> tuple[State, Edit, Snippet]:
    """`text` in place of the state's completion: one span edit of all of it."""
    old = state.snippet.completion
    edit = Edit(side="completion", start=0, stop=len(old), old=old, new=text, operation="span", source=source)
    return state, edit, Snippet(prompt=state.snippet.prompt, completion=text)
