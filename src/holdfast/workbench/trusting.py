"""How far labels can be trusted: agreement with others, with oneself and with known items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median

from holdfast.annotation.qualification import chance_below
from holdfast.annotation.rules import agreement, latest
from holdfast.gather import second_readings, self_agreement
from holdfast.stats.binomial import rate
from holdfast.types import Annotation, Verdict
from holdfast.workbench.dashboard import finite, maybe, rate_out
from holdfast.workbench.paging import part
from holdfast.workbench.site import Site
from holdfast.workbench.wire import dashboard as wire
from holdfast.workbench.wire.common import IntervalOut, RateOut

__all__ = ["rater_rows", "raters"]

_BAR = 0.9
"""Share of known items that a labeller should get right: below it, a lead looks."""


def raters(site: Site, offset: int, limit: int) -> wire.RaterHealth:
    """Agreement, and some of the labellers, one row each: reasons to look, no verdicts."""
    people, confidence = site.overview.by_people(), site.settings.confidence
    found = agreement(people.values(), seed=0, confidence=confidence)
    readings = second_readings(site.store)
    rows = _rows(site, people, readings)
    pairs = found.both + found.one + found.neither
    raw = rate(
        found.both + found.neither, pairs, population="pairs of labels of one item", confidence=confidence
    )

    def limits(estimate: float, lower: float, upper: float) -> IntervalOut:
        return IntervalOut(
            estimate=finite(estimate),
            lower=finite(lower),
            upper=finite(upper),
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
        raters=list(part(rows, offset, limit)),
        total=len(rows),
        self_agreement=maybe(self_agreement(readings, confidence=confidence)),
        stayed=_stayed(site, sum(len(marks) for marks in people.values())),
    )


def rater_rows(site: Site) -> list[wire.RaterRow]:
    """Every labeller."""
    return _rows(site, site.overview.by_people(), second_readings(site.store))


def _stayed(site: Site, labels: int) -> RateOut | None:
    if not labels:
        return None
    count = min(site.checks.burdens(), labels)
    return rate_out(rate(count, labels, population="labels by people", confidence=site.settings.confidence))


def _rows(
    site: Site,
    people: dict[str, list[Annotation]],
    readings: Mapping[str, Sequence[tuple[Verdict, Verdict]]],
) -> list[wire.RaterRow]:
    truth = {g.snippet_id: g for g, _ in site.known.items(served=True) if g.retired is None}
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
                again=len(readings.get(name, ())),
                again_same=sum(first is second for first, second in readings.get(name, ())),
                last=max((o.at for o in said if o.at is not None), default=None),
            )
        )
    return rows


def _after(at: datetime | None, before: datetime) -> bool:
    return at is not None and at > before
