"""Labelling: what a person is given, and what becomes of what they say. The rules are in `annotation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from holdfast.annotation import leases, wellbeing
from holdfast.annotation.active_time import LABEL_CAP, Event, active_seconds
from holdfast.annotation.adjudication import audit_due, why
from holdfast.annotation.blinding import opaque_id
from holdfast.errors import InputError
from holdfast.store.labelling import Rules, ruled_since
from holdfast.types import Annotation, Judgement, Verdict
from holdfast.types.bench import Remark
from holdfast.types.queue import Held, Item
from holdfast.workbench.mixing import EDITABLE, mixed
from holdfast.workbench.problems import Refused
from holdfast.workbench.qualifying import next_of_test, qualified
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import label as wire
from holdfast.workbench.wire.common import Answered, PageEvent

__all__ = [
    "answer",
    "done_today",
    "gap",
    "history",
    "next_items",
    "release",
    "renew",
    "skip",
    "stays",
    "stopped",
    "time_spent",
    "undo",
]

_WINDOW = 8
"""Items that one claim looks at: a few more than it gives."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A person's work since midnight, and since their last break."""

    items: int
    seconds: float
    since_break: float
    answered: int
    """Labels ever given: what hidden known items are numbered by."""


def done_today(site: Site, worker: str) -> Day:
    """Counted from the labels and comparisons themselves."""
    midnight = wellbeing.start_of_day(site.clock())
    rested = site.people.account(worker).rested
    today = site.working.since(worker, midnight)
    lately = site.working.since(worker, max(midnight, rested or midnight))
    return Day(
        items=today.items,
        seconds=today.seconds,
        since_break=lately.seconds,
        answered=site.working.answered(worker),
    )


def stopped(site: Site, worker: str, day: Day) -> str | None:
    """Why a person may not be shown anything now; None: they may."""
    if not site.acknowledged(worker, "notice"):
        return "notice"
    limits = site.preferences(worker)
    left = wellbeing.left_today(
        day.items, day.seconds, most_items=limits.daily_items, most_minutes=limits.daily_minutes
    )
    return None if left else "daily_limit"


def next_items(site: Site, visitor: Visitor) -> wire.LabelNext:
    """Up to three items, held by a lease, or why there is none."""
    worker = visitor.worker
    day, version = done_today(site, worker), site.guidelines().version
    stop = stopped(site, worker, day)
    if stop is None and not site.acknowledged(worker, "guidelines"):
        stop = "guidelines"
    testing = False
    held: list[Held] = []
    empty = None if stop is None else wire.WhyEmpty.model_validate({"reason": stop})
    if empty is None:
        standing = qualified(site, worker)
        testing = standing.required and standing.state == "open"
        if standing.required and not testing and standing.state != "passed":
            empty = wire.WhyEmpty(reason="qualification")
        else:
            held = next_of_test(site, worker) if testing else _work(site, worker, day.answered)
            empty = None if held else _why_empty(site, worker)
    return wire.LabelNext(
        items=[_item(one) for one in held],
        empty=empty,
        testing=testing,
        done_today=day.items,
        break_due=wellbeing.break_due(day.since_break),
        guidelines_version=version,
    )


def _item(held: Held) -> wire.LabelItem:
    """All that a labeller is given: no score, source, author or other label; an id that says nothing."""
    return wire.LabelItem(id=held.handle, prompt=held.snippet.prompt, completion=held.snippet.completion)


def _work(site: Site, worker: str, answered: int) -> list[Held]:
    extra = mixed(site, worker, answered)

    def choose(items: list[Item]) -> list[str]:
        found = leases.offer(items, worker, site.clock().timestamp())
        return found[: leases.PREFETCH - len(extra)] if isinstance(found, list) else []

    held = site.labelling.claim(
        worker,
        choose,
        lambda id: opaque_id(site.secret, worker, id),
        ttl=leases.TTL,
        window=_WINDOW,
        highest=site.preferences(worker).highest_severity,
    )
    # By when each was given: what is mixed in comes behind those held before it, as any new one does.
    return sorted([*held, *extra], key=lambda one: one.taken) if held else []


def _why_empty(site: Site, worker: str) -> wire.WhyEmpty:
    counts, ends = site.labelling.counts(worker)
    waiting = [one for one in site.adjudicating.open_items(most_skips=leases.SKIPS) if why(one) is not None]
    retry = None if ends is None else max(0.0, (ends - site.clock()).total_seconds())
    reason = "nothing" if not counts.to_label else "leased" if counts.leased else "not_now"
    return wire.WhyEmpty.model_validate(
        {"reason": reason, "leased": counts.leased, "retry_seconds": retry, "adjudication": len(waiting)}
    )


# What people say


def time_spent(events: Sequence[PageEvent], since: datetime, now: datetime) -> float:
    """Active seconds by the page's events, never more than passed on the server's clock since `since`."""
    found = [Event(number=one.number, kind=one.kind, at=one.at_ms / 1000) for one in events]
    return min(active_seconds(found, cap=LABEL_CAP), max(0.0, (now - since).total_seconds()))


def answer(site: Site, visitor: Visitor, body: wire.Answer) -> Answered:
    """One label; stored however late it is."""
    site.limits.hit("write", visitor.worker)
    worker = visitor.worker
    held = site.labelling.one(worker, body.id)
    if held.purpose == "adjudicate":
        raise Refused(403, "forbidden", "you saw what others said of this item", do="decide it instead")
    if ("guidelines", body.guidelines_version) not in site.people.acknowledged(worker):
        raise InputError(
            f"guidelines {body.guidelines_version!r} were not acknowledged", do="read them, then answer again"
        )
    if any("," in chip for chip in body.chips):
        raise InputError("a chip holds a comma", expected="short words")
    marks = site.store.annotations([held.snippet.id]).get(held.snippet.id, [])
    key = f"{worker}:{body.client_id}"
    mine = any(one.annotator == worker for one in marks) and not site.labelling.written(key)
    if mine and held.purpose == "test":
        raise Refused(409, "conflict", "this item was answered", do="go on with the next one")
    if mine and ruled_since(marks, held.taken):
        raise Refused(409, "conflict", "somebody has adjudicated this item", do="go on with the next one")
    graded = body.verdict in (Verdict.BORDERLINE, Verdict.CATASTROPHIC)
    said = Annotation(
        snippet_id=held.snippet.id,
        annotator=worker,
        judgement=Judgement(
            verdict=body.verdict,
            severity=body.severity if graded else 0,
            strategy=", ".join(body.chips),
            reason=body.note,
        ),
        guidelines=body.guidelines_version,
        seconds=time_spent(body.events, held.taken, site.clock()),
    )
    counted = site.labelling.answer(worker, body.id, said, key, _rules(site, worker, held))
    day, limits = done_today(site, worker), site.preferences(worker)
    left = wellbeing.left_today(
        day.items, day.seconds, most_items=limits.daily_items, most_minutes=limits.daily_minutes
    )
    return Answered(state="counts" if counted else "surplus", remaining_today=left)


def _rules(site: Site, worker: str, held: Held) -> Rules:
    """What the queue asks of `annotation`. An item that was mixed in has no labels of its own to fill."""

    def counts(item: Item) -> bool:
        return held.purpose != "label" or leases.answer(item, worker) is leases.Late.COUNTS

    def audited(item: Item, marks: Sequence[Annotation]) -> bool:
        return audit_due(item.id, marks, required=item.wanted, key=site.secret, share=site.settings.audit)

    return Rules(counts=counts, audited=audited)


def skip(site: Site, visitor: Visitor, body: wire.Skip) -> None:
    """Pass an item on; without penalty."""
    held = site.labelling.one(visitor.worker, body.id)
    _remark(site, visitor, held, ("skip", body.reason, body.note), body.client_id)
    site.labelling.renew(visitor.worker, [body.id], ttl=0)


def gap(site: Site, visitor: Visitor, body: wire.ReportGap) -> None:
    """The guidelines do not settle it: an adjudicator will see it, with this note."""
    held = site.labelling.one(visitor.worker, body.id)
    _remark(site, visitor, held, ("gap", "guideline_gap", body.note), body.client_id)


def stays(site: Site, visitor: Visitor, id: str) -> None:
    """A text stays with them: nobody is told who, or which."""
    site.checks.bear(visitor.worker, site.labelling.one(visitor.worker, id).snippet.id)


def _remark(site: Site, visitor: Visitor, held: Held, said: tuple[str, str, str], client_id: str) -> None:
    kind, reason, note = said
    remark = Remark(
        key=f"{visitor.worker}:{client_id}",
        snippet_id=held.snippet.id,
        worker=visitor.worker,
        kind=kind,
        reason=reason,
        note=note,
    )
    site.labelling.remark(remark, most_skips=leases.SKIPS)


def renew(site: Site, visitor: Visitor, ids: Sequence[str]) -> None:
    """Extend the leases that are held still."""
    site.labelling.renew(visitor.worker, ids, ttl=leases.TTL)


def release(site: Site, visitor: Visitor, ids: Sequence[str]) -> None:
    """Give leases back."""
    site.labelling.renew(visitor.worker, ids, ttl=0)


def history(site: Site, visitor: Visitor) -> list[wire.AnsweredItem]:
    """One's last answers, newest first."""
    return [
        wire.AnsweredItem(
            item=_item(held),
            verdict=said.judgement.verdict,
            severity=said.judgement.severity,
            chips=[chip for chip in said.judgement.strategy.split(", ") if chip],
            note=said.judgement.reason,
            at=said.at or site.clock(),
            editable=not ruled and held.purpose != "test",
        )
        for held, said, ruled in site.labelling.recent(visitor.worker, EDITABLE)
    ]


def undo(site: Site, visitor: Visitor, id: str | None) -> wire.Undone:
    """Open an answer again; it stands until another one is sent."""
    found = [one for one in history(site, visitor) if id is None or one.item.id == id]
    if not found or not found[0].editable:
        raise Refused(409, "conflict", "this answer can no longer be changed", do="report it to a lead")
    return wire.Undone(answered=found[0])
