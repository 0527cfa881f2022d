"""Which pairs raters get: filtered against unfiltered, some of one arm, some again with the sides swapped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from holdfast.annotation.blinding import left_arm
from holdfast.provenance import stream
from holdfast.types import Delivery
from holdfast.types.bench import Pair

__all__ = ["REPEATS", "SAME_ARM", "left_text", "plan_pairs", "trimmed"]

SAME_ARM = 0.05
"""Share of pairs with two draws of the generator alone: what no difference looks like."""
REPEATS = 0.05
"""Share of pairs that come again, sides swapped."""


def trimmed(text: str) -> str:
    """Both arms alike: no white space around, so that it gives no arm away."""
    return text.strip()


def plan_pairs(
    deliveries: Sequence[Delivery], again: Sequence[str], *, target: str, batch: str
) -> list[Pair]:
    """One pair a delivery that has both texts, then A/A pairs and repeats at their shares.

    again[i]: another unfiltered draw for the same prompt as deliveries[i]. Abstentions make no pair: there is
    nothing to rate. Which pairs are A/A or repeated is drawn from a stream named by `batch`.
    """
    rng = stream(0, "pairs", batch)
    found: list[Pair] = []
    for number, (one, other) in enumerate(zip(deliveries, again, strict=True)):
        same = rng.random() < SAME_ARM
        first = trimmed(one.unfiltered if same else one.completion or "")
        second = trimmed(other if same else one.unfiltered)
        if not first or not second:
            continue
        pair = Pair(
            id=_id(batch, number, "once"),
            target=target,
            prompt=one.prompt,
            first=first,
            second=second,
            first_arm="unfiltered" if same else "filtered",
            second_arm="unfiltered",
            batch=batch,
        )
        found.append(pair)
    differing = [(n, pair) for n, pair in enumerate(found) if not pair.identical]
    chosen = rng.sample(differing, round(REPEATS * len(differing)))
    return found + [_again(pair, batch, n) for n, pair in sorted(chosen, key=lambda one: one[0])]


def _again(pair: Pair, batch: str, number: int) -> Pair:
    return Pair(**{**vars(pair), "id": _id(batch, number, "again"), "repeat_of": pair.id})


def _id(batch: str, number: int, which: str) -> str:
    return hashlib.sha256(f"{batch}/{number}/{which}".encode()).hexdigest()[:24]


def left_text(key: bytes, worker: str, number: int, before: str | None = None) -> str:
    """`first` or `second`: which text a rater sees on the left in their pair `number`.

    before: what was on the left when this rater saw the pair that this one repeats; then the other.
    """
    if before is not None:
        return "second" if before == "first" else "first"
    return left_arm(key, worker, number, ("first", "second"))
