"""Stored measurements back as the typed results they were."""

from __future__ import annotations

from typing import Any

from holdfast.types import (
    AttackCost,
    AttackTime,
    CrossRound,
    FailureRate,
    Quality,
    Rate,
    Ratio,
    StoredMeasurement,
)

__all__ = ["latest", "restore"]

_RATIOS = {
    "attack_time": ("per_success", "per_distinct", "by_attacker"),
    "quality": ("conditional", "unconditional", "side", "same_arm"),
}
_RATES = ("failures", "failures_if_unsure", "unfiltered", "acceptance", "abstained")


def restore(measurement: StoredMeasurement) -> Any:
    """FailureRate, AttackCost, AttackTime, Quality, Rate or CrossRound; the plain dict for other kinds."""
    result = dict(measurement.result)
    match measurement.kind:
        case "failure_rate":
            return FailureRate(**result | {name: Rate(**result[name]) for name in _RATES})
        case "attack_cost":
            return AttackCost(**result)
        case "attack_time" | "quality" as kind:
            ratios = {name: Ratio(**result[name]) for name in _RATIOS[kind]}
            if kind == "attack_time":
                return AttackTime(**result | ratios)
            alike = result["consistency"]
            return Quality(**result | ratios | {"consistency": Rate(**alike) if alike else None})
        case "acceptance":
            return Rate(**result)
        case "cross_round":
            cells = tuple(tuple(Rate(**cell) for cell in row) for row in result["cells"])
            return CrossRound(rows=tuple(result["rows"]), columns=tuple(result["columns"]), cells=cells)
    return result


def latest(measurements: list[StoredMeasurement], kind: str, target: str, population: str) -> Any:
    """The newest result of that kind, typed; None where there is none."""
    found = [m for m in measurements if (m.kind, m.target, m.population) == (kind, target, population)]
    return restore(found[-1]) if found else None
