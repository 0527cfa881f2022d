"""Which examples make up each batch: a pure function of (seed, step), so resuming needs no saved state.

Examples are drawn by group with fixed shares, not by concatenation. Within a group every family comes once
before any comes twice, whatever its size: ten rewrites of one parent count as one. Batches hold texts of
similar length: the draws of 16 steps are sorted by length within each group and dealt out in that order.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from holdfast.errors import InputError
from holdfast.provenance import stream_seed
from holdfast.types import Example, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BatchSampler", "Group", "Shares", "classifier_groups"]

_MEGA = 16


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What each batch is made of."""

    positives: float = 0.3
    """Share of wide positives."""
    adversarial: float = 0.15
    """Largest share of positives that an attack found (a part of `positives`)."""
    twins: float = 0.15
    """Largest share of safe snippets made by edits (twins, and what an attack found that was judged safe)."""
    repeats: float = 8.0
    """How often an adversarial example or twin may be seen in one training, on average, at most."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Examples drawn at one rate."""

    name: str
    families: tuple[tuple[int, ...], ...]
    """Indices of the examples of each family."""
    quota: float
    """Examples a batch, on average."""

    @property
    def size(self) -> int:
        """Examples in it."""
        return sum(map(len, self.families))


def classifier_groups(examples: Sequence[Example], shares: Shares, *, batch: int, steps: int) -> list[Group]:
    """The four groups of a classifier's training set. Raises InputError where a class is missing."""
    members: dict[str, list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        edited = example.source in (Source.ATTACK, Source.TWIN)
        wide = example.verdict.wide
        members[
            ("adversarial" if edited else "positives") if wide else ("twins" if edited else "safe")
        ].append(i)
    positives, safe = members["positives"] + members["adversarial"], members["safe"] + members["twins"]
    if not positives or not safe:
        missing, have = ("positive", len(safe)) if not positives else ("safe", len(positives))
        raise InputError(
            f"no {missing} example among {have:,}",
            expected="both classes",
            do="label more snippets; draw likely catastrophes first with `holdfast sample`",
        )
    cap = shares.repeats / steps
    adversarial = min(shares.adversarial * batch, cap * len(members["adversarial"]))
    if not members["positives"]:
        adversarial = shares.positives * batch
    twins = min(shares.twins * batch, cap * len(members["twins"]))
    if not members["safe"]:
        twins = (1 - shares.positives) * batch
    quotas = {
        "adversarial": adversarial,
        "positives": shares.positives * batch - adversarial,
        "twins": twins,
        "safe": (1 - shares.positives) * batch - twins,
    }
    grouped = {"adversarial", "twins"}
    return [
        Group(name=name, families=_families(examples, members[name], name in grouped), quota=quota)
        for name, quota in quotas.items()
        if members[name] and quota > 0
    ]


def _families(
    examples: Sequence[Example], members: Sequence[int], grouped: bool
) -> tuple[tuple[int, ...], ...]:
    if not grouped:
        return tuple((i,) for i in members)
    families: dict[str, list[int]] = defaultdict(list)
    for i in members:
        families[examples[i].family_id].append(i)
    return tuple(map(tuple, families.values()))


class BatchSampler:
    """Gives the indices of each step's batch."""

    def __init__(self, groups: Sequence[Group], lengths: Sequence[int], *, batch: int, seed: int) -> None:
        """`lengths`: tokens of each example. Quotas are rounded so that every batch has `batch` examples."""
        self.groups = tuple(groups)
        self.lengths = lengths
        self.size = batch
        self.seed = seed
        self._filler = max(range(len(self.groups)), key=lambda g: self.groups[g].quota)
        self._mega = lru_cache(maxsize=4)(self._deal)
        self._shuffled = lru_cache(maxsize=16)(self._shuffle)

    def batch(self, step: int) -> list[int]:
        """Indices of the examples of step `step` (from 0)."""
        return self._mega(step // _MEGA)[step % _MEGA]

    def _before(self, group: int, step: int) -> int:
        """Draws of a group in all steps before `step`; the largest group fills what rounding leaves."""
        if group != self._filler:
            return math.floor(self.groups[group].quota * step + 1e-9)
        others = (self._before(g, step) for g in range(len(self.groups)) if g != group)
        return self.size * step - sum(others)

    def _shuffle(self, group: int, epoch: int) -> NDArray[np.int64]:
        import numpy as np

        rng = np.random.default_rng(stream_seed(self.seed, "epoch", self.groups[group].name, epoch))
        return rng.permutation(len(self.groups[group].families))

    def _draw(self, group: int, k: int) -> int:
        """Draw number k of a group: families in shuffled order, their members in turn."""
        families = self.groups[group].families
        epoch, place = divmod(k, len(families))
        family = families[int(self._shuffled(group, epoch)[place])]
        return family[epoch % len(family)]

    def _deal(self, mega: int) -> list[list[int]]:
        """The batches of 16 steps: each group's draws, sorted by length, dealt in a shuffled order."""
        import numpy as np

        order = np.random.default_rng(stream_seed(self.seed, "mega", mega)).permutation(_MEGA)
        batches: list[list[int]] = [[] for _ in range(_MEGA)]
        for group in range(len(self.groups)):
            marks = [self._before(group, mega * _MEGA + s) for s in range(_MEGA + 1)]
            spans = list(pairwise(marks))
            drawn = [self._draw(group, k) for start, stop in spans for k in range(start, stop)]
            drawn.sort(key=lambda i: self.lengths[i])
            at = 0
            for s in order:
                start, stop = spans[s]
                batches[s] += drawn[at : at + stop - start]
                at += stop - start
        return batches
