"""Rating pairs: which side is filtered never leaves the server."""

from __future__ import annotations

from holdfast.annotation.blinding import opaque_id
from holdfast.annotation.leases import TTL
from holdfast.annotation.pairing import left_text
from holdfast.annotation.wellbeing import break_due
from holdfast.store.rating import HeldPair
from holdfast.types.bench import Choice, Comparison
from holdfast.workbench.labelling import done_today, stopped, time_spent
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import rate as wire

__all__ = ["answer", "next_pair"]

_BATCH = 20


def next_pair(site: Site, visitor: Visitor) -> wire.PairNext:
    """The pair that this person holds, or the next one."""
    worker = visitor.worker
    day = done_today(site, worker)
    reason = stopped(site, worker, day) or ""
    held = None
    if not reason:
        held = site.rating.claim(worker, lambda id: opaque_id(site.secret, worker, f"pair:{id}"), ttl=TTL)
        reason = "" if held is not None else "nothing"
    return wire.PairNext.model_validate(
        {
            "pair": None if held is None else _shown(site, worker, held),
            "reason": reason,
            "done_in_batch": site.working.rated(worker) % _BATCH,
            "break_due": break_due(day.since_break),
        }
    )


def _left(site: Site, worker: str, held: HeldPair) -> str:
    pair, _, number, _ = held
    before = None
    if pair.repeat_of:
        for one in site.rating.comparisons(worker=worker):
            if one.pair.id == pair.repeat_of:
                before = one.left
    return left_text(site.secret, worker, number, before)


def _shown(site: Site, worker: str, held: HeldPair) -> wire.Pair:
    pair, handle, _, _ = held
    first_left = _left(site, worker, held) == "first"
    return wire.Pair(
        id=handle,
        prompt=pair.prompt,
        left=pair.first if first_left else pair.second,
        right=pair.second if first_left else pair.first,
    )


def answer(site: Site, visitor: Visitor, body: wire.RateAnswer) -> None:
    """One comparison; a second one of the same pair by the same person changes nothing."""
    site.limits.hit("write", visitor.worker)
    held = site.rating.one(visitor.worker, body.id)
    pair, _, _, until = held
    now = site.clock()
    taken = until.timestamp() - TTL
    since = now.fromtimestamp(min(taken, now.timestamp()), tz=now.tzinfo)
    comparison = Comparison(
        key=f"{visitor.worker}:{body.client_id}",
        pair=pair,
        worker=visitor.worker,
        left=_left(site, visitor.worker, held),
        choice=Choice(body.choice),
        chips=tuple(body.chips),
        seconds=time_spent(body.events, since, now),
    )
    site.rating.answer(comparison)
