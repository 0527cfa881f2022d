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

from holdfast.types import Snippet

__all__ = ["HIDDEN", "blind_order", "label_payload", "leaks", "left_arm", "opaque_id"]

T = TypeVar("T")

HIDDEN = frozenset(
    "annotations annotator arm attacker author checkpoint family group inclusion judgement log_weight logit"
    " model parent_id round score severity sha256 source split strategy target threshold verdict".split()
)
"""Keys that never reach a person who labels or rates."""
BLOCK = 10
"""Pairs of one person within which each arm is on the left equally often."""


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
