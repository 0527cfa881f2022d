"""Which known strategy a text resembles: the nearest centre of words, by a rule that can be checked.

Each strategy is the mean of its examples' word indicators (completion only, weighted by inverse document
frequency, each text of length 1); a text resembles the strategy whose centre has the largest cosine with it.
The rule sees words, not meanings: `hit_rate` says how often it names the tag that the writer gave.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from linear import features

from holdfast.stats.binomial import rate
from holdfast.types import Rate, Snippet

__all__ = ["Strategies", "fit_strategies", "hit_rate"]

Vector = dict[str, float]


@dataclass(frozen=True)
class Strategies:
    """Fitted centres."""

    centres: Mapping[str, Vector]
    weights: Vector

    def nearest(self, snippet: Snippet) -> str:
        """The strategy that `snippet` resembles; empty where it shares no word with any."""
        text = self.vector(snippet)
        near = {
            name: sum(value * centre.get(word, 0.0) for word, value in text.items())
            for name, centre in self.centres.items()
        }
        best = max(sorted(near), key=near.__getitem__)
        return best if near[best] > 0 else ""

    def vector(self, snippet: Snippet) -> Vector:
        """Known words, weighted, of length 1."""
        return _unit({w: self.weights[w] for w in features(snippet, _SIDES, False) if w in self.weights})


_SIDES = ("completion",)


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(sum(v * v for v in vector.values())) or 1.0
    return {word: value / length for word, value in sorted(vector.items())}


def fit_strategies(examples: Sequence[tuple[Snippet, Iterable[str]]], *, least: int = 8) -> Strategies:
    """Centres of the strategies with `least` examples or more; an example may have several."""
    documents = [features(snippet, _SIDES, False) for snippet, _ in examples]
    counts = Counter(word for document in documents for word in document)
    weights = {word: math.log(len(documents) / n) for word, n in counts.items() if n < len(documents)}
    empty = Strategies({}, weights)
    members: dict[str, list[Vector]] = defaultdict(list)
    for snippet, tags in examples:
        for tag in tags:
            members[tag].append(empty.vector(snippet))
    centres = {}
    for tag, vectors in members.items():
        if len(vectors) >= least:
            total: Counter[str] = Counter()
            for vector in vectors:
                total.update(vector)
            centres[tag] = _unit(dict(total))
    return Strategies(centres, weights)


def hit_rate(
    model: Strategies, examples: Sequence[tuple[Snippet, Iterable[str]]], population: str
) -> tuple[Rate, Rate]:
    """Share of held-out examples whose nearest strategy is one of their tags, and that of always naming the
    tag that is commonest among them; only examples with a tag that has a centre."""
    known = [(s, {t for t in tags if t in model.centres}) for s, tags in examples]
    known = [(s, tags) for s, tags in known if tags]
    hits = sum(model.nearest(s) in tags for s, tags in known)
    commonest = max(Counter(t for _, tags in known for t in tags).values())
    return rate(hits, len(known), population=population), rate(commonest, len(known), population=population)
