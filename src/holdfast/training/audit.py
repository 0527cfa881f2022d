"""What a generator's corpus is made of, before anything is trained on it or labelled from it.

In the project that Holdfast generalises, the corpus had been sorted by title and cut: most of the text was
about one hero whose name begins with A, and when it was noticed all data depended on it. It is cheap to see.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.types import Snippet

__all__ = ["Composition", "audit"]

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Composition of a corpus."""

    texts: int
    words: int
    families: int
    """Books, stories or prompts that the texts come from."""
    largest: list[tuple[str, float]]
    """The largest families with their share of all texts, at most 5."""
    length_quantiles: list[float]
    """Words a text at 0, 5, 25, 50, 75, 95 and 100 %."""
    duplicates: int
    """Texts that are exact copies of an earlier one."""
    empty: int
    order_z: float
    """Standard deviations by which neighbours in alphabetical order exceed what shuffled texts would show."""
    initials: int
    """Different first letters of the texts."""
    warnings: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able dict of all fields."""
        return asdict(self)


def audit(items: Sequence[Snippet | str], *, sources: Sequence[str] | None = None) -> Composition:
    """Look at a corpus in the order in which it will be read. Warnings are sentences for people.

    `sources`: the book, story or family of each item; none: every item is its own.
    """
    texts = [item.text if isinstance(item, Snippet) else item for item in items]
    families = list(sources) if sources is not None else [str(i) for i in range(len(texts))]
    if len(families) != len(texts):
        raise ValueError(f"{len(texts)} texts and {len(families)} sources")
    counts = Counter(families)
    total = max(1, len(texts))
    lengths = sorted(len(t.split()) for t in texts)
    composition = Composition(
        texts=len(texts),
        words=sum(lengths),
        families=len(counts),
        largest=[(name, n / total) for name, n in counts.most_common(5)],
        length_quantiles=[
            float(lengths[round(q * (len(lengths) - 1))]) if lengths else 0.0 for q in _QUANTILES
        ],
        duplicates=len(texts) - len(set(texts)),
        empty=sum(not t.strip() for t in texts),
        order_z=max(ascent_z(texts), ascent_z(_named(families)) if sources else 0.0),
        initials=len({t.strip()[0].casefold() for t in texts if t.strip() and t.strip()[0].isalpha()}),
        warnings=[],
    )
    composition.warnings.extend(_warnings(composition))
    return composition


def _named(families: Sequence[str]) -> list[str]:
    """Families in the order of their first texts; none where they are only numbered."""
    found = list(dict.fromkeys(families))
    names = {re.sub(r"\d+", "", name) for name in found}
    return found if len(names) > len(found) / 2 else []


def ascent_z(items: Sequence[str]) -> float:
    """z-score of the number of ascents (neighbours in increasing order) against a random permutation.

    Of n different items a random order has (n - 1) / 2 ascents on average, with variance (n + 1) / 12
    (Eulerian numbers; Knuth, The Art of Computer Programming 3, section 5.1.3). Ties are left out.
    """
    pairs = [(a, b) for a, b in zip(items, items[1:], strict=False) if a != b]
    n = len(pairs) + 1
    if n < 3:
        return 0.0
    ascents = sum(a < b for a, b in pairs)
    return (ascents - (n - 1) / 2) / math.sqrt((n + 1) / 12)


def _warnings(found: Composition) -> list[str]:
    said = []
    if found.order_z > 6:
        said.append(
            f"the texts stand in alphabetical order (z = {found.order_z:.0f}): was it sorted, then cut?"
            " Shuffle before cutting"
        )
    name, share = found.largest[0] if found.largest else ("", 0.0)
    if found.families >= 1 and share > 0.25 and found.texts >= 20:
        said.append(f"{share:.0%} of the texts come from one family ({name[:40]})")
    if found.texts >= 500 and found.initials <= 4:
        said.append(f"all texts begin with one of {found.initials} letters: part of an alphabet?")
    if found.duplicates > 0.05 * found.texts:
        said.append(f"{found.duplicates:,} of {found.texts:,} texts are exact copies of earlier ones")
    if found.empty:
        said.append(f"{found.empty:,} texts are empty")
    if found.texts < 1000:
        said.append(f"only {found.texts:,} texts: a model trained from scratch will not write well")
    return said
