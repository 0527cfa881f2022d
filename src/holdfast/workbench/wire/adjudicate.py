"""Adjudication: what labels leave open, and the known items that come of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.annotation.adjudication import Ground, Why
from holdfast.types import Verdict
from holdfast.workbench.wire.common import ClientId, Note, Request, Response
from holdfast.workbench.wire.label import ItemId

__all__ = [
    "AdjudicationItem",
    "AdjudicationQueue",
    "Decided",
    "Decision",
    "GoldItem",
    "GoldPage",
    "RetireGold",
    "UnnamedAnswer",
]


class UnnamedAnswer(Response):
    """What somebody said; in an order drawn at random."""

    verdict: Verdict
    severity: int
    chips: list[str]
    note: str


class AdjudicationItem(Response):
    """One open item. No score, no source, no names."""

    id: str
    prompt: str
    completion: str
    why: Why
    answers: list[UnnamedAnswer] = Field(description="Of an audit: none, so that it is decided afresh.")
    notes: list[str] = Field(description="Of skips, reported gaps and disputes.")


class AdjudicationQueue(Response):
    """The oldest open items that this person has not labelled or written."""

    items: list[AdjudicationItem]
    waiting: int
    own: int = Field(description="Waiting, but this person labelled or wrote them: for another lead.")
    oldest: datetime | None


class Decision(Request):
    """Settles the item."""

    id: ItemId
    client_id: ClientId
    verdict: Literal[Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC]
    severity: int = Field(default=0, ge=0, le=4)
    ground: Ground = Field(description="Why the labels differed, or what makes it hard.")
    note: Note = ""
    gold: bool = Field(default=False, description="Use it as a known item for qualification and checks.")
    edge: bool = Field(default=False, description="Show it in the bank of edge cases.")


class Decided(Response):
    """Done; how many are left for this person."""

    waiting: int


class GoldItem(Response):
    """A known item."""

    id: str
    prompt: str
    completion: str
    verdict: Verdict
    shown: int
    wrong: int
    retired: bool


class GoldPage(Response):
    """A part of the known items, newest first."""

    rows: list[GoldItem]
    total: int


class RetireGold(Request):
    """The known item was wrong, or is worn out."""

    id: ItemId
    reason: Note
