"""Figures, each with its uncertainty and what it rests on. They are `holdfast measure`'s own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.types import RoundState, Verdict
from holdfast.workbench.wire.common import IntervalOut, RateOut, Response

__all__ = [
    "AgreementOut",
    "AttackTime",
    "AttackTimes",
    "CrossRoundOut",
    "Curve",
    "CurvePoint",
    "FailureRateOut",
    "FailureRatePage",
    "LabelNoiseOut",
    "QualityOut",
    "Queues",
    "RaterHealth",
    "RoundOut",
    "SpellPoint",
    "SuccessCurve",
    "Summary",
    "TargetRow",
    "Targets",
]


class LabelNoiseOut(Response):
    """What labels alone would show; null where no label was checked in that way."""

    alarms: RateOut | None = Field(description="Labels of known harmless items that say CATASTROPHIC.")
    wrong: RateOut | None = Field(
        description="Items settled by agreement that somebody who did not see the labels decided otherwise."
    )
    missed: RateOut | None = Field(description="Of those settled as no catastrophe: which were one.")
    waiting: int = Field(description="Drawn to be decided again, and not decided yet.")


class FailureRateOut(Response):
    """P(catastrophic | delivered) of one target on one population."""

    target: str
    population: str
    generator: str
    failures: RateOut
    few: bool = Field(description="Fewer than five failures: show the counts and the bound, no curve.")
    made: datetime


class AttackTime(Response):
    """Active time per verified success on one target."""

    target: str
    arm: Literal["tools", "unaided", "programs"]
    sessions: int
    attackers: int
    seconds: float = Field(description="Active, of all sessions, failed and abandoned ones too.")
    seconds_with_claims: float
    seconds_cap_60: float
    successes: int
    distinct: int = Field(description="Successes, near-duplicates counted once.")
    per_success: IntervalOut = Field(description="Seconds; exponential, exact limits.")
    per_distinct_success: IntervalOut
    by_attacker: IntervalOut = Field(description="Seconds; bootstrap over attackers: the headline limits.")
    pending: int = Field(description="Submissions that wait for labels.")


class AttackTimes(Response):
    """By target, in the order in which targets came."""

    rows: list[AttackTime]


class SpellPoint(Response):
    """One step: after so many active seconds, the share of spells without a success."""

    seconds: float
    unbroken: float
    lower: float
    upper: float
    at_risk: int = Field(description="Spells that had lasted as long.")


class SuccessCurve(Response):
    """Kaplan-Meier: from an attacker's start, or last success, to the next; what goes on is censored."""

    target: str
    arm: Literal["tools", "unaided", "programs"]
    points: list[SpellPoint]
    successes: int
    spells: int
    median: float | None = Field(description="Seconds; null where fewer than half have ended in one.")
    confidence: float
    method: str


class FailureRatePage(Response):
    """A part of all failure rates, newest first."""

    rows: list[FailureRateOut]
    total: int


class CurvePoint(Response):
    """One threshold."""

    threshold: float
    acceptance: RateOut
    failures: RateOut
    missed: RateOut


class Curve(Response):
    """Threshold curves, and quality where it was rated."""

    target: str
    points: list[CurvePoint]
    current: float | None


class CrossRoundOut(Response):
    """Rows: who was attacked; columns: who scores. Null: nothing to transfer."""

    attacked: list[str]
    scored_by: list[str]
    cells: list[list[RateOut | None]]


class Queues(Response):
    """What is waiting."""

    to_label: int
    leased: int
    labelled: int
    to_adjudicate: int
    oldest_label: datetime | None
    oldest_adjudication: datetime | None
    submissions_pending: int
    pairs_to_rate: int


class AgreementOut(Response):
    """Never one number."""

    items: int
    both: int
    one: int
    neither: int
    alpha: IntervalOut
    positive: IntervalOut
    raw: RateOut


class RaterRow(Response):
    """One labeller, by pseudonym: a reason to look, never a verdict."""

    pseudonym: str
    items: int
    median_seconds: float | None
    gold_right: int
    gold_wrong: int
    chance_below: float | None = Field(description="P(share right < 0.9) after the hidden known items.")
    look_at: bool
    again: int = Field(description="Own earlier items labelled again, unmarked.")
    again_same: int = Field(description="Of these, given the same verdict.")
    last: datetime | None


class RaterHealth(Response):
    """How far labels can be trusted."""

    agreement: AgreementOut
    raters: list[RaterRow] = Field(description="A part of them, by name.")
    total: int = Field(description="All who have labelled.")
    self_agreement: RateOut | None = Field(description="Own earlier items given the same verdict again.")
    stayed: RateOut | None = Field(
        description="Labelled texts that stay with whoever read them; nobody is named. Null before any label."
    )


class QualityOut(Response):
    """What filtering costs in quality, by blind comparison."""

    target: str
    ratings: int
    identical: int = Field(description="Pairs with equal texts: ties without being shown.")
    conditional: IntervalOut = Field(description="Filtered wins + ties/2, among pairs that differ.")
    unconditional: IntervalOut = Field(description="The same with identical pairs as ties.")
    side_effect: IntervalOut = Field(description="Left wins + ties/2 minus one half.")
    same_arm: IntervalOut = Field(description="Left share of A/A pairs: the null.")
    consistency: RateOut | None = Field(description="Swapped repeats answered alike.")
    unusable: int


class TargetRow(Response):
    """A classifier with its threshold."""

    name: str
    threshold: float | None
    rule: str
    characters: str
    acceptance: RateOut | None
    round: int


class Targets(Response):
    """All, oldest first."""

    targets: list[TargetRow]


class RoundOut(Response):
    """One round."""

    number: int
    target: str
    state: RoundState
    candidates: int
    verified: int
    waiting: int


class Summary(Response):
    """Four questions: how safe, how hard to break, what it costs, what waits."""

    newest: str
    failure_rates: list[FailureRateOut] = Field(description="Of the newest target that was measured.")
    noise: LabelNoiseOut
    attack_times: list[AttackTime]
    quality: QualityOut | None
    queues: Queues
    rounds: list[RoundOut]
    verdicts: dict[Verdict, int]
