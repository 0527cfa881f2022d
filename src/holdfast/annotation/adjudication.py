"""What reaches an adjudicator, and why labels differed: two short lists of reasons."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from holdfast.annotation.blinding import drawn
from holdfast.annotation.leases import SKIPS
from holdfast.annotation.rules import PROGRAMS, consensus, latest, needs_adjudication
from holdfast.types import Annotation, Verdict
from holdfast.types.queue import OpenItem

__all__ = ["Ground", "Why", "audit_due", "may_rule", "why"]


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
    DISPUTED = "disputed"
    """A verdict that whoever wrote the text disputes."""
    AUDIT = "audit"
    """Its labels agree; it was drawn to be decided again, by somebody who does not see them."""


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
    if item.disputed:
        return Why.GOLD if item.known else Why.DISPUTED
    if item.gap:
        return Why.GAP
    if item.skips >= SKIPS and not consensus(item.annotations, required=item.wanted):
        return Why.SKIPPED
    if not needs_adjudication(item.annotations, required=item.wanted):
        return Why.AUDIT if item.audited else None
    people = [one for one in latest(item.annotations) if not one.annotator.startswith(PROGRAMS)]
    unsure = any(one.judgement.verdict is Verdict.UNSURE for one in people)
    return Why.UNSURE if unsure else Why.DISAGREE


def may_rule(item: OpenItem, worker: str) -> bool:
    """Whether somebody may decide: not who labelled it, who wrote it, or who disputes it."""
    labelled = any(one.annotator == worker for one in item.annotations)
    return worker != item.author and worker not in item.disputed_by and not labelled


def audit_due(
    item_id: str, annotations: Sequence[Annotation], *, required: int, key: bytes, share: float
) -> bool:
    """Whether an item that just got its last label is decided again: `share` of those that labels settle.

    Drawn by the item's id and the key alone, so that nobody can tell, and no order of answers matters.
    """
    said = consensus(annotations, required=required)
    if (
        said is None
        or said is Verdict.UNSURE
        or any(one.annotator.startswith(PROGRAMS) for one in annotations)
    ):
        return False
    return drawn(key, "audit", item_id) < share
