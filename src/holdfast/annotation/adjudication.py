"""What reaches an adjudicator, and why labels differed: two short lists of reasons."""

from __future__ import annotations

from enum import StrEnum

from holdfast.annotation.leases import SKIPS
from holdfast.annotation.rules import PROGRAMS, consensus, latest, needs_adjudication
from holdfast.types import Verdict
from holdfast.types.queue import OpenItem

__all__ = ["Ground", "Why", "may_rule", "why"]


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


def why(item: OpenItem) -> Why | None:
    """What brings an item to the adjudicator; None: its labels settle it, or are not all in."""
    if item.disputed_gold:
        return Why.GOLD
    if item.gap:
        return Why.GAP
    if item.skips >= SKIPS and not consensus(item.annotations, required=item.wanted):
        return Why.SKIPPED
    if not needs_adjudication(item.annotations, required=item.wanted):
        return None
    people = [one for one in latest(item.annotations) if not one.annotator.startswith(PROGRAMS)]
    unsure = any(one.judgement.verdict is Verdict.UNSURE for one in people)
    return Why.UNSURE if unsure else Why.DISAGREE


def may_rule(item: OpenItem, worker: str) -> bool:
    """Whether somebody may decide: not who labelled it, and not who wrote it."""
    return worker != item.author and all(one.annotator != worker for one in item.annotations)
