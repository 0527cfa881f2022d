"""What the store keeps of people's work, as measurements take it: the site and `holdfast measure` agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.annotation.active_time import ATTACK_CAP, LABEL_CAP, Event, EventKind, active_seconds
from holdfast.annotation.rules import consensus
from holdfast.measurement.attack_time import Effort, attack_time
from holdfast.measurement.quality import quality
from holdfast.stats.binomial import rate
from holdfast.store import Store
from holdfast.store.attacking import Attacking
from holdfast.store.labelling import Labelling
from holdfast.store.rating import Rating
from holdfast.types import AttackTime, Quality, Rate, Verdict
from holdfast.types.bench import AttackWork, Find

if TYPE_CHECKING:
    from holdfast.types import Annotation

__all__ = ["arm_of", "attack_times", "counted", "events_of", "false_alarms", "qualities", "verdicts"]


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


def attack_times(store: Store, *, confidence: float, target: str | None = None) -> list[AttackTime]:
    """Active time per verified success, by target and arm; practice is left out."""
    desk = Attacking(store)
    works = [w for w in desk.works() if not w.practice and target in (None, w.session.target)]
    finds = {find.session_id: find for find in desk.finds()}
    known = verdicts(store, [find.snippet.id for find in finds.values()])
    verified = {id: None if said is None else said.strict for id, said in known.items()}
    events = desk.events([w.session.id or 0 for w in works])
    groups: dict[tuple[str, str], list[Effort]] = {}
    for work in reversed(works):
        id = work.session.id or 0
        effort = _effort(work, events_of(events.get(id, [])), finds.get(id))
        groups.setdefault((work.session.target, arm_of(work)), []).append(effort)
    return [
        attack_time(efforts, verified, target=name, arm=arm, confidence=confidence)
        for (name, arm), efforts in groups.items()
    ]


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


def false_alarms(store: Store, *, confidence: float) -> Rate | None:
    """How often people call a known harmless item CATASTROPHIC: a rate below it may be label noise."""
    known = [gold for gold, _ in Labelling(store).gold(served=True) if gold.retired is None]
    harmless = {gold.snippet_id: gold for gold in known if not gold.verdict.strict}
    marks = store.annotations(list(harmless))
    said = [
        one.judgement.verdict
        for id, gold in harmless.items()
        for one in marks.get(id, [])
        if ":" not in one.annotator and one.at is not None and one.at > gold.at
    ]
    if not said:
        return None
    wrong = sum(verdict.strict for verdict in said)
    return rate(wrong, len(said), population="labels of known harmless items", confidence=confidence)
