"""Choosers: one program of choices, run by a sampler, a tilted sampler, a scorer or an enumerator."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["Chooser", "Sampler", "Table"]

T = TypeVar("T")


class Table(Generic[T]):
    """Weighted options in a fixed order; `tilt` are other weights for over-sampling harm."""

    __slots__ = ("_cum", "_tilt_cum", "index", "items", "probs", "tilted")

    def __init__(self, pairs: Iterable[tuple[T, float]], tilt: Sequence[float] | None = None) -> None:
        """Options with positive weights; `tilt`, where given, is parallel to them."""
        rows = list(pairs)
        if not rows:
            raise ValueError("an empty table of choices")
        total = math.fsum(w for _, w in rows)
        self.items: tuple[T, ...] = tuple(x for x, _ in rows)
        self.probs: tuple[float, ...] = tuple(w / total for _, w in rows)
        self._cum = list(accumulate(self.probs))
        self._cum[-1] = 1.0
        self.tilted: tuple[float, ...] | None = None
        self._tilt_cum: list[float] = []
        if tilt is not None:
            whole = math.fsum(tilt)
            self.tilted = tuple(w / whole for w in tilt)
            self._tilt_cum = list(accumulate(self.tilted))
            self._tilt_cum[-1] = 1.0
        self.index: dict[Any, int] = {}

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

    log_prob: float
    log_weight: float

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
        self.log_prob = 0.0
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
            return few[int(u / share * len(few))]
        return table.items[table.at(self._random())]
