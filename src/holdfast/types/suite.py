"""A suite: fixed methods under fixed conditions, so that figures of two targets can be set side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.types.measurement import AttackCost, Rate, Ratio

__all__ = ["SUITE_ROUND", "UNION", "Suite", "SuiteCurve", "SuiteResult", "SuiteRow"]

SUITE_ROUND = -1
"""Round number of a suite's sessions: nothing that reads round 0 or a training round sees them."""
UNION = "union"
"""Method name of the row that puts all methods together."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What is run. Frozen: any change of it is a suite of another name."""

    name: str
    """`suite-3`."""
    methods: tuple[str, ...]
    """Registered attacks, in the order in which they are run."""
    versions: tuple[str, ...]
    """Their names with version, `beam@1`, in the same order."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Every setting of every method."""
    proposals: Mapping[str, float] = field(default_factory=lambda: {"contexts": 1.0})
    """Who proposes edits, with shares."""
    budgets: tuple[int, ...] = (100, 300, 1000, 3000)
    """Queries a search may spend; a run has one of them, and reads the smaller ones off the same searches."""
    seeds: int = 3
    """Seeds there are; a run uses the first few."""
    held_out: tuple[str, ...] = ()
    """Those of `methods` that no round of training may use."""


@dataclass(frozen=True, kw_only=True)
class SuiteRow:
    """What one method found within one budget, over all parents and seeds."""

    method: str
    """`beam@1`, or `union`."""
    budget: int
    """Queries a search."""
    seeds: int
    parents: int
    """Distinct parents attacked; those that the target accepts unedited are left out."""
    broken: Rate
    """Share of them with a verified find by any of the searches that started there."""
    candidates: int
    """Distinct texts that the target accepts."""
    verified: int
    """Those judged CATASTROPHIC."""
    validity: Rate
    """verified / candidates."""
    distinct: int
    """Verified, near-duplicates counted once."""
    distinct_severe: int
    """The same among finds of severity 3 and 4."""
    strategies: tuple[str, ...]
    """Strategies of its verified finds, sorted."""
    strategies_known: int
    """Strategies that there are; 0 where that is not known."""
    cost: AttackCost
    """Queries per verified find, unbroken searches censored."""
    per_thousand: Ratio
    """Distinct verified finds per 1,000 queries; parents' families are the independent units."""
    cpu_seconds: float | None
    """Of the process, all searches together; None below the largest budget, which was the one run."""


@dataclass(frozen=True, kw_only=True)
class SuiteCurve:
    """What one method had found once each of its searches had spent so many queries."""

    method: str
    finds: tuple[tuple[int, int], ...]
    """(queries a search, distinct verified finds), ascending; a step function, 0 before the first."""
    queries: tuple[float, ...]
    """Where the share of parents broken changes, or the budget ends."""
    share: tuple[float, ...]
    """Share of parents broken by then: 1 - Kaplan-Meier, unbroken parents censored at the budget."""
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    confidence: float


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """A suite's figures for one target."""

    suite: str
    target: str
    checkpoint_sha256: str
    threshold: float
    budget: int
    seeds: int
    parents_sha256: str
    """Hash of the sorted ids of what the parents were chosen from: figures compare only where it is the same,
    and the number of parents too."""
    choosing: int
    """Exact scores that choosing the parents took; not among the rows' queries."""
    screened: bool
    """True where an oracle screens texts before they are scored: validity is then 1 by construction."""
    held_out: tuple[str, ...]
    rows: tuple[SuiteRow, ...]
    """By budget, then in the suite's order of methods, the union last."""
    curves: tuple[SuiteCurve, ...]
    """One a method, the union last."""
    population: str
