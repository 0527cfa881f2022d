"""Groups that take turns: any first part of the order has about as many of each, rare groups included."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

__all__ = ["in_turns"]

Item = TypeVar("Item")


def in_turns(items: Iterable[Item], group: Callable[[Item], Hashable]) -> list[Item]:
    """All of `items`: the first of each group, then the second of each, and so on.

    Groups come in the order in which they first appear, members in the order given; where there is only one
    group the order stays as it is.
    """
    place: dict[Hashable, int] = {}
    taken: dict[Hashable, int] = {}
    keyed: list[tuple[int, int, Item]] = []
    for item in items:
        name = group(item)
        turn = taken.get(name, 0)
        taken[name] = turn + 1
        keyed.append((turn, place.setdefault(name, len(place)), item))
    return [item for _, _, item in sorted(keyed, key=lambda row: row[:2])]
