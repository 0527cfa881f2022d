"""Disputes: of a known item by whoever answered it otherwise, of a rejection by whoever handed the text in.

Either becomes an item for an adjudicator, who sees the note; each may be disputed once by one person.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.annotation.adjudication import Ground
from holdfast.annotation.blinding import opaque_id
from holdfast.annotation.leases import SKIPS
from holdfast.annotation.rules import ADJUDICATOR, latest
from holdfast.errors import UnknownNameError
from holdfast.types import Annotation, Snippet
from holdfast.types.bench import Gold, Remark
from holdfast.workbench.mixing import EDITABLE
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import label as wire
from holdfast.workbench.wire.common import Disputed

__all__ = ["dispute_known", "disputed", "missed", "raise_dispute", "standing"]


def disputed(site: Site, worker: str) -> dict[str, Remark]:
    """Snippet id -> a person's dispute of it."""
    return {one.snippet_id: one for one in site.labelling.remarks(worker=worker) if one.kind == "dispute"}


def standing(dispute: Remark | None, rulings: Sequence[Annotation]) -> Disputed:
    """Where a dispute stands, by the rulings on its item."""
    if dispute is None:
        return "none"
    later = any(one.at is not None and dispute.at is not None and one.at >= dispute.at for one in rulings)
    return "ruled" if later else "waiting"


def raise_dispute(site: Site, visitor: Visitor, id: str, said: tuple[str, str, str]) -> None:
    """Write a dispute of a snippet: (key, what it is about, note)."""
    key, about, note = said
    remark = Remark(key=key, snippet_id=id, worker=visitor.worker, kind="dispute", reason=about, note=note)
    site.labelling.remark(remark, most_skips=SKIPS)


def missed(site: Site, visitor: Visitor) -> list[wire.KnownMiss]:
    """Known items that a person answered otherwise, newest first, and those that they disputed.

    Only once the answer is final: neither among the last ten, which can be changed, nor in an open test. So
    nobody learns which items are known while it could still change what they say.
    """
    worker = visitor.worker
    known = {gold.snippet_id: (gold, snippet) for gold, snippet in site.known.items(served=True)}
    disputes = disputed(site, worker)
    marks = site.store.annotations(list(known))
    open_now = _open(site, worker)
    found = []
    for id, (gold, snippet) in reversed(known.items()):
        own = [one for one in latest(marks.get(id, [])) if one.annotator == worker]
        if own and (id in disputes or (_wrong(own[-1], gold) and id not in open_now)):
            found.append(_miss(site, worker, (gold, snippet), marks[id], disputes.get(id)))
    return found


def _wrong(said: Annotation, gold: Gold) -> bool:
    """Whether an answer that was given to it as a known item differs from it."""
    after = said.at is not None and said.at > gold.at
    return after and gold.retired is None and said.judgement.verdict.strict != gold.verdict.strict


def _open(site: Site, worker: str) -> set[str]:
    """Ids of items whose answers can still be changed, or whose test goes on."""
    found = {held.snippet.id for held, _, _ in site.labelling.recent(worker, EDITABLE)}
    for ids in site.known.tests(worker).values():
        if len(site.store.annotations(ids, worker)) < len(ids):
            found |= set(ids)
        else:
            found -= set(ids)
    return found


def _miss(
    site: Site, worker: str, known: tuple[Gold, Snippet], marks: Sequence[Annotation], dispute: Remark | None
) -> wire.KnownMiss:
    gold, snippet = known
    rulings = [one for one in marks if one.annotator.startswith(ADJUDICATOR)]
    state = standing(dispute, rulings)
    own = [one for one in marks if one.annotator == worker]
    return wire.KnownMiss(
        id=opaque_id(site.secret, worker, gold.snippet_id),
        prompt=snippet.prompt,
        completion=snippet.completion,
        yours=own[-1].judgement.verdict,
        known=gold.verdict,
        ground=Ground(gold.ground) if gold.ground else None,
        note=gold.note,
        dispute=state,
        ruling=rulings[-1].judgement.reason if state == "ruled" else "",
        outcome="retired" if gold.retired else "corrected" if gold.corrected else "stands",
    )


def dispute_known(site: Site, visitor: Visitor, body: wire.Dispute) -> None:
    """Have a known item looked at again. Raises UnknownNameError for an item that was not listed."""
    site.limits.hit("write", visitor.worker)
    key = f"{visitor.worker}:{body.client_id}"
    if any(one.key == key for one in disputed(site, visitor.worker).values()):
        return
    listed = {one.id: one for one in missed(site, visitor)}
    if body.id not in listed:
        raise UnknownNameError("no known item that you answered otherwise", do="reload the list")
    if listed[body.id].dispute != "none":
        raise Refused(409, "conflict", "you disputed this item already", do="wait for the ruling")
    ids = {opaque_id(site.secret, visitor.worker, g.snippet_id): g.snippet_id for g, _ in site.known.items()}
    raise_dispute(site, visitor, ids[body.id], (key, "known", body.note))
