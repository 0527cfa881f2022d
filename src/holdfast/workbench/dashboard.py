"""The dashboard's figures: stored measurements, and the same functions that `holdfast measure` calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

from holdfast.gather import (
    attack_times,
    label_noise,
    qualities,
    success_curves,
    verdicts,
)
from holdfast.measurement.results import restore
from holdfast.stats.survival import SurvivalCurve
from holdfast.types import (
    AttackTime,
    CrossRound,
    FailureRate,
    LabelNoise,
    Quality,
    Rate,
    Ratio,
    RoundState,
    Verdict,
)
from holdfast.workbench.adjudicating import waiting
from holdfast.workbench.paging import part
from holdfast.workbench.site import Site
from holdfast.workbench.wire import dashboard as wire
from holdfast.workbench.wire.common import IntervalOut, RateOut

__all__ = [
    "attack_rows",
    "cross_round",
    "curve",
    "failure_page",
    "failure_rates",
    "finite",
    "maybe",
    "qualities_out",
    "queues",
    "rate_out",
    "rounds",
    "success_rows",
    "summary",
    "targets",
]

_FEW = 5


def finite(value: float | None) -> float | None:
    """None for what JSON cannot hold."""
    return None if value is None or not math.isfinite(value) else value


def rate_out(value: Rate) -> RateOut:
    """A Rate as it travels."""
    return RateOut(
        count=value.count,
        trials=value.trials,
        estimate=finite(value.estimate),
        lower=value.lower,
        upper=value.upper,
        bound=value.bound,
        confidence=value.confidence,
        method=value.method,
        population=value.population,
    )


def maybe(value: Rate | None) -> RateOut | None:
    """A Rate as it travels, where there is one."""
    return None if value is None else rate_out(value)


def _noise(value: LabelNoise) -> wire.LabelNoiseOut:
    return wire.LabelNoiseOut(
        alarms=maybe(value.alarms),
        wrong=maybe(value.wrong),
        missed=maybe(value.missed),
        waiting=value.waiting,
    )


def _interval(value: Ratio) -> IntervalOut:
    return IntervalOut(
        estimate=finite(value.estimate),
        lower=finite(value.lower),
        upper=finite(value.upper),
        confidence=value.confidence,
        method=value.method,
        population=value.population,
    )


def failure_rates(site: Site, target: str | None = None) -> list[wire.FailureRateOut]:
    """As `holdfast measure` stored them."""
    found = []
    for one in site.store.measurements(kind="failure_rate", target=target):
        value = restore(one)
        assert isinstance(value, FailureRate)
        found.append(
            wire.FailureRateOut(
                target=one.target,
                population=one.population,
                generator=value.generator,
                failures=rate_out(value.failures),
                few=value.failures.count < _FEW,
                made=one.at or site.clock(),
            )
        )
    return found


def failure_page(site: Site, offset: int, limit: int) -> wire.FailureRatePage:
    """All of them, newest first, `limit` at a time."""
    rows = failure_rates(site)[::-1]
    return wire.FailureRatePage(rows=list(part(rows, offset, limit)), total=len(rows))


def attack_rows(site: Site) -> list[wire.AttackTime]:
    """Active time per verified success, now."""
    return [_attack_time(one) for one in attack_times(site.store, confidence=site.settings.confidence)]


def _attack_time(value: AttackTime) -> wire.AttackTime:
    return wire.AttackTime.model_validate(
        {
            "target": value.target,
            "arm": value.arm,
            "sessions": value.sessions,
            "attackers": value.attackers,
            "seconds": value.seconds,
            "seconds_with_claims": value.seconds + value.seconds_claimed,
            "seconds_cap_60": value.seconds_short,
            "successes": value.successes,
            "distinct": value.distinct,
            "per_success": _interval(value.per_success),
            "per_distinct_success": _interval(value.per_distinct),
            "by_attacker": _interval(value.by_attacker),
            "pending": value.pending,
        }
    )


def curve(site: Site, target: str) -> wire.Curve:
    """The threshold curve of a target (empty: the newest); no points where it was not measured."""
    name = target or _newest(site)
    found = site.store.measurements(kind="threshold_curve", target=name) if name else []
    points = found[-1].result["points"] if found else []
    current = site.store.thresholds(name)[-1].value if name and site.store.thresholds(name) else None
    return wire.Curve(target=name, points=[_point(one) for one in points], current=current)


def _point(point: dict[str, object]) -> wire.CurvePoint:
    named = {
        name: rate_out(Rate(**point[name]))  # type: ignore[arg-type]
        for name in ("acceptance", "failures", "missed")
    }
    return wire.CurvePoint.model_validate({"threshold": point["threshold"], **named})


def cross_round(site: Site) -> wire.CrossRoundOut:
    """The latest matrix; empty before any."""
    found = site.store.measurements(kind="cross_round")
    if not found:
        return wire.CrossRoundOut(attacked=[], scored_by=[], cells=[])
    value = restore(found[-1])
    assert isinstance(value, CrossRound)
    cells = [[rate_out(cell) if cell.trials else None for cell in row] for row in value.cells]
    return wire.CrossRoundOut(attacked=list(value.rows), scored_by=list(value.columns), cells=cells)


def qualities_out(site: Site) -> list[wire.QualityOut]:
    """Blind comparisons by target, now."""
    return [_quality(one) for one in qualities(site.store, confidence=site.settings.confidence)]


def _quality(value: Quality) -> wire.QualityOut:
    return wire.QualityOut(
        target=value.target,
        ratings=value.ratings,
        identical=value.identical,
        conditional=_interval(value.conditional),
        unconditional=_interval(value.unconditional),
        side_effect=_interval(value.side),
        same_arm=_interval(value.same_arm),
        consistency=maybe(value.consistency),
        unusable=value.unusable,
    )


def queues(site: Site) -> wire.Queues:
    """What is waiting."""
    counts, _ = site.labelling.counts()
    open_items = waiting(site)
    finds = site.attacking.finds()
    said = verdicts(site.store, [one.snippet.id for one in finds])
    return wire.Queues(
        to_label=counts.to_label,
        leased=counts.leased,
        labelled=counts.labelled,
        to_adjudicate=len(open_items),
        oldest_label=counts.oldest,
        oldest_adjudication=open_items[0].added if open_items else None,
        submissions_pending=sum(said[one.snippet.id] in (None, Verdict.UNSURE) for one in finds),
        pairs_to_rate=site.rating.waiting(),
    )


def _newest(site: Site) -> str:
    names = [one.name for one in site.store.checkpoints("classifier") if site.store.thresholds(one.name)]
    return names[-1] if names else ""


def targets(site: Site) -> wire.Targets:
    """Classifiers, oldest first."""
    rounds = {f"round-{one.number}": one.number for one in site.store.rounds()}
    rows = []
    for ref in site.store.checkpoints("classifier"):
        thresholds = site.store.thresholds(ref.name)
        last = thresholds[-1] if thresholds else None
        rows.append(
            wire.TargetRow(
                name=ref.name,
                threshold=None if last is None else last.value,
                rule="" if last is None else last.rule,
                characters="" if last is None else last.characters,
                acceptance=None if last is None else rate_out(last.acceptance),
                round=rounds.get(ref.name, 0),
            )
        )
    return wire.Targets(targets=rows)


def rounds(site: Site) -> list[wire.RoundOut]:
    """All rounds, with what they found."""
    found = []
    candidates = site.overview.candidates()
    for one in site.store.rounds():
        ids = candidates.get(one.number, [])
        said = verdicts(site.store, ids)
        found.append(
            wire.RoundOut(
                number=one.number,
                target=one.target,
                state=RoundState(one.state),
                candidates=len(ids),
                verified=sum(said[id] is Verdict.CATASTROPHIC for id in ids),
                waiting=sum(said[id] is None for id in ids),
            )
        )
    return found


def _newest_rates(rows: Sequence[wire.FailureRateOut], newest: str) -> list[wire.FailureRateOut]:
    """Of the newest target; where it was not measured, of the one that was measured last."""
    names = {one.target for one in rows}
    shown = newest if newest in names or not rows else rows[-1].target
    return [one for one in rows if one.target == shown]


def success_rows(site: Site) -> list[wire.SuccessCurve]:
    """Time to the next success, by target and arm."""
    found = success_curves(site.store, confidence=site.settings.confidence)
    return [_success(target, arm, curve) for (target, arm), curve in found.items()]


def _success(target: str, arm: str, curve: SurvivalCurve) -> wire.SuccessCurve:
    steps = zip(curve.times, curve.survival, curve.lower, curve.upper, curve.at_risk, strict=True)
    names = ("seconds", "unbroken", "lower", "upper", "at_risk")
    return wire.SuccessCurve.model_validate(
        {
            "target": target,
            "arm": arm,
            "points": [dict(zip(names, step, strict=True)) for step in steps],
            "successes": curve.events,
            "spells": curve.attempts,
            "median": finite(curve.median),
            "confidence": curve.confidence,
            "method": curve.method,
        }
    )


def summary(site: Site) -> wire.Summary:
    """How safe, how hard to break, what it costs, what waits."""
    newest = _newest(site)
    quality = [one for one in qualities_out(site) if one.target == newest]
    return wire.Summary(
        newest=newest,
        failure_rates=_newest_rates(failure_rates(site), newest),
        noise=_noise(label_noise(site.store, confidence=site.settings.confidence)),
        attack_times=attack_rows(site),
        quality=quality[-1] if quality else None,
        queues=queues(site),
        rounds=rounds(site),
        verdicts=site.overview.verdicts(),
    )
