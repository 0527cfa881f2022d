"""How long people need to break a target: active time per verified success, all sessions counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.data.dedup import near_duplicates
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.stats.interval import Interval
from holdfast.stats.poisson import mean_cost
from holdfast.stats.survival import SurvivalCurve, kaplan_meier
from holdfast.types.measurement import AttackTime, Ratio

__all__ = ["LIKENESS", "Effort", "attack_time", "success_curve"]

LIKENESS = 0.6
"""Jaccard similarity of 3-word shingles from which on two finds are one hole."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """One session, however it ended."""

    attacker: str
    seconds: float
    """Active, gaps counted up to the cap for attacking."""
    seconds_short: float
    """The same with gaps counted up to the cap for labelling."""
    claimed: float = 0.0
    find: str = ""
    """Text that was handed in; empty where none was."""
    snippet_id: str = ""
    strategies: tuple[str, ...] = ()


def _distinct(texts: Sequence[str]) -> int:
    """Texts, near-duplicates counted once."""
    later = {j for _, j, _ in near_duplicates(texts, threshold=LIKENESS)}
    return len(texts) - len(later)


def _per(events: int, seconds: float, confidence: float) -> Interval:
    """Mean seconds an event; no time counted: nothing is claimed."""
    if events and seconds == 0:
        method = "no claim: no time was counted"
        return Interval(estimate=0.0, lower=0.0, upper=math.inf, confidence=confidence, method=method)
    return mean_cost(events, seconds, confidence=confidence)


def _ratio(found: Interval, count: int, trials: int, population: str) -> Ratio:
    return Ratio(
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        confidence=found.confidence,
        method=found.method,
        population=population,
        count=count,
        trials=trials,
    )


def _won(efforts: Sequence[Effort], verified: Mapping[str, bool | None]) -> list[bool]:
    """Which sessions brought a success: a distinct text whose verdict is CATASTROPHIC."""
    seen: set[str] = set()
    won: list[bool] = []
    for effort in efforts:
        fresh = bool(effort.snippet_id) and effort.snippet_id not in seen
        seen.add(effort.snippet_id)
        won.append(fresh and verified.get(effort.snippet_id) is True)
    return won


def success_curve(
    efforts: Sequence[Effort], verified: Mapping[str, bool | None], *, confidence: float = 0.95
) -> SurvivalCurve | None:
    """P(no success yet) over active seconds, by Kaplan and Meier; None where no time was counted.

    A spell runs from an attacker's start, or last success, to their next success over all sessions between
    (`efforts` are in the order of time); the one that goes on at the end is censored. So the spells' seconds
    sum to all seconds, as in `attack_time`. Spells of one attacker are taken as independent.
    """
    costs: list[float] = []
    broken: list[bool] = []
    running: dict[str, float] = {}
    for effort, yes in zip(efforts, _won(efforts, verified), strict=True):
        spent = running.get(effort.attacker, 0.0) + effort.seconds
        running[effort.attacker] = 0.0 if yes else spent
        if yes:
            costs.append(spent)
            broken.append(True)
    for left in running.values():
        if left > 0:
            costs.append(left)
            broken.append(False)
    return kaplan_meier(costs, broken, confidence=confidence) if any(costs) else None


def attack_time(
    efforts: Sequence[Effort],
    verified: Mapping[str, bool | None],
    *,
    target: str,
    arm: str,
    confidence: float = 0.95,
    seed: int = 0,
) -> AttackTime:
    """Seconds per success over all sessions on one target, failed and abandoned ones included.

    verified: snippet id -> whether its consensus is CATASTROPHIC; None: labels are awaited. A success is a
    distinct verified text. Limits: exponential with censoring, exact (`mean_cost`), for successes and for
    distinct ones (near-duplicates once); and a percentile bootstrap over attackers (2000 draws), which is
    the headline: people differ more than chance. Fewer than two attackers: it claims nothing.
    """
    won = _won(efforts, verified)
    successes = sum(won)
    distinct = _distinct([e.find for e, yes in zip(efforts, won, strict=True) if yes])
    seconds = sum(e.seconds for e in efforts)
    values = np.array([[e.seconds, float(yes)] for e, yes in zip(efforts, won, strict=True)]).reshape(-1, 2)
    how = Resampling(confidence=confidence, method="percentile", seed=seed)
    spread = ratio_of_totals(values, (1, -1), clusters=[e.attacker for e in efforts], how=how)
    n, population = len(efforts), f"{len(efforts):,} sessions in the workbench on {target}, {arm}"
    pending = sum(bool(e.snippet_id) and verified.get(e.snippet_id) is None for e in efforts)
    return AttackTime(
        target=target,
        arm=arm,
        sessions=n,
        attackers=len({e.attacker for e in efforts}),
        seconds=seconds,
        seconds_claimed=sum(e.claimed for e in efforts),
        seconds_short=sum(e.seconds_short for e in efforts),
        successes=successes,
        distinct=distinct,
        pending=pending,
        per_success=_ratio(_per(successes, seconds, confidence), successes, n, population),
        per_distinct=_ratio(_per(distinct, seconds, confidence), distinct, n, population),
        by_attacker=_ratio(spread, successes, n, population),
        confidence=confidence,
        population=population,
    )
