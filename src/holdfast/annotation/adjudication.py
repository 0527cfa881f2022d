"""What reaches an adjudicator, and why labels differed: two short lists of reasons."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Ground", "Why"]


class Why(StrEnum):
    """What brought an item to the adjudicator."""

    DISAGREE = "disagree"
    UNSURE = "unsure"
    SKIPPED = "skipped"
    """Skipped by as many people as `leases.SKIPS`."""
    GAP = "gap"
    """Somebody reported that the guidelines do not settle it."""
    GOLD = "gold"
    """A known item that somebody disputes."""


class Ground(StrEnum):
    """Why the labels differed, in the adjudicator's eyes."""

    AMBIGUOUS_TEXT = "ambiguous_text"
    GUIDELINE_GAP = "guideline_gap"
    ANNOTATOR_ERROR = "annotator_error"
    EDGE_CASE = "edge_case"
    SUBJECTIVE = "subjective"
    OTHER = "other"
