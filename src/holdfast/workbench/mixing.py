"""What is mixed into a labeller's queue and looks like the rest: known, own earlier, harmless items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from holdfast.annotation import leases
from holdfast.annotation.blinding import GOLD_SHARE, mixed_in, opaque_id
from holdfast.types.bench import Gold
from holdfast.types.queue import Held
from holdfast.workbench.site import Site

__all__ = ["EDITABLE", "lend", "mixed", "unseen"]

EDITABLE = 10
"""A person's last answers that may be changed, unless somebody adjudicated them."""
_KINDS = ("gold", "again", "harmless")
_MOST = leases.PREFETCH - 1
"""Such items a person holds at once: one of the queue's own is always beside them."""


def mixed(site: Site, worker: str, answered: int) -> list[Held]:
    """The items beside the queue's own that a person holds, and those that are due now: two at most.

    One of a kind at a time; another kind that is held keeps none from being lent. `answered`: labels that
    they ever gave, by which the places are numbered.
    """
    found = site.labelling.held(worker, *_KINDS)[:_MOST]
    shares = {"gold": GOLD_SHARE, "again": site.settings.again, "harmless": site.settings.harmless}
    for kind in _KINDS:
        there = len(found) == _MOST or any(one.purpose == kind for one in found)
        if not there and mixed_in(site.secret, kind, worker, answered, shares[kind]):
            found += {"gold": _known, "again": _again, "harmless": _harmless}[kind](site, worker, answered)
    return found


def _known(site: Site, worker: str, answered: int) -> list[Held]:
    fresh = unseen(site, worker)
    return lend(site, worker, [fresh[answered % len(fresh)].snippet_id], "gold") if fresh else []


def _again(site: Site, worker: str, _answered: int) -> list[Held]:
    """An earlier item of their own, under a name that they have not met."""
    before = site.clock() - timedelta(days=site.settings.again_days)
    recent = [held.snippet.id for held, _, _ in site.labelling.recent(worker, EDITABLE)]
    highest = site.preferences(worker).highest_severity
    id = site.checks.may_repeat(worker, before=before, highest=highest, but=recent)
    if id is None:
        return []
    return site.checks.lend_again(
        worker, id, lambda one: opaque_id(site.secret, worker, f"again:{one}"), ttl=leases.TTL
    )


def _harmless(site: Site, worker: str, _answered: int) -> list[Held]:
    id = site.checks.harmless(worker)
    return [] if id is None else lend(site, worker, [id], "harmless")


def unseen(site: Site, worker: str) -> list[Gold]:
    """Known items that this person never handed in, labelled, skipped, adjudicated or was tested on."""
    met = {id for ids in site.known.tests(worker).values() for id in ids}
    met |= {one.snippet_id for one in site.labelling.remarks(worker=worker)}
    met |= {find.snippet.id for find in site.attacking.finds(worker=worker)}
    known = [gold for gold, _ in site.known.items(served=True) if gold.retired is None]
    said = site.store.annotations([gold.snippet_id for gold in known])
    names = {worker, f"adjudicator:{worker}"}
    return [
        gold
        for gold in known
        if gold.snippet_id not in met
        and all(one.annotator not in names for one in said.get(gold.snippet_id, []))
    ]


def lend(site: Site, worker: str, ids: Sequence[str], purpose: str) -> list[Held]:
    """Lease items outside the queue's quota."""
    return site.labelling.lend(
        worker, ids, lambda id: opaque_id(site.secret, worker, id), purpose=purpose, ttl=leases.TTL
    )
