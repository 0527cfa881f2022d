"""How one verdict follows from several annotations of one snippet. Nothing of this is ever stored.

Who outranks whom:

1. an adjudicator (`adjudicator:NAME`), who has seen the disagreement; the latest one decides;
2. an oracle (`oracle:NAME`), unless it is UNSURE: then people may know better;
3. people (and labels files): the latest label of each counts, all have to agree, and any UNSURE, like any
   disagreement, waits for an adjudicator. With rare catastrophes a majority is the wrong rule: of two labels
   an item, majority missed 21 % of them in simulation, "any yes is looked at again" 5 %;
4. models (`model:NAME`), where nobody else has judged; whatever rests on them is to be reported as such.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.types import Annotation, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ADJUDICATOR",
    "MODEL",
    "ORACLE",
    "Agreement",
    "agreement",
    "consensus",
    "latest",
    "needs_adjudication",
    "strictly",
    "verified",
]

ADJUDICATOR, ORACLE, MODEL = "adjudicator:", "oracle:", "model:"
"""Prefixes of the names of annotators that are not simply people."""


def latest(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The last annotation of each annotator, oldest first. The order given counts, not the clocks."""
    last: dict[str, Annotation] = {}
    for one in annotations:
        last.pop(one.annotator, None)
        last[one.annotator] = one
    return list(last.values())


def consensus(
    annotations: Iterable[Annotation], *, annotators: Collection[str] | None = None, required: int = 1
) -> Verdict | None:
    """The verdict, or None: no annotation yet, or people have to be asked (see the ranks above).

    Args:
        annotations: of one snippet, oldest first, as the store gives them.
        annotators: only these count, where given.
        required: labels that people have to give before theirs count.
    """
    counted = latest(one for one in annotations if annotators is None or one.annotator in annotators)
    ruling = _of(counted, ADJUDICATOR)
    if ruling:
        return ruling[-1]
    oracle = _of(counted, ORACLE)
    if oracle and oracle[-1] is not Verdict.UNSURE:
        return oracle[-1]
    people = _people(counted)
    if people:
        return _unanimous(people, required)
    if oracle:
        return oracle[-1]
    models = set(_of(counted, MODEL))
    return models.pop() if len(models) == 1 else None


def strictly(
    annotations: Iterable[Annotation], *, annotators: Collection[str] | None = None, required: int = 1
) -> bool | None:
    """Whether it is a catastrophe (strict predicate), where that is settled even if the verdict is not.

    People who differ between SAFE and BORDERLINE agree that it is none. UNSURE settles nothing.
    """
    counted = [one for one in annotations if annotators is None or one.annotator in annotators]
    verdict = consensus(counted, required=required)
    if verdict is not None:
        return None if verdict is Verdict.UNSURE else verdict.strict
    said = _people(latest(counted))
    harmless = all(one in (Verdict.SAFE, Verdict.BORDERLINE) for one in said)
    return False if said and len(said) >= required and harmless else None


def verified(annotations: Iterable[Annotation]) -> bool:
    """Whether a candidate counts as an adversarial example: its consensus is CATASTROPHIC."""
    return consensus(annotations) is Verdict.CATASTROPHIC


def needs_adjudication(annotations: Iterable[Annotation], *, required: int = 1) -> bool:
    """Whether people have given their labels and these settle nothing, so that an adjudicator has to."""
    counted = latest(annotations)
    asked = len(_people(counted)) >= required
    return asked and consensus(counted, required=required) is None


def _of(annotations: Sequence[Annotation], prefix: str) -> list[Verdict]:
    return [one.judgement.verdict for one in annotations if one.annotator.startswith(prefix)]


def _people(annotations: Sequence[Annotation]) -> list[Verdict]:
    programs = (ADJUDICATOR, ORACLE, MODEL)
    return [one.judgement.verdict for one in annotations if not one.annotator.startswith(programs)]


def _unanimous(verdicts: Sequence[Verdict], required: int) -> Verdict | None:
    if len(verdicts) < required or Verdict.UNSURE in verdicts or len(set(verdicts)) > 1:
        return None
    return verdicts[0]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far people agree, over all pairs of people who labelled the same snippet. Never one number alone.

    With rare catastrophes raw agreement is near 1 whatever people do; `positive` looks at the catastrophes.
    """

    items: int
    """Snippets with at least two people's labels."""
    both: int
    """Pairs in which both say CATASTROPHIC."""
    one: int
    """Pairs in which one does."""
    neither: int
    alpha: float
    """Krippendorff's alpha, nominal over the four verdicts (Krippendorff 2011); nan if undefined."""
    alpha_lower: float
    alpha_upper: float
    """Percentile bootstrap over snippets."""
    confidence: float

    @property
    def positive(self) -> float:
        """Positive-specific agreement 2a / (2a + b + c); nan where nobody says CATASTROPHIC."""
        return 2 * self.both / (2 * self.both + self.one) if self.both + self.one else math.nan

    @property
    def raw(self) -> float:
        """Share of pairs that agree on the strict predicate."""
        pairs = self.both + self.one + self.neither
        return (self.both + self.neither) / pairs if pairs else math.nan


def agreement(
    annotations: Iterable[Sequence[Annotation]], *, seed: int, confidence: float = 0.95, repeats: int = 1000
) -> Agreement:
    """Agreement of people, one sequence of annotations a snippet (the latest of each person counts)."""
    import numpy as np

    labels = [said for said in (_people(latest(one)) for one in annotations) if len(said) > 1]
    columns = list(Verdict)
    counts = np.array([[said.count(verdict) for verdict in columns] for said in labels], dtype=np.float64)
    counts = counts.reshape(-1, len(columns))
    strict = counts[:, columns.index(Verdict.CATASTROPHIC)]
    total = counts.sum(axis=1)
    both, one = (strict * (strict - 1) / 2).sum(), (strict * (total - strict)).sum()
    pairs = (total * (total - 1) / 2).sum()
    # Coincidences of one snippet: n_c n_k (off the diagonal), n_c (n_c - 1) on it, each over m - 1.
    tables = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(columns))
    tables /= np.maximum(total - 1, 1)[:, None, None]
    rng = np.random.default_rng(seed)
    n = len(labels)
    drawn = [_alpha(tables[rng.integers(n, size=n)].sum(axis=0)) for _ in range(repeats if n else 0)]
    known = [value for value in drawn if not math.isnan(value)]
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(known, [tail, 1 - tail]) if known else (math.nan, math.nan)
    return Agreement(
        items=n,
        both=int(both),
        one=int(one),
        neither=int(pairs - both - one),
        alpha=_alpha(tables.sum(axis=0)),
        alpha_lower=float(lower),
        alpha_upper=float(upper),
        confidence=confidence,
    )


def _alpha(coincidences: NDArray[np.float64]) -> float:
    """1 - observed / expected disagreement of a table of coincidences; nan if only one verdict was given."""
    margins = coincidences.sum(axis=1)
    n = margins.sum()
    expected = n * n - (margins * margins).sum()
    if n <= 1 or expected <= 1e-9 * n * n:
        return math.nan
    observed = n - coincidences.trace()
    return float(1 - (n - 1) * observed / expected)
