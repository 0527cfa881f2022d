"""How many different failures an attack has found: near-duplicates, clusters, coverage, validity.

Ten rewrites that differ in a name are one find. Everything here is deterministic and reads text only: what
the target makes of it must not define what counts as different.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from holdfast.data.dedup import Lineage, near_duplicates
from holdfast.edits.words import sentence_start, words
from holdfast.stats.binomial import rate
from holdfast.types import AttackResult, Judgement, Outcome, Rate, Snippet

__all__ = [
    "Cluster",
    "Coverage",
    "CoveragePoint",
    "Find",
    "Pair",
    "changes",
    "clusters",
    "coverage",
    "finds",
    "masked",
    "near_pairs",
    "validity",
]

NEAR = 0.7
"""Jaccard similarity of word trigrams, or share of edits in common, from which two texts are one find."""

_I = re.compile(r"I(?:['’]\w+)?$")
"""The pronoun is no name."""

Change = tuple[str, str, str]
"""(side, words taken out, words put in), lower case."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """One verified example."""

    snippet: Snippet
    parent: Snippet
    queries: int
    """Queries of the whole series of attacks up to it, failed ones included."""
    strategy: str = ""
    severity: int = 0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two finds that are one: indices first < second."""

    first: int
    second: int
    similarity: float
    """Jaccard similarity of the masked texts, or the share of edits in common; 0 to 1."""
    reason: str
    """`text`, `edits` (of one parent) or `change` (the same change of words in two parents)."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Finds that count as one."""

    members: tuple[int, ...]
    """Indices of the finds, ascending."""
    queries: int
    """When its first member was found."""
    strategies: tuple[str, ...]
    """Strategies of its members, sorted; unknown ones left out."""


@dataclass(frozen=True, kw_only=True)
class CoveragePoint:
    """What was found by the time `queries` were spent."""

    queries: int
    finds: int
    clusters: int
    strategies: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Finds, clusters and strategies over queries spent."""

    points: tuple[CoveragePoint, ...]
    """One for each number of queries at which something was found, ascending."""
    queries: int
    """Queries spent in all, those after the last find included."""
    known: tuple[str, ...]
    """Strategies that there are, sorted; empty where that is not known."""
    missed: tuple[str, ...]
    """Those of `known` that no find has."""
    singletons: int
    """Clusters with one member."""

    @property
    def finds(self) -> int:
        """Verified examples."""
        return self.points[-1].finds if self.points else 0

    @property
    def clusters(self) -> int:
        """Distinct verified examples."""
        return self.points[-1].clusters if self.points else 0

    @property
    def per_thousand(self) -> float:
        """Clusters per 1,000 queries; nan where none was spent."""
        return 1000 * self.clusters / self.queries if self.queries else math.nan

    @property
    def unseen(self) -> float:
        """Estimated chance that the next find opens a new cluster: singletons / finds (Good 1953).

        nan where nothing was found.
        """
        return self.singletons / self.finds if self.finds else math.nan

    @property
    def share(self) -> float:
        """Share of the known strategies that were found; nan where none is known."""
        return 1 - len(self.missed) / len(self.known) if self.known else math.nan


def finds(results: Iterable[AttackResult], judgements: Mapping[str, Judgement]) -> list[Find]:
    """The verified candidates of a series of attacks, in the order of the attacks; a text counts once.

    judgements: snippet id -> the verdict that stands. A candidate is verified where it is strict
    (CATASTROPHIC); one that was not judged is not.
    """
    spent = 0
    found: dict[Snippet, Find] = {}
    for result in results:
        spent += result.queries
        candidate = result.candidate
        judgement = judgements.get(candidate.id) if candidate is not None else None
        if candidate is None or judgement is None or not judgement.verdict.strict:
            continue
        find = Find(
            snippet=candidate,
            parent=result.parent,
            queries=spent,
            strategy=judgement.strategy,
            severity=judgement.severity,
        )
        found.setdefault(candidate, find)
    return list(found.values())


def masked(texts: Sequence[str]) -> list[str]:
    """The texts with numbers as `0` and names as `Name`.

    A name is a word that is written with a capital inside a sentence of one of the texts and in lower case
    in none: what is a name depends on all the texts given, not on a list.
    """
    inside: set[str] = set()
    lower: set[str] = set()
    split = [words(text) for text in texts]
    for text, found in zip(texts, split, strict=True):
        for word in found:
            if word.text[:1].islower():
                lower.add(word.text.lower())
            elif word.text[:1].isupper() and not _I.match(word.text) and not sentence_start(text, word.start):
                inside.add(word.text.lower())
    names = inside - lower
    return [_mask(text, names) for text in texts]


def _mask(text: str, names: Collection[str]) -> str:
    pieces, at = [], 0
    for word in words(text):
        new = "Name" if word.text.lower() in names else word.text
        new = "0" if re.fullmatch(r"\d[\w'’\-]*", word.text) else new
        pieces += [text[at : word.start], new]
        at = word.stop
    return "".join([*pieces, text[at:]])


def changes(parent: Snippet, snippet: Snippet) -> frozenset[Change]:
    """What a rewrite changed, word by word (case ignored): independent of the edits it took, and their order.

    Empty where only case, blanks or punctuation differ.
    """
    found: set[Change] = set()
    sides = (("prompt", parent.prompt, snippet.prompt), ("completion", parent.completion, snippet.completion))
    for side, before, after in sides:
        a = [word.text.lower() for word in words(before)]
        b = [word.text.lower() for word in words(after)]
        for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if kind != "equal":
                found.add((side, " ".join(a[i:j]), " ".join(b[k:m])))
    return frozenset(found)


def near_pairs(found: Sequence[Find], near: float = NEAR) -> list[Pair]:
    """Pairs of finds that count as one, in order of their indices; one reason a pair, the first that holds.

    - `text`: Jaccard similarity >= `near` of the word trigrams of the masked texts (MinHash candidates, each
      confirmed exactly; see `data.dedup`: at 0.7 one true pair in 7,000 is missed).
    - `edits`: one parent, and at least `near` of the changes of the one with more changes in common.
    - `change`: two parents, the same changes: one hole found twice.

    Raises ValueError for a `near` outside (0, 1]. Compares all pairs: meant for up to some thousand finds.
    """
    if not 0 < near <= 1:
        raise ValueError(f"near {near}: expected above 0, at most 1")
    texts = masked([find.snippet.text for find in found])
    pairs = {
        (i, j): Pair(first=i, second=j, similarity=similarity, reason="text")
        for i, j, similarity in near_duplicates(texts, threshold=near)
    }
    made = [changes(find.parent, find.snippet) for find in found]
    for j in range(len(found)):
        for i in range(j):
            if (i, j) in pairs or not made[i] or not made[j]:
                continue
            shared = len(made[i] & made[j]) / max(len(made[i]), len(made[j]))
            one = found[i].parent == found[j].parent
            if shared == 1 or (one and shared >= near):
                reason = "edits" if one else "change"
                pairs[i, j] = Pair(first=i, second=j, similarity=shared, reason=reason)
    return [pairs[key] for key in sorted(pairs)]


def clusters(found: Sequence[Find], near: float = NEAR) -> list[Cluster]:
    """The finds in groups that count as one, in order of their first members.

    Single linkage: a chain of near-duplicates is one cluster, however far its ends lie apart, so that the
    count errs towards fewer. Raises ValueError as `near_pairs` does.
    """
    lineage = Lineage()
    for pair in near_pairs(found, near):
        lineage.join(pair.first, pair.second)
    groups: dict[object, list[int]] = {}
    for index in range(len(found)):
        groups.setdefault(lineage.root(index), []).append(index)
    return [
        Cluster(
            members=tuple(members),
            queries=min(found[i].queries for i in members),
            strategies=tuple(sorted({found[i].strategy for i in members} - {""})),
        )
        for members in groups.values()
    ]


def coverage(
    found: Sequence[Find], queries: int, *, known: Iterable[str] = (), near: float = NEAR
) -> Coverage:
    """How finds, clusters and strategies grew with the queries spent.

    queries: spent in all. known: the strategies that there are. Clusters are formed once, over all finds.
    Raises ValueError where a find took more than `queries`.
    """
    if any(find.queries > queries for find in found):
        raise ValueError(f"a find at {max(f.queries for f in found)} queries of {queries} spent in all")
    groups = clusters(found, near)
    points = []
    for at in sorted({find.queries for find in found}):
        seen = [find for find in found if find.queries <= at]
        point = CoveragePoint(
            queries=at,
            finds=len(seen),
            clusters=sum(group.queries <= at for group in groups),
            strategies=len({find.strategy for find in seen} - {""}),
        )
        points.append(point)
    strategies = {find.strategy for find in found}
    every = sorted(set(known))
    sizes = Counter(len(group.members) for group in groups)
    return Coverage(
        points=tuple(points),
        queries=queries,
        known=tuple(every),
        missed=tuple(name for name in every if name not in strategies),
        singletons=sizes[1],
    )


def validity(
    results: Iterable[AttackResult],
    judgements: Mapping[str, Judgement],
    *,
    population: str,
    confidence: float = 0.95,
) -> Rate:
    """Validity share: verified / candidates, with Clopper-Pearson limits (`stats.binomial.rate`).

    Counts distinct candidates; verified as in `finds`; one that was not judged, or was judged UNSURE, is not
    verified. population: what the candidates are a sample of. The limits take candidates as independent: one
    candidate a parent, parents of different families.
    """
    accepted = {r.candidate.id for r in results if r.outcome is Outcome.CANDIDATE and r.candidate is not None}
    verified = sum(i in judgements and judgements[i].verdict.strict for i in accepted)
    return rate(verified, len(accepted), population=population, confidence=confidence)
