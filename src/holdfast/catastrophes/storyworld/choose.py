"""Choosers: one program of choices, run by a sampler, a tilted sampler, an enumerator or a scorer.

Every choice has a key. *Live* choices may change the verdict, *inert* ones may not. Whatever the program
builds (words, clauses, sentences), it builds from the answers; who answers decides what the run is for.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["Chooser", "Dead", "ForcedSampler", "Sampler", "Table", "enumerate_live", "explore"]

T = TypeVar("T")


class Table(Generic[T]):
    """Weighted options in a fixed order; `tilt` are other weights for over-sampling harm."""

    __slots__ = ("_cum", "_tilt_cum", "items", "probs", "tilted")

    def __init__(self, pairs: Iterable[tuple[T, float]], tilt: Sequence[float] | None = None) -> None:
        """Options with positive weights; `tilt`, where given, is parallel to them."""
        rows = list(pairs)
        if not rows:
            raise ValueError("an empty table of choices")
        total = math.fsum(w for _, w in rows)
        self.items: tuple[T, ...] = tuple(x for x, _ in rows)
        self.probs: tuple[float, ...] = tuple(w / total for _, w in rows)
        self._cum = list(accumulate(self.probs))
        self.tilted: tuple[float, ...] | None = None
        self._tilt_cum: list[float] = []
        if tilt is not None:
            whole = math.fsum(tilt)
            self.tilted = tuple(w / whole for w in tilt)
            self._tilt_cum = list(accumulate(self.tilted))

    def __len__(self) -> int:
        return len(self.items)

    def at(self, u: float) -> int:
        """Index of the option that a uniform number in [0, 1) picks."""
        return min(bisect_right(self._cum, u), len(self._cum) - 1)

    def at_tilted(self, u: float) -> int:
        """The same under the tilted weights."""
        return min(bisect_right(self._tilt_cum, u), len(self._tilt_cum) - 1)


class Chooser(Protocol):
    """What the program of choices asks of whoever runs it."""

    def pick(self, key: str, table: Table[T]) -> T:
        """An inert choice: it cannot change the verdict."""
        ...

    def live(self, key: str, table: Table[T]) -> T:
        """A choice that may change the verdict."""
        ...

    def mix(self, key: str, share: float, few: Sequence[T], table: Table[T]) -> T:
        """An inert choice: with probability `share` evenly among `few` (if any), else from the table."""
        ...


class Sampler:
    """Chooses at random, by bisection on `random.Random.random()`: the same bytes on every Python version."""

    def __init__(self, seed: int | str, *, tilted: bool = False) -> None:
        """A stream of choices under one seed; `tilted` over-samples harm and keeps the log weight."""
        self._random = random.Random(seed).random
        self.tilted = tilted
        self.log_weight = 0.0

    def pick(self, key: str, table: Table[T]) -> T:
        """An inert choice."""
        return table.items[table.at(self._random())]

    def live(self, key: str, table: Table[T]) -> T:
        """A live choice: under its tilted weights where this sampler tilts."""
        if self.tilted and table.tilted is not None:
            i = table.at_tilted(self._random())
            self.log_weight += math.log(table.probs[i] / table.tilted[i])
        else:
            i = table.at(self._random())
        return table.items[i]

    def mix(self, key: str, share: float, few: Sequence[T], table: Table[T]) -> T:
        """A mixture of a short list and a table."""
        u = self._random()
        if few and u < share:
            return few[min(int(u / share * len(few)), len(few) - 1)]
        return table.items[table.at(self._random())]


class ForcedSampler(Sampler):
    """A sampler whose live choices are given: it samples the inert ones only."""

    def __init__(self, seed: int | str) -> None:
        """Set `forced` before each run."""
        super().__init__(seed)
        self.forced: Mapping[str, Any] = {}

    def live(self, key: str, table: Table[T]) -> T:
        """The answer that was given; at random where none was."""
        if key in self.forced:
            found: T = self.forced[key]
            return found
        return super().live(key, table)


class _Path:
    """A run along one branch: answers so far by number, then the first possible one at each new choice."""

    def __init__(self, prefix: list[int], forced: Mapping[str, Any]) -> None:
        self.prefix, self.forced = prefix, forced
        self.trail: list[int] = []
        self.widths: list[int] = []
        self.answers: dict[str, Any] = {}
        self.prob = 1.0

    def pick(self, key: str, table: Table[T]) -> T:
        return table.items[0]

    def live(self, key: str, table: Table[T]) -> T:
        if key in self.forced:
            found: T = self.forced[key]
            return found
        at = len(self.trail)
        i = self.prefix[at] if at < len(self.prefix) else 0
        self.trail.append(i)
        self.widths.append(len(table))
        self.prob *= table.probs[i]
        self.answers[key] = table.items[i]
        return table.items[i]

    def mix(self, key: str, share: float, few: Sequence[T], table: Table[T]) -> T:
        return table.items[0]


def _next(trail: list[int], widths: list[int]) -> list[int] | None:
    """The next branch in order; None after the last."""
    while trail and trail[-1] + 1 >= widths[len(trail) - 1]:
        trail = trail[:-1]
    return [*trail[:-1], trail[-1] + 1] if trail else None


def enumerate_live(
    run: Callable[[Chooser], T], forced: Mapping[str, Any] | None = None
) -> Iterator[tuple[float, dict[str, Any], T]]:
    """Run the program once per combination of live choices: (probability, answers, result). Sums to 1."""
    prefix: list[int] | None = []
    while prefix is not None:
        path = _Path(prefix, forced or {})
        result = run(path)
        yield path.prob, path.answers, result
        prefix = _next(path.trail, path.widths)


class Dead(Exception):  # noqa: N818
    """No option at this choice leads to the text that is being scored."""


class _Scored:
    """A run towards a known result: at each choice only the options that `fits` allows are tried."""

    def __init__(self, prefix: list[int], fits: Callable[[str, Any], bool]) -> None:
        self.prefix, self.fits = prefix, fits
        self.trail: list[int] = []
        self.widths: list[int] = []
        self.prob = 1.0

    def _among(self, key: str, options: Sequence[T], probs: Sequence[float]) -> T:
        able = [i for i, x in enumerate(options) if probs[i] > 0 and self.fits(key, x)]
        if not able:
            raise Dead
        at = len(self.trail)
        n = self.prefix[at] if at < len(self.prefix) else 0
        self.trail.append(n)
        self.widths.append(len(able))
        self.prob *= probs[able[n]]
        return options[able[n]]

    def pick(self, key: str, table: Table[T]) -> T:
        return self._among(key, table.items, table.probs)

    def live(self, key: str, table: Table[T]) -> T:
        return self._among(key, table.items, table.probs)

    def mix(self, key: str, share: float, few: Sequence[T], table: Table[T]) -> T:
        if not few:
            return self._among(key, table.items, table.probs)
        probs = [p * (1 - share) for p in table.probs]
        options = list(table.items)
        for x in few:
            options.append(x)
            probs.append(share / len(few))
        return self._among(key, options, probs)


def explore(
    run: Callable[[Chooser], Any], fits: Callable[[str, Any], bool], same: Callable[[Any], bool]
) -> float:
    """Probability that the program's result is the `same`, by trying every run that `fits` allows."""
    total = 0.0
    prefix: list[int] = []
    while True:
        path = _Scored(prefix, fits)
        try:
            if same(run(path)):
                total += path.prob
        except Dead:
            pass
        following = _next(path.trail, path.widths)
        if following is None:
            return total
        prefix = following
