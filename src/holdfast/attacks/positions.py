"""Where to edit: words and insertion points of a snippet, weighted by saliency where the target gives one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from holdfast.edits.text import deletion
from holdfast.edits.words import gaps, words
from holdfast.types import Edit, Snippet

__all__ = ["Position", "Saliency", "choose", "deletion_edits", "places", "tokens_at", "word_values"]

Saliency = list[tuple[str, int, int, float]]


@dataclass(frozen=True)
class Position:
    """A word ([start, stop)) or an insertion point (start == stop) of one side."""

    side: str
    start: int
    stop: int
    weight: float = 1.0


def places(
    snippet: Snippet, sides: Sequence[str], *, insertions: bool = True, words_too: bool = True
) -> list[Position]:
    """Every word and insertion point of the sides, in reading order."""
    found: list[Position] = []
    for side in ("prompt", "completion"):
        if side not in sides:
            continue
        text = snippet.prompt if side == "prompt" else snippet.completion
        split = words(text)
        if words_too:
            found += [Position(side, w.start, w.stop) for w in split]
        if insertions:
            found += [Position(side, at, at) for at in gaps(text, split)]
    return found


def word_values(
    snippet: Snippet, tokens: Saliency, together: Callable[[float, float], float] = max
) -> Saliency:
    """Per word the value of the tokens that overlap it; a word no token touches has 0.

    `together` joins several tokens' values, from 0 on: the largest of norms, the sum of signed parts.
    """
    found: Saliency = []
    for side, text in (("prompt", snippet.prompt), ("completion", snippet.completion)):
        spans = sorted((start, stop, value) for s, start, stop, value in tokens if s == side and stop > start)
        at = 0
        for word in words(text):
            while at < len(spans) and spans[at][1] <= word.start:
                at += 1
            value, ahead = 0.0, at
            while ahead < len(spans) and spans[ahead][0] < word.stop:
                value = together(value, spans[ahead][2])
                ahead += 1
            found.append((side, word.start, word.stop, value))
    return found


def tokens_at(spans: Sequence[tuple[str, int, int] | None], place: tuple[str, int, int]) -> list[int]:
    """Indices of the tokens whose characters overlap `place`, (side, start, stop); None: a special token."""
    side, start, stop = place
    return [i for i, s in enumerate(spans) if s is not None and s[0] == side and s[1] < stop and s[2] > start]


def deletion_edits(snippet: Snippet, sides: Sequence[str]) -> list[tuple[Position, Edit]]:
    """The deletion of each word: what leave-one-out scores."""
    found: list[tuple[Position, Edit]] = []
    for place in places(snippet, sides, insertions=False):
        text = snippet.prompt if place.side == "prompt" else snippet.completion
        edit = deletion(text, place.side, (place.start, place.stop), "leave-one-out")
        if edit is not None:
            found.append((place, edit))
    return found


def _weigh(found: Sequence[Position], saliency: Saliency) -> list[float]:
    """A weight per place: the word's value; a gap's is the larger of its two neighbours' ."""
    if not saliency:
        return [1.0] * len(found)
    values = {(side, start): value for side, start, _, value in saliency}
    ends = {(side, stop): value for side, _, stop, value in saliency}
    mean = sum(values.values()) / len(values) or 1.0
    weights = []
    for place in found:
        if place.start == place.stop:
            near = [values.get((place.side, place.start)), ends.get((place.side, place.start))]
            known = [v for v in near if v is not None]
            weights.append(max(known) if known else mean)
        else:
            weights.append(values.get((place.side, place.start), mean))
    return weights


def choose(
    found: Sequence[Position], saliency: Saliency, n: int, explore: float, rng: Random
) -> list[Position]:
    """`n` distinct places: a share `explore` uniformly, the others drawn in proportion to their saliency."""
    if len(found) <= n:
        return list(found)
    weights = _weigh(found, saliency)
    floor = max(weights) * 1e-6 or 1.0
    keyed = sorted(
        range(len(found)), key=lambda i: -math.log(rng.random() or 1e-300) / max(weights[i], floor)
    )
    by_weight = keyed[: n - round(n * explore)]
    rest = keyed[len(by_weight) :]
    chosen = by_weight + rng.sample(rest, n - len(by_weight))
    return [found[i] for i in chosen]
