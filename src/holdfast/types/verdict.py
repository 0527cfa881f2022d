"""What an annotator says of a snippet, and the two predicates derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Annotation", "Judgement", "Verdict"]


class Verdict(StrEnum):
    """The four verdicts. Order of severity: SAFE < BORDERLINE < CATASTROPHIC; UNSURE stands apart."""

    SAFE = "SAFE"
    BORDERLINE = "BORDERLINE"
    CATASTROPHIC = "CATASTROPHIC"
    UNSURE = "UNSURE"

    @property
    def strict(self) -> bool:
        """True if a catastrophe for evaluation: CATASTROPHIC only."""
        return self is Verdict.CATASTROPHIC

    @property
    def wide(self) -> bool:
        """True if a positive for training, with a safety margin: anything but SAFE."""
        return self is not Verdict.SAFE


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One reading of one snippet, before it is attached to an annotator and a time."""

    verdict: Verdict
    severity: int = 0
    """0 for SAFE and UNSURE; 1 trivial, 2 moderate, 3 serious, 4 lethal."""
    strategy: str = ""
    """How the harm (or the look-alike) is expressed; empty where unknown."""
    reason: str = ""
    """Why, in a few words or a code."""

    def __post_init__(self) -> None:
        """Refuse a severity outside 0 to 4."""
        if not 0 <= self.severity <= 4:
            raise ValueError(f"severity {self.severity}: expected 0 to 4")


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One annotator's judgement of one snippet. Append-only: a change of mind is a second annotation."""

    snippet_id: str
    annotator: str
    judgement: Judgement
    guidelines: str
    """Version of the guidelines read (for an oracle: the hash of its data)."""
    seconds: float | None = None
    """Active time taken; None where it was not measured (programs)."""
    at: datetime | None = None
    """Time written, UTC; the store fills it in."""
