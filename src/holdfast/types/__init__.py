"""Every domain value: frozen dataclasses and enums, one file a subject."""

from __future__ import annotations

from holdfast.types.assist import BestEdit, EditRequest, Operation, RankedEdit, SaliencyMap
from holdfast.types.attack import (
    HOLES,
    AttackBudget,
    AttackResult,
    AttackSession,
    AttackStep,
    Edit,
    Hole,
    Outcome,
)
from holdfast.types.catastrophe import Catastrophe, Corpus, Draw, Stratum
from holdfast.types.delivery import Delivery
from holdfast.types.example import Example
from holdfast.types.job import Job, JobState
from holdfast.types.measurement import (
    AttackCost,
    AttackTime,
    CrossRound,
    Difference,
    FailureRate,
    LabelNoise,
    Quality,
    Rate,
    Ratio,
    StoredMeasurement,
)
from holdfast.types.record import RunRecord, RunStatus
from holdfast.types.round import STATES, Round, RoundState
from holdfast.types.snippet import Snippet, Source, Split, StoredSnippet
from holdfast.types.suite import SUITE_ROUND, UNION, Suite, SuiteCurve, SuiteResult, SuiteRow
from holdfast.types.target import CheckpointRef, Target, Threshold
from holdfast.types.verdict import Annotation, Judgement, Verdict

__all__ = [
    "HOLES",
    "STATES",
    "SUITE_ROUND",
    "UNION",
    "Annotation",
    "AttackBudget",
    "AttackCost",
    "AttackResult",
    "AttackSession",
    "AttackStep",
    "AttackTime",
    "BestEdit",
    "Catastrophe",
    "CheckpointRef",
    "Corpus",
    "CrossRound",
    "Delivery",
    "Difference",
    "Draw",
    "Edit",
    "EditRequest",
    "Example",
    "FailureRate",
    "LabelNoise",
    "Hole",
    "Job",
    "JobState",
    "Judgement",
    "Operation",
    "Outcome",
    "Quality",
    "RankedEdit",
    "Rate",
    "Ratio",
    "Round",
    "RoundState",
    "RunRecord",
    "RunStatus",
    "SaliencyMap",
    "Snippet",
    "Source",
    "Split",
    "StoredMeasurement",
    "StoredSnippet",
    "Suite",
    "SuiteCurve",
    "SuiteResult",
    "SuiteRow",
    "Stratum",
    "Target",
    "Threshold",
    "Verdict",
]
