"""A round: attack -> annotate -> retrain -> calibrate -> measure. A resumable state machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["STATES", "Round", "RoundState"]


class RoundState(StrEnum):
    """What has been finished. Each step is idempotent: run again, it finds its work done."""

    OPEN = "open"
    ATTACKED = "attacked"
    ANNOTATED = "annotated"
    TRAINED = "trained"
    CALIBRATED = "calibrated"
    MEASURED = "measured"


STATES: tuple[RoundState, ...] = tuple(RoundState)


@dataclass(frozen=True, kw_only=True)
class Round:
    """Round `number` attacks `target` (the round before's classifier) and trains its successor."""

    number: int
    target: str
    """Name of the attacked checkpoint."""
    state: RoundState = RoundState.OPEN

    @property
    def checkpoint(self) -> str:
        """Name of the classifier that this round trains."""
        return f"round-{self.number}"
