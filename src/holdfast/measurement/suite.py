"""What a suite found: one row a method and budget, the union over methods, and curves over queries.

Rows of one suite share the groups of near-duplicates, formed once over all verified finds: a method's count
is how many of them it reached, and the union's is how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from holdfast.measurement.attack_cost import attack_cost
from holdfast.stats.binomial import rate
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.stats.poisson import mean_cost
from holdfast.stats.survival import kaplan_meier
from holdfast.types import UNION, AttackResult, Judgement, Outcome, Ratio, SuiteCurve, SuiteRow

__all__ = ["Evidence", "suite_curves", "suite_rows"]

Searches = Mapping[str, Sequence[AttackResult]]
"""Method -> its searches, over all seeds, in order."""

SEVERE = 3
"""Severity from which a find is counted again: serious."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of the candidates and their parents."""

    target: str
    population: str
    """What the parents are a sample of."""
    judgements: Mapping[str, Judgement]
    """By snippet id, of every candidate."""
    groups: Mapping[str, int]
    """By snippet id, of every verified candidate: which of them count as one."""
    families: Mapping[str, str] = field(default_factory=dict)
    """Parent id -> family, the independent unit; by default each parent is its own."""
    strategies_known: int = 0
    seeds: int = 1
    confidence: float = 0.95

    def verified(self, result: AttackResult) -> str | None:
        """Id of the verified find that `result` ended in, if it did."""
        candidate = result.candidate
        judged = self.judgements.get(candidate.id) if candidate is not None else None
        return (
            candidate.id if candidate is not None and judged is not None and judged.verdict.strict else None
        )

    def family(self, result: AttackResult) -> str:
        """Of the parent."""
        return self.families.get(result.parent.id, result.parent.id)


def within(results: Sequence[AttackResult], budget: int) -> list[AttackResult]:
    """The searches as far as `budget` queries: one that took more has found nothing yet.

    Undoing needless edits after the find counts: a budget that ends amid it reads as not broken.
    """
    return [
        r if r.queries <= budget else replace(r, outcome=Outcome.FAILED, queries=budget, steps=r.steps[:1])
        for r in results
    ]


def _with_union(searches: Searches) -> Iterator[tuple[str, Sequence[AttackResult]]]:
    yield from searches.items()
    yield UNION, [result for results in searches.values() for result in results]


def _per_thousand(results: Sequence[AttackResult], evidence: Evidence, distinct: int) -> Ratio:
    """Distinct finds per 1,000 queries: exact Poisson limits, widened to the clustered ones where those are
    wider. A group of near-duplicates belongs to the family in which it was found first."""
    queries = sum(r.queries for r in results)
    exponential = mean_cost(distinct, float(queries), confidence=evidence.confidence)
    lower, upper = 1000 / exponential.upper, 1000 / exponential.lower
    if distinct >= 2:
        seen: set[int] = set()
        rows = []
        for result in results:
            found = evidence.verified(result)
            new = found is not None and evidence.groups[found] not in seen
            if found is not None:
                seen.add(evidence.groups[found])
            rows.append((float(new), result.queries / 1000))
        clustered = ratio_of_totals(
            np.array(rows),
            (1, -1),
            clusters=[evidence.family(r) for r in results],
            how=Resampling(confidence=evidence.confidence),
        )
        lower, upper = min(lower, clustered.lower), max(upper, clustered.upper)
    return Ratio(
        estimate=1000 * distinct / queries,
        lower=lower,
        upper=upper,
        confidence=evidence.confidence,
        method="Poisson, or clustered log-t where wider",
        population=evidence.population,
        count=distinct,
        trials=queries,
    )


def _row(method: str, budget: int, results: Sequence[AttackResult], evidence: Evidence) -> SuiteRow:
    """`results`: as far as `budget`. Raises MeasurementError where every parent was skipped."""
    cost = attack_cost(
        results,
        {i: j.verdict for i, j in evidence.judgements.items()},
        target=evidence.target,
        population=evidence.population,
        families=evidence.families,
        confidence=evidence.confidence,
    )
    attacked = [r for r in results if r.outcome is not Outcome.SKIPPED]
    parents = {r.parent.id for r in attacked}
    broken = {r.parent.id for r in attacked if evidence.verified(r)}
    verified = {found for r in attacked if (found := evidence.verified(r))}
    judged = [evidence.judgements[i] for i in verified]
    severe = {i for i in verified if evidence.judgements[i].severity >= SEVERE}
    distinct = len({evidence.groups[i] for i in verified})
    level = evidence.confidence
    return SuiteRow(
        method=method,
        budget=budget,
        seeds=evidence.seeds,
        parents=len(parents),
        broken=rate(len(broken), len(parents), population=evidence.population, confidence=level),
        candidates=cost.candidates,
        verified=len(verified),
        validity=rate(len(verified), cost.candidates, population="distinct candidates", confidence=level),
        distinct=distinct,
        distinct_severe=len({evidence.groups[i] for i in severe}),
        strategies=tuple(sorted({j.strategy for j in judged} - {""})),
        strategies_known=evidence.strategies_known,
        cost=cost,
        per_thousand=_per_thousand(attacked, evidence, distinct),
        cpu_seconds=None,
    )


def suite_rows(searches: Searches, evidence: Evidence, budgets: Sequence[int]) -> list[SuiteRow]:
    """One row a budget and method, and the union's after them.

    searches: run with the largest of `budgets`; smaller ones are read off them (`within`). Raises
    MeasurementError where the target accepts every parent unedited, or a candidate has no judgement.
    """
    rows = []
    for budget in sorted(budgets):
        for method, results in _with_union(searches):
            row = _row(method, budget, within(results, budget), evidence)
            if budget == max(budgets):
                row = replace(row, cpu_seconds=sum(r.seconds for r in results))
            rows.append(row)
    return rows


def suite_curves(searches: Searches, evidence: Evidence, budget: int) -> list[SuiteCurve]:
    """Distinct verified finds, and the share of parents broken, by the queries that each search had spent.

    A parent is broken at the fewest queries that any search from it took to a verified find; one that was
    never broken is censored at `budget` (a method that ran out of ideas earlier would not break it later).
    """
    return [_curve(method, results, evidence, budget) for method, results in _with_union(searches)]


def _curve(method: str, results: Sequence[AttackResult], evidence: Evidence, budget: int) -> SuiteCurve:
    first: dict[int, int] = {}
    cost: dict[str, int | None] = {}
    for result in (r for r in results if r.outcome is not Outcome.SKIPPED):
        parent, found = result.parent.id, evidence.verified(result)
        before = cost.setdefault(parent, None)
        if found is not None:
            group = evidence.groups[found]
            first[group] = min(result.queries, first.get(group, result.queries))
            cost[parent] = result.queries if before is None else min(before, result.queries)
    known = kaplan_meier(
        [budget if q is None else q for q in cost.values()],
        [q is not None for q in cost.values()],
        confidence=evidence.confidence,
    )
    steps = sorted(first.values())
    return SuiteCurve(
        method=method,
        finds=tuple((q, n) for n, q in enumerate(steps, 1) if n == len(steps) or steps[n] != q),
        queries=known.times,
        share=tuple(1 - s for s in known.survival),
        lower=tuple(1 - s for s in known.upper),
        upper=tuple(1 - s for s in known.lower),
        confidence=evidence.confidence,
    )
