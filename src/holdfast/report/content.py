"""Everything the report page shows, as one typed value. Nothing here draws or formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from holdfast.types import (
    AttackCost,
    AttackStep,
    CrossRound,
    FailureRate,
    Judgement,
    Rate,
    Ratio,
    RunRecord,
    Snippet,
    Threshold,
)

__all__ = [
    "MOST_FAILURES",
    "AttackSummary",
    "Comparison",
    "CurvePoint",
    "DataRow",
    "Report",
    "Saliency",
    "SalientSpan",
    "TargetReport",
    "WorstFailure",
]

MOST_FAILURES = 200
"""Most failures a page shows, worst first."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One possible threshold of one target."""

    acceptance: float
    """Share of natural text that it accepts, 0 to 1."""
    failures: Rate
    """Failures let through at this threshold."""
    logit: float
    """The threshold itself: reject iff logit >= this."""


@dataclass(frozen=True, kw_only=True)
class TargetReport:
    """What was measured of one target. Empty or None: not measured."""

    name: str
    """`baseline`, `round-1`, ..."""
    threshold: Threshold | None = None
    failure_rates: tuple[FailureRate, ...] = ()
    """One for each generator (the corpus, the trained generator)."""
    attack_costs: tuple[AttackCost, ...] = ()
    """One for each attack."""
    acceptance: Rate | None = None
    """Share of natural text accepted, on data that did not choose the threshold."""
    twins: Rate | None = None
    """Share of safe twins accepted: texts that look like failures and are not."""
    transfer: Rate | None = None
    """Share of verified attacks accepted that were made on another target: to be read beside `twins`."""
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A ratio subject / reference of one quantity, from which a claim in words is drawn."""

    quantity: Literal["failures", "cost"]
    """`failures`: lower is better; `cost` (queries per break): higher is better."""
    of: str
    """Name of the generator or of the attack."""
    subject: str
    reference: str
    ratio: Ratio
    margin: float = 1.25
    """Failures only: `no worse` is said if the whole interval lies at or below this ratio."""


@dataclass(frozen=True, kw_only=True)
class WorstFailure:
    """A catastrophic text that a target accepts."""

    target: str
    snippet: Snippet
    margin: float
    """logit - threshold: negative for an accepted text; the most negative is the worst."""
    judgement: Judgement
    annotator: str
    """`oracle`, the name of a model or a pseudonym."""
    origin: str = ""
    """The attack or the generator it came from."""
    parent: Snippet | None = None
    """The text it was rewritten from."""
    steps: tuple[AttackStep, ...] = ()
    """States of the search, the parent first."""


@dataclass(frozen=True, kw_only=True)
class SalientSpan:
    """How much code points [start, stop) of one side move the logit."""

    side: Literal["prompt", "completion"]
    start: int
    stop: int
    value: float
    """Change of the logit owed to this span; positive raises it (towards rejection)."""


@dataclass(frozen=True, kw_only=True)
class Saliency:
    """What the classifier looked at in one failure."""

    target: str
    snippet: Snippet
    method: str
    spans: tuple[SalientSpan, ...]


@dataclass(frozen=True, kw_only=True)
class AttackSummary:
    """How the attacks on one target ended, and how widely they searched."""

    target: str
    attack: str
    outcomes: dict[str, int]
    """Outcome -> number of parents."""
    strategies: dict[str, int]
    """Every known strategy -> verified failures that used it (0: never reached). Empty: none are known."""
    candidates: int
    unsure: int
    """Candidates judged UNSURE: outside the grammar of an oracle, or left open by people."""

    @property
    def reached(self) -> int:
        """How many known strategies the attack reached."""
        return sum(1 for n in self.strategies.values() if n)


@dataclass(frozen=True, kw_only=True)
class DataRow:
    """One line of the data table: snippets of one split and source, by verdict."""

    split: str
    source: str
    snippets: int
    families: int
    safe: int = 0
    borderline: int = 0
    catastrophic: int = 0
    unsure: int = 0

    @property
    def unlabelled(self) -> int:
        """Snippets without a verdict."""
        return self.snippets - self.safe - self.borderline - self.catastrophic - self.unsure


@dataclass(frozen=True, kw_only=True)
class Report:
    """One page. Raises ValueError without `labels_note`: who judged the texts is always said."""

    workspace: str
    catastrophe: str
    question: str
    generated: datetime
    labels_note: str
    """Who annotated: an oracle, language models or people, and how many."""
    populations: tuple[str, ...] = ()
    """Sentences: over what the rates are taken."""
    targets: tuple[TargetReport, ...] = ()
    """In order: baseline, round-1, ..."""
    cross_round: CrossRound | None = None
    comparisons: tuple[Comparison, ...] = ()
    worst: tuple[WorstFailure, ...] = ()
    """Sorted and cut to MOST_FAILURES by the page."""
    saliency: Saliency | None = None
    attacks: tuple[AttackSummary, ...] = ()
    not_tested: tuple[str, ...] = ()
    data: tuple[DataRow, ...] = ()
    provenance: tuple[RunRecord, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a report that does not say who annotated."""
        if not self.labels_note.strip():
            raise ValueError("a report says who annotated: labels_note is empty")

    @property
    def baseline(self) -> TargetReport | None:
        """The first target."""
        return self.targets[0] if self.targets else None

    @property
    def last(self) -> TargetReport | None:
        """The last target: the one the verdict is about."""
        return self.targets[-1] if self.targets else None
