"""What training gives back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from holdfast.types import CheckpointRef

__all__ = ["Selection", "TrainingResult"]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How good a classifier is where it will work: at the acceptance rate of the filter."""

    step: int
    recall: float
    """Share of wide positives of the validation set that it rejects."""
    threshold: float
    """Logit at which it accepts the wanted share of natural validation snippets."""
    positives: int
    negatives: int

    @property
    def standard_error(self) -> float:
        """Of the recall, by Agresti and Coull's adjusted share (2 hits and 2 misses added): never 0."""
        n = self.positives + 4
        share = (self.recall * self.positives + 2) / n
        return math.sqrt(share * (1 - share) / n)


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A finished training."""

    checkpoint: CheckpointRef
    steps: int
    """Optimiser steps done."""
    loss: float
    """Mean loss over the last logged steps (natural logarithm)."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Logged figures: `step`, `loss`, and what the objective reports."""
    selected: Selection | None = None
    """The evaluation whose weights were kept; None: the last weights."""
    evaluations: list[Selection] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """Examples by source and class."""
    left_out: int = 0
    """Texts too long for the model, training and validation together: in none of the counts."""
    arithmetic: str = ""
    """`float32` or `bfloat16`, in which it was trained."""
    cpu_seconds: float = 0.0
    """Of the last, finishing process."""
    resumed_from: int = 0
    """Step from which the last process went on."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able dict of all fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingResult:
        """The inverse of `to_dict`."""
        selected = values.get("selected")
        return cls(
            **values
            | {
                "checkpoint": CheckpointRef(**values["checkpoint"]),
                "selected": Selection(**selected) if selected else None,
                "evaluations": [Selection(**e) for e in values.get("evaluations", [])],
            }
        )
