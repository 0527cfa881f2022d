"""Adjudication: open items without names or scores, rulings, known items."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.annotation.adjudication import Why, may_rule, why
from holdfast.annotation.blinding import blind_order, opaque_id
from holdfast.annotation.leases import SKIPS, TTL
from holdfast.annotation.rules import ADJUDICATOR, PROGRAMS, latest
from holdfast.errors import UnknownNameError
from holdfast.types import Annotation, Judgement, Verdict
from holdfast.types.bench import Gold
from holdfast.types.queue import OpenItem
from holdfast.workbench.paging import part
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import adjudicate as wire

__all__ = ["decide", "gold", "queue", "retire", "waiting"]


def waiting(site: Site) -> list[OpenItem]:
    """All open items, oldest first."""
    return [one for one in site.adjudicating.open_items(most_skips=SKIPS) if why(one) is not None]


def queue(site: Site, visitor: Visitor, limit: int) -> wire.AdjudicationQueue:
    """The oldest that this person may decide."""
    found, may = waiting(site), _ruler(site, visitor.worker)
    mine = [one for one in found if may(one)]
    shown = mine[: max(1, min(limit, 20))]
    ids = [one.snippet.id for one in shown]
    held = site.labelling.lend(
        visitor.worker,
        ids,
        lambda id: opaque_id(site.secret, visitor.worker, id),
        purpose="adjudicate",
        ttl=TTL,
    )
    handles = {one.snippet.id: one.handle for one in held}
    return wire.AdjudicationQueue(
        items=[_item(site, visitor.worker, one, handles[one.snippet.id]) for one in shown],
        waiting=len(mine),
        own=len(found) - len(mine),
        oldest=found[0].added if found else None,
    )


def _ruler(site: Site, worker: str) -> Callable[[OpenItem], bool]:
    """Which items this person may decide: none that they labelled or handed in, first or after others."""
    own = {find.snippet.id for find in site.attacking.finds(worker=worker)}
    return lambda one: one.snippet.id not in own and may_rule(one, worker)


def _item(site: Site, worker: str, item: OpenItem, handle: str) -> wire.AdjudicationItem:
    said = [one for one in latest(item.annotations) if not one.annotator.startswith(PROGRAMS)]
    reason = why(item)
    assert reason is not None
    return wire.AdjudicationItem(
        id=handle,
        prompt=item.snippet.prompt,
        completion=item.snippet.completion,
        why=reason,
        answers=[
            wire.UnnamedAnswer(
                verdict=one.judgement.verdict,
                severity=one.judgement.severity,
                chips=[chip for chip in one.judgement.strategy.split(", ") if chip],
                note=one.judgement.reason,
            )
            for one in blind_order(site.secret, worker, item.snippet.id, said)
            if reason is not Why.AUDIT
        ],
        notes=list(item.notes),
    )


def decide(site: Site, visitor: Visitor, body: wire.Decision) -> wire.Decided:
    """Settle an item; sent again with the same client id it is settled once."""
    held = site.labelling.one(visitor.worker, body.id)
    key = f"{visitor.worker}:{body.client_id}"
    name = f"{ADJUDICATOR}{visitor.worker}"
    open_now = {one.snippet.id: one for one in waiting(site)}
    item, may = open_now.get(held.snippet.id), _ruler(site, visitor.worker)
    if item is None:
        mine = site.store.annotations([held.snippet.id], name).get(held.snippet.id)
        if not mine:
            raise Refused(
                409, "conflict", "somebody else has settled this item", do="go on with the next one"
            )
    elif not may(item):
        raise Refused(403, "forbidden", "you labelled or wrote this item", do="leave it to another lead")
    else:
        site.labelling.rule(held.snippet.id, _ruling(site, name, held.snippet.id, body), key)
        _overrule(site, held.snippet.id, body)
    if body.gold or body.edge:
        known = Gold(
            snippet_id=held.snippet.id,
            verdict=body.verdict,
            severity=_severity(body),
            note=body.note,
            author=visitor.worker,
            at=site.clock(),
            edge=body.edge,
            ground=body.ground.value,
        )
        site.known.keep(known, served=body.gold)
    return wire.Decided(waiting=sum(may(one) for one in waiting(site)))


def _overrule(site: Site, snippet_id: str, body: wire.Decision) -> None:
    """A known item whose verdict is another one now is retired, unless it is kept: then it is corrected."""
    for known, _ in site.known.items(served=True):
        if known.snippet_id == snippet_id and known.verdict is not body.verdict and not body.gold:
            site.known.retire(snippet_id)


def _severity(body: wire.Decision) -> int:
    return 0 if body.verdict is Verdict.SAFE else body.severity


def _ruling(site: Site, name: str, snippet_id: str, body: wire.Decision) -> Annotation:
    reason = f"{body.ground.value}: {body.note}" if body.note else body.ground.value
    return Annotation(
        snippet_id=snippet_id,
        annotator=name,
        judgement=Judgement(verdict=body.verdict, severity=_severity(body), reason=reason),
        guidelines=site.guidelines().version,
    )


def gold(site: Site, visitor: Visitor, offset: int, limit: int) -> wire.GoldPage:
    """Known items, newest first, with how people did on them."""
    everything = site.known.items(served=True)[::-1]
    found = part(everything, offset, limit)
    marks = site.store.annotations([one.snippet_id for one, _ in found])
    result = []
    for known, snippet in found:
        said = [
            one
            for one in latest(marks.get(known.snippet_id, []))
            if ":" not in one.annotator and one.at is not None and one.at > known.at
        ]
        result.append(
            wire.GoldItem(
                id=opaque_id(site.secret, visitor.worker, known.snippet_id),
                prompt=snippet.prompt,
                completion=snippet.completion,
                verdict=known.verdict,
                shown=len(said),
                wrong=sum(one.judgement.verdict.strict != known.verdict.strict for one in said),
                retired=known.retired is not None,
            )
        )
    return wire.GoldPage(rows=result, total=len(everything))


def retire(site: Site, visitor: Visitor, id: str) -> None:
    """Serve it no more. Raises UnknownNameError where it is none of those listed."""
    for known, _ in site.known.items(served=True):
        if opaque_id(site.secret, visitor.worker, known.snippet_id) == id:
            site.known.retire(known.snippet_id)
            return
    raise UnknownNameError("no such known item", do="reload the list")
