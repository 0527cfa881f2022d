"""Exact scoring of many edited texts: de-duplicated, cached, counted, and never over budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from random import Random

from holdfast.edits.admission import rule_of
from holdfast.errors import InputError
from holdfast.protocols import Scorer
from holdfast.types import AttackBudget, Snippet

__all__ = ["GRADIENT_QUERIES", "ExactScorer", "QueryMeter", "cache_prefix", "score_safely"]

GRADIENT_QUERIES = 3
"""What one gradient costs in forward-equivalents: forward 1, forward and backward 3."""
_CHUNK = 32
_UNLIMITED = 1 << 60


class QueryMeter:
    """Counts queries and seconds against a budget. Work is charged before it is done, so none overruns."""

    def __init__(self, budget: AttackBudget, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock on `budget`."""
        self.budget = budget
        self.spent = 0
        self.cached = 0
        self.screened = 0
        self._clock = clock
        self._start = clock()

    @property
    def seconds(self) -> float:
        """Seconds since the meter was made."""
        return self._clock() - self._start

    @property
    def left(self) -> int:
        """Queries that may still be asked; 0 once the time is up."""
        if self.budget.seconds is not None and self.seconds >= self.budget.seconds:
            return 0
        return _UNLIMITED if self.budget.queries is None else self.budget.queries - self.spent

    def grant(self, wanted: int) -> int:
        """Charge up to `wanted` queries; returns how many were granted."""
        granted = max(0, min(wanted, self.left))
        self.spent += granted
        return granted

    def charge(self, wanted: int) -> bool:
        """Charge all of `wanted`, or nothing at all."""
        if wanted > self.left:
            return False
        self.spent += wanted
        return True


def cache_prefix(target: Scorer) -> str:
    """What a cached logit belongs to besides its snippet: checkpoint hash, dtype and rule, if any."""
    checkpoint = getattr(target, "checkpoint", None)
    return (
        f"{checkpoint.sha256}|{checkpoint.dtype}|{rule_of(target)}|"
        if checkpoint is not None
        else f"{id(target)}|"
    )


def score_safely(target: Scorer, snippets: Sequence[Snippet]) -> list[float]:
    """Logits in order; +inf (rejected) for a text that cannot be scored; its batch mates still are."""
    if not snippets:
        return []
    try:
        logits = [float(z) for z in target.score(snippets)]
    except InputError:
        if len(snippets) == 1:
            return [math.inf]
        half = len(snippets) // 2
        return score_safely(target, snippets[:half]) + score_safely(target, snippets[half:])
    return [z if not math.isnan(z) else math.inf for z in logits]


class ExactScorer:
    """Scores texts for one search or one person, through a cache and a meter.

    A cache hit is free and counted apart. A search gets a fresh cache for each parent, so that its result
    does not depend on what else was attacked.
    """

    def __init__(self, target: Scorer, meter: QueryMeter, cache: dict[str, float] | None = None) -> None:
        """Score with `target`, charging `meter`; `cache` may be shared between people at work."""
        self.target = target
        self.meter = meter
        self.cache: dict[str, float] = {} if cache is None else cache
        self._prefix = cache_prefix(target)

    def known(self, snippet: Snippet) -> float | None:
        """The cached logit, if there is one."""
        return self.cache.get(self._prefix + snippet.id)

    def score(self, snippets: Sequence[Snippet], rng: Random) -> list[float | None]:
        """Logits in the order given; None for those the budget did not reach (chosen at random by `rng`)."""
        keys = [self._prefix + s.id for s in snippets]
        fresh: dict[str, Snippet] = {}
        for key, snippet in zip(keys, snippets, strict=True):
            if key not in self.cache:
                fresh.setdefault(key, snippet)
        self.meter.cached += len(snippets) - len(fresh)
        todo = list(fresh)
        if len(todo) > self.meter.left:
            kept = sorted(rng.sample(range(len(todo)), max(0, self.meter.left)))
            todo = [todo[i] for i in kept]
        size = len(todo) if self.meter.budget.seconds is None else _CHUNK
        for begin in range(0, len(todo), max(1, size)):
            chunk = todo[begin : begin + size]
            chunk = chunk[: self.meter.grant(len(chunk))]
            for key, z in zip(chunk, score_safely(self.target, [fresh[k] for k in chunk]), strict=True):
                self.cache[key] = z
        return [self.cache.get(key) for key in keys]
