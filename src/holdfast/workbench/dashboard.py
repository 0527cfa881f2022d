"""The dashboard's figures: stored measurements, and the same functions that `holdfast measure` calls."""

from __future__ import annotations

import math
from datetime import datetime
from statistics import median

from holdfast.annotation.qualification import chance_below
from holdfast.annotation.rules import agreement, latest
from holdfast.gather import attack_times, false_alarms, qualities, verdicts
from holdfast.measurement.results import restore
from holdfast.stats.binomial import rate
from holdfast.types import (
    Annotation,
    AttackTime,
    CrossRound,
    FailureRate,
    Quality,
    Rate,
    Ratio,
    RoundState,
    Verdict,
)
from holdfast.workbench.adjudicating import waiting
from holdfast.workbench.site import Site
from holdfast.workbench.wire import dashboard as wire
from holdfast.workbench.wire.common import IntervalOut, RateOut

__all__ = [
    "attack_rows",
    "cross_round",
    "curve",
    "failure_rates",
    "qualities_out",
    "queues",
    "raters",
    "rounds",
    "summary",
    "targets",
]

_FEW = 5
_BAR = 0.9
"""Share of known items that a labeller should get right: below it, a lead looks."""


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def rate_out(value: Rate) -> RateOut:
    """A Rate as it travels."""
    return RateOut(
        count=value.count,
        trials=value.trials,
        estimate=_finite(value.estimate),
        lower=value.lower,
        upper=value.upper,
        bound=value.bound,
        confidence=value.confidence,
        method=value.method,
        population=value.population,
    )


def _interval(value: Ratio) -> IntervalOut:
    return IntervalOut(
        estimate=_finite(value.estimate),
        lower=_finite(value.lower),
        upper=_finite(value.upper),
        confidence=value.confidence,
        method=value.method,
        population=value.population,
    )


def failure_rates(site: Site, target: str | None = None) -> list[wire.FailureRateOut]:
    """As `holdfast measure` stored them, each with the label-noise floor."""
    floor = false_alarms(site.store, confidence=site.settings.confidence)
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
                noise_floor=None if floor is None else rate_out(floor),
                few=value.failures.count < _FEW,
                made=one.at or site.clock(),
            )
        )
    return found


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
        consistency=None if value.consistency is None else rate_out(value.consistency),
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


def summary(site: Site) -> wire.Summary:
    """How safe, how hard to break, what it costs, what waits."""
    newest = _newest(site)
    quality = [one for one in qualities_out(site) if one.target == newest]
    return wire.Summary(
        newest=newest,
        failure_rates=failure_rates(site),
        attack_times=attack_rows(site),
        quality=quality[-1] if quality else None,
        queues=queues(site),
        rounds=rounds(site),
        verdicts=site.overview.verdicts(),
    )


# How far labels can be trusted


def raters(site: Site) -> wire.RaterHealth:
    """Agreement, and one row a labeller: reasons to look, no verdicts."""
    people, confidence = site.overview.by_people(), site.settings.confidence
    found = agreement(people.values(), seed=0, confidence=confidence)
    pairs = found.both + found.one + found.neither
    raw = rate(
        found.both + found.neither, pairs, population="pairs of labels of one item", confidence=confidence
    )

    def limits(estimate: float, lower: float, upper: float) -> IntervalOut:
        return IntervalOut(
            estimate=_finite(estimate),
            lower=_finite(lower),
            upper=_finite(upper),
            confidence=confidence,
            method="bootstrap over items, percentile",
            population=f"{found.items:,} items with two labels or more",
        )

    return wire.RaterHealth(
        agreement=wire.AgreementOut(
            items=found.items,
            both=found.both,
            one=found.one,
            neither=found.neither,
            alpha=limits(found.alpha, found.alpha_lower, found.alpha_upper),
            positive=limits(found.positive, found.positive_lower, found.positive_upper),
            raw=rate_out(raw),
        ),
        raters=_rows(site, people),
        self_agreement=None,
    )


def _rows(site: Site, people: dict[str, list[Annotation]]) -> list[wire.RaterRow]:
    truth = {g.snippet_id: g for g, _ in site.labelling.gold(served=True) if g.retired is None}
    by: dict[str, list[Annotation]] = {}
    for marks in people.values():
        for one in latest(marks):
            by.setdefault(one.annotator, []).append(one)
    rows = []
    for name, said in sorted(by.items()):
        known = [o for o in said if o.snippet_id in truth and _after(o.at, truth[o.snippet_id].at)]
        right = sum(o.judgement.verdict.strict == truth[o.snippet_id].verdict.strict for o in known)
        chance = chance_below(right, len(known) - right, _BAR) if known else None
        times = [o.seconds for o in said if o.seconds is not None]
        rows.append(
            wire.RaterRow(
                pseudonym=name,
                items=len(said),
                median_seconds=median(times) if times else None,
                gold_right=right,
                gold_wrong=len(known) - right,
                chance_below=chance,
                look_at=chance is not None and chance > 0.95,
                last=max((o.at for o in said if o.at is not None), default=None),
            )
        )
    return rows


def _after(at: datetime | None, before: datetime) -> bool:
    return at is not None and at > before
