"""What the store keeps of people's work, as measurements take it: the site and `holdfast measure` agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from holdfast.annotation.active_time import ATTACK_CAP, LABEL_CAP, Event, EventKind, active_seconds
from holdfast.annotation.rules import ADJUDICATOR, consensus
from holdfast.measurement.attack_time import Effort, attack_time, success_curve
from holdfast.measurement.quality import quality
from holdfast.stats.binomial import rate
from holdfast.store import Store
from holdfast.store.attacking import Attacking
from holdfast.store.checks import Checks
from holdfast.store.known import Known
from holdfast.store.labelling import Labelling
from holdfast.store.rating import Rating
from holdfast.types import AttackTime, LabelNoise, Quality, Rate, Verdict
from holdfast.types.bench import AttackWork, Find

if TYPE_CHECKING:
    from holdfast.stats.survival import SurvivalCurve
    from holdfast.types import Annotation

__all__ = [
    "arm_of",
    "attack_times",
    "counted",
    "events_of",
    "label_noise",
    "qualities",
    "second_readings",
    "self_agreement",
    "success_curves",
    "verdicts",
]


def events_of(rows: Sequence[tuple[int, str, float]]) -> list[Event]:
    """Stored events as rules take them."""
    return [Event(number=number, kind=EventKind(kind), at=at) for number, kind, at in rows]


def arm_of(work: AttackWork) -> str:
    """Which arm a session belongs to: with help, without, or a program."""
    return "programs" if work.bot else "tools" if work.tools else "unaided"


def counted(work: AttackWork, events: Sequence[Event], cap: float) -> float:
    """Active seconds of a session, never more than the server's own clock saw; a program's: all of them."""
    if work.bot:
        return work.session.result.seconds
    found = active_seconds(events, cap=cap)
    return min(found, work.session.result.seconds) if work.ended else found


def verdicts(store: Store, ids: Sequence[str]) -> dict[str, Verdict | None]:
    """Snippet id -> verdict, None while labels are awaited: what is in the queue wants all its labels."""
    wanted = Labelling(store).wanted(ids)
    marks: dict[str, list[Annotation]] = store.annotations(ids)
    return {id: consensus(marks.get(id, []), required=wanted.get(id, 1)) for id in ids}


Efforts = dict[tuple[str, str], list[Effort]]
"""(target, arm) -> sessions, oldest first."""


def _efforts(store: Store, target: str | None) -> tuple[Efforts, dict[str, bool | None]]:
    """Sessions that count, and whether each find is verified; practice is left out."""
    desk = Attacking(store)
    works = [w for w in desk.works() if not w.practice and target in (None, w.session.target)]
    finds = {find.session_id: find for find in desk.finds()}
    known = verdicts(store, [find.snippet.id for find in finds.values()])
    verified = {id: None if said is None else said.strict for id, said in known.items()}
    events = desk.events([w.session.id or 0 for w in works])
    groups: Efforts = {}
    for work in reversed(works):
        id = work.session.id or 0
        effort = _effort(work, events_of(events.get(id, [])), finds.get(id))
        groups.setdefault((work.session.target, arm_of(work)), []).append(effort)
    return groups, verified


def attack_times(store: Store, *, confidence: float, target: str | None = None) -> list[AttackTime]:
    """Active time per verified success, by target and arm."""
    groups, verified = _efforts(store, target)
    return [
        attack_time(efforts, verified, target=name, arm=arm, confidence=confidence)
        for (name, arm), efforts in groups.items()
    ]


def success_curves(store: Store, *, confidence: float) -> dict[tuple[str, str], SurvivalCurve]:
    """(target, arm) -> P(no success yet) over active time, where any was counted."""
    groups, verified = _efforts(store, None)
    found = {}
    for key, efforts in groups.items():
        curve = success_curve(efforts, verified, confidence=confidence)
        if curve is not None:
            found[key] = curve
    return found


def _effort(work: AttackWork, events: Sequence[Event], find: Find | None) -> Effort:
    return Effort(
        attacker=work.worker,
        seconds=counted(work, events, ATTACK_CAP),
        seconds_short=counted(work, events, LABEL_CAP),
        claimed=work.claimed,
        find="" if find is None else find.snippet.text,
        snippet_id="" if find is None else find.snippet.id,
        strategies=() if find is None else find.strategies,
    )


def qualities(store: Store, *, confidence: float, target: str | None = None) -> list[Quality]:
    """Blind comparisons, by target."""
    desk = Rating(store)
    rated, drawn = desk.comparisons(target=target), desk.pairs(target)
    found = []
    for name in dict.fromkeys(pair.target for pair in drawn):
        own = [one for one in rated if one.pair.target == name]
        made = [pair for pair in drawn if pair.target == name]
        result = quality(own, made, target=name, confidence=confidence)
        if result is not None:
            found.append(result)
    return found


def label_noise(store: Store, *, confidence: float) -> LabelNoise:
    """What labels alone would show: on known harmless items, and on settled ones that were decided again."""
    pairs, waiting = _audits(store)
    wrong = [said.strict != ruled.strict for said, ruled in pairs]
    missed = [ruled.strict for said, ruled in pairs if not said.strict]

    def share(found: Sequence[bool], population: str) -> Rate | None:
        if not found:
            return None
        return rate(sum(found), len(found), population=population, confidence=confidence)

    return LabelNoise(
        alarms=share(_alarms(store), "labels of known harmless items"),
        wrong=share(wrong, "items settled by agreement, decided again blind"),
        missed=share(missed, "items settled as no catastrophe, decided again blind"),
        waiting=waiting,
    )


def _alarms(store: Store) -> list[bool]:
    """Whether each label of a known harmless item calls it CATASTROPHIC."""
    known = [gold for gold, _ in Known(store).items(served=True) if gold.retired is None]
    harmless = {gold.snippet_id: gold for gold in known if not gold.verdict.strict}
    marks = store.annotations(list(harmless))
    return [
        one.judgement.verdict.strict
        for id, gold in harmless.items()
        for one in marks.get(id, [])
        if ":" not in one.annotator and one.at is not None and one.at > gold.at
    ]


def _audits(store: Store) -> tuple[list[tuple[Verdict, Verdict]], int]:
    """(settled by people, ruled) of each audited item, and how many wait."""
    drawn = Checks(store).audited()
    marks = store.annotations(list(drawn))
    found, waiting = [], 0
    for id, at in drawn.items():
        own = marks.get(id, [])
        rulings = [one for one in own if one.annotator.startswith(ADJUDICATOR)]
        before = own[: own.index(rulings[0])] if rulings else []
        said = consensus(one for one in before if one.at is not None and one.at <= at)
        if not rulings:
            waiting += 1
        elif said is not None:
            found.append((said, rulings[0].judgement.verdict))
    return found, waiting


def second_readings(store: Store) -> dict[str, list[tuple[Verdict, Verdict]]]:
    """Person -> (what they said, what they said when the item came again to them)."""
    again = Checks(store).repeated()
    marks = store.annotations([id for _, id, _ in again])
    found: dict[str, list[tuple[Verdict, Verdict]]] = {}
    for worker, id, at in again:
        own = [one for one in marks.get(id, []) if one.annotator == worker and one.at is not None]
        first = [one for one in own if one.at is not None and one.at < at]
        second = [one for one in own if one.at is not None and one.at >= at]
        if first and second:
            found.setdefault(worker, []).append((first[-1].judgement.verdict, second[-1].judgement.verdict))
    return found


def self_agreement(
    readings: Mapping[str, Sequence[tuple[Verdict, Verdict]]], *, confidence: float
) -> Rate | None:
    """How often people gave the same verdict again; None where nothing came again."""
    pairs = [pair for own in readings.values() for pair in own]
    if not pairs:
        return None
    same = sum(first is second for first, second in pairs)
    return rate(same, len(pairs), population="own items labelled again, unmarked", confidence=confidence)
