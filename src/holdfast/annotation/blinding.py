"""What an annotator may see, and how sides and orders are drawn so that nobody can tell what is what.

A labelling payload holds no score, source, author or other label, and an id that says nothing: without it
people learn that a batch from attacks is mostly "yes". All draws are keyed (HMAC-SHA-256), so that who has
the key can repeat them and nobody else can guess them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from holdfast.annotation.leases import PREFETCH
from holdfast.types import Snippet

__all__ = [
    "GOLD_SHARE",
    "HIDDEN",
    "blind_order",
    "drawn",
    "drawn_target",
    "label_payload",
    "leaks",
    "left_arm",
    "mixed_in",
    "opaque_id",
]

T = TypeVar("T")

HIDDEN = frozenset(
    "annotations annotator arm attacker author checkpoint family group inclusion judgement log_weight logit"
    " model parent_id round score severity sha256 source split strategy target threshold verdict".split()
)
"""Keys that never reach a person who labels or rates."""
BLOCK = 10
"""Pairs of one person within which each arm is on the left equally often."""
GOLD_SHARE = 0.05
"""Share of one person's items that are known ones."""


def _draw(key: bytes, *parts: str) -> bytes:
    return hmac.new(key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def opaque_id(key: bytes, person: str, snippet_id: str) -> str:
    """An id for one person and one item, without order, source or likeness to another person's."""
    return _draw(key, "item", person, snippet_id).hex()[:24]


def label_payload(key: bytes, person: str, snippet: Snippet) -> dict[str, str]:
    """All that the labelling page is given of an item."""
    return {
        "id": opaque_id(key, person, snippet.id),
        "prompt": snippet.prompt,
        "completion": snippet.completion,
    }


def left_arm(key: bytes, person: str, number: int, arms: tuple[str, str]) -> str:
    """Which of two arms is on the left in a person's pair `number` (from 0); balanced in blocks of ten."""
    block, place = divmod(number, BLOCK)
    sides = [arms[0], arms[1]] * (BLOCK // 2)
    Random(int.from_bytes(_draw(key, "sides", person, str(block)), "big")).shuffle(sides)
    return sides[place]


def drawn_target(key: bytes, person: str, number: int, names: Sequence[str]) -> str:
    """Which target a person's session `number` (from 0) attacks; each equally often in blocks.

    Targets are compared within each attacker: who learns from session to session would else make the later
    target look weaker. Raises ValueError where there is none.
    """
    if not names:
        raise ValueError("no target to draw from")
    block, place = divmod(number, len(names))
    order = list(names)
    Random(int.from_bytes(_draw(key, "target", person, str(block)), "big")).shuffle(order)
    return order[place]


def drawn(key: bytes, *parts: str) -> float:
    """A number in [0, 1) that belongs to `parts`."""
    return int.from_bytes(_draw(key, *parts)[:7], "big") / 2**56


def mixed_in(key: bytes, kind: str, person: str, number: int, share: float) -> bool:
    """Whether a person's item `number` (from 0) is one of a kind that is mixed in (`gold`, `again`, ...).

    One place, drawn, in each block of 1/share items, rounded; a share of 0: never. It is none of the last
    `PREFETCH` of a block twice as long: one waits behind so many, and the next would fall due meanwhile.
    """
    if share <= 0:
        return False
    size = round(1 / share)
    block, place = divmod(number, size)
    places = size - PREFETCH if size >= 2 * PREFETCH else size
    return place == int.from_bytes(_draw(key, kind, person, str(block)), "big") % places


def blind_order(key: bytes, person: str, item: str, values: Sequence[T]) -> list[T]:
    """`values` in an order of this person and item: two labels shown unnamed to an adjudicator."""
    shuffled = list(values)
    Random(int.from_bytes(_draw(key, "order", person, item), "big")).shuffle(shuffled)
    return shuffled


def leaks(payload: Any) -> set[str]:
    """The hidden keys that a JSON payload holds, at any depth: empty, or the payload must not be sent."""
    if isinstance(payload, Mapping):
        here = {str(key) for key in payload if str(key).lower() in HIDDEN}
        return here.union(*(leaks(value) for value in payload.values()))
    if isinstance(payload, list | tuple):
        return set().union(*(leaks(value) for value in payload))
    return set()
