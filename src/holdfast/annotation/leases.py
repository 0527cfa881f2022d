"""Soft leases on items to label: they keep two people off one item, and never cost anybody an answer.

An ended lease is offered again. A late answer is taken if the item still wants one, else kept as surplus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from holdfast.types.queue import Item

__all__ = ["PREFETCH", "SKIPS", "TTL", "Item", "Late", "Offer", "Waiting", "answer", "offer"]

TTL = 15 * 60.0
"""Seconds until a lease ends, unless a heartbeat renews it."""
PREFETCH = 3
"""Items one person holds at most: the one shown and two behind it."""
SKIPS = 3
"""Skips after which an item goes to the adjudicator."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Why there is nothing for this person: never an empty page without a reason."""

    leased: int
    """Items that others are working on."""
    retry: float | None
    """Seconds until the first of their leases ends."""
    adjudication: int
    """Items that wait for an adjudicator."""


Offer = list[str] | Waiting
"""Ids to show, or why there are none."""


def offer(items: Sequence[Item], person: str, now: float) -> Offer:
    """Up to `PREFETCH` items for `person`, in the order of the queue; those held already come again."""
    mine = [item for item in items if person not in item.labelled_by | item.skipped_by | {item.author}]
    free = [item for item in mine if len(item.skipped_by) < SKIPS and item.open_slots(person, now) > 0]
    free.sort(key=lambda item: item.leases.get(person, now) <= now)
    if free:
        return [item.id for item in free[:PREFETCH]]
    blocked = [item for item in mine if len(item.labelled_by) < item.wanted and len(item.skipped_by) < SKIPS]
    ends = [until for item in blocked for who, until in item.leases.items() if who != person and until > now]
    return Waiting(
        leased=len(blocked),
        retry=min(ends) - now if ends else None,
        adjudication=sum(item.disputed or len(item.skipped_by) >= SKIPS for item in items),
    )


class Late(StrEnum):
    """What becomes of an answer. None is refused."""

    COUNTS = "counts"
    SURPLUS = "surplus"
    """Stored and paid; the item has its labels already."""


def answer(item: Item, person: str, people: Iterable[str] = ()) -> Late:
    """Whether an answer counts, lease or no lease. `people` whose answers came meanwhile count as well."""
    others = (item.labelled_by | set(people)) - {person}
    return Late.COUNTS if len(others) < item.wanted else Late.SURPLUS
