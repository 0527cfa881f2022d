"""Labelling, one item at a time. Nothing here says where an item comes from or what others said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.annotation.adjudication import Ground
from holdfast.types import Verdict
from holdfast.workbench.wire.common import ClientId, Disputed, Note, PageEvent, Request, Response, Tags

__all__ = [
    "Answer",
    "AnsweredItem",
    "AskNext",
    "Dispute",
    "ItemIds",
    "KnownMiss",
    "LabelItem",
    "LabelNext",
    "Qualification",
    "ReportGap",
    "Skip",
    "Stays",
    "Undo",
    "Undone",
    "WhyEmpty",
]

ItemId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9a-f]+$")]


class AskNext(Request):
    """The item to show and those behind it; what is held already comes again."""


class LabelItem(Response):
    """The completion is what the question is about; the prompt is context."""

    id: str
    prompt: str
    completion: str


class WhyEmpty(Response):
    """Why there is nothing to do now."""

    reason: Literal["nothing", "leased", "notice", "guidelines", "qualification", "daily_limit", "not_now"]
    leased: int = Field(default=0, description="Items that others are working on.")
    retry_seconds: float | None = Field(default=None, description="Until the first of those comes free.")
    adjudication: int = Field(default=0, description="Items that wait for an adjudicator.")


class LabelNext(Response):
    """Up to three leased items, or why there is none."""

    items: list[LabelItem]
    empty: WhyEmpty | None
    testing: bool = Field(description="These are the qualification test's.")
    done_today: int
    break_due: bool
    guidelines_version: str


class Answer(Request):
    """One label. Another answer on the same item by the same person takes its place."""

    id: ItemId
    client_id: ClientId
    verdict: Verdict
    severity: int = Field(default=0, ge=0, le=4, description="0 for SAFE and UNSURE.")
    chips: Tags = []
    note: Note = ""
    guidelines_version: Annotated[str, Field(max_length=80)]
    events: Annotated[list[PageEvent], Field(max_length=500)] = Field(
        default=[], description="Of this item alone, numbered from 0: what active time is counted from."
    )


class Skip(Request):
    """Without penalty; it goes to others and does not come back."""

    id: ItemId
    client_id: ClientId
    reason: Literal["distressing", "not_understood", "technical", "other"]
    note: Note = ""


class ItemIds(Request):
    """Items held: to renew or to give back their leases."""

    ids: Annotated[list[ItemId], Field(max_length=10)]


class Undo(Request):
    """Open one of the last ten answers again; without `id` the last one. It stands until answered anew."""

    id: ItemId | None = None


class AnsweredItem(Response):
    """One of one's own answers."""

    item: LabelItem
    verdict: Verdict
    severity: int
    chips: list[str]
    note: str
    at: datetime
    editable: bool = Field(description="Among the last ten, and nobody has adjudicated it.")


class Undone(Response):
    """The item, leased again, with the answer that stands."""

    answered: AnsweredItem


class ReportGap(Request):
    """The guidelines do not settle this item: an adjudicator will see it."""

    id: ItemId
    client_id: ClientId
    note: Annotated[str, Field(min_length=1, max_length=4_000)]


class Stays(Request):
    """A text that stays with somebody."""

    id: ItemId


class KnownMiss(Response):
    """A known item that one answered otherwise, or disputed."""

    id: str
    prompt: str
    completion: str
    yours: Verdict
    known: Verdict
    ground: Ground | None
    note: str = Field(description="Why it is known to be so.")
    dispute: Disputed
    ruling: str = Field(description="Why it was decided so, once the dispute was; else empty.")
    outcome: Literal["stands", "corrected", "retired"]


class Dispute(Request):
    """The known item is wrong."""

    id: ItemId
    client_id: ClientId
    note: Annotated[str, Field(min_length=1, max_length=4_000)]


class Qualification(Response):
    """Where a person stands with the test on known items."""

    required: bool
    state: Literal["passed", "failed", "open", "not_ready"] = Field(
        description="not_ready: a test is wanted, but the project has too few known items."
    )
    answered: int
    of: int
    attempt: int
    attempts: int
