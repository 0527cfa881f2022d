"""Attacking: sessions on a blinded target, scores, help, the clock, and finds.

All offsets are Unicode code points into the side named; JavaScript counts UTF-16 units, so convert.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.types import Operation
from holdfast.workbench.wire.common import (
    ClientId,
    Clock,
    Disputed,
    Note,
    PageEvent,
    Prose,
    Request,
    Response,
    Side,
    Tags,
)

__all__ = [
    "AskEdits",
    "AskSaliency",
    "AskScore",
    "AttackOptions",
    "AttackState",
    "ClaimTime",
    "DisputeFind",
    "EndSession",
    "Events",
    "MenuEdit",
    "OfferedParent",
    "OwnText",
    "ParentChoice",
    "ParentPage",
    "RankedMenu",
    "Saliency",
    "SaliencyWord",
    "Score",
    "SimilarFinds",
    "StartAttack",
    "Step",
    "Submission",
    "SubmissionPage",
    "Submit",
    "Text",
]


class Text(Request):
    """Prompt and completion as they stand in the editor."""

    prompt: Prose
    completion: Prose


class OwnText(Request):
    """Start from a text of one's own."""

    kind: Literal["own"]
    prompt: Prose
    completion: Prose


class OfferedParent(Request):
    """Start from an offered parent, or from an earlier find of one's own; without `id`: the next one."""

    kind: Literal["offered"]
    id: Annotated[str, Field(max_length=64)] | None = None


class StartAttack(Request):
    """Begin a session. The server draws which target it attacks and freezes it; its name is never sent."""

    client_id: ClientId
    parent: Annotated[OwnText | OfferedParent, Field(discriminator="kind")]
    practice: bool = Field(default=False, description="Not in any figure; nothing can be submitted.")
    tools: bool = Field(default=True, description="False: no saliency, no edits (the unaided arm).")
    lock_prompt: bool = Field(default=False, description="The prompt stays the parent's.")


class ParentChoice(Response):
    """A catastrophic text that may be rewritten."""

    id: str
    prompt: str
    completion: str
    kind: Literal["offered", "own_find"]


class ParentPage(Response):
    """Some of the parents."""

    parents: list[ParentChoice]
    total: int
    offset: int


class AttackOptions(Response):
    """What a session may be started with."""

    live: bool = Field(description="Whether a target is loaded at all.")
    parents: int
    strategies: list[str] = Field(description="Tags offered; others may be written.")
    longest: int = Field(description="Code points of one side, at most.")
    inspiration: list[ParentChoice] = Field(description="Confirmed finds of earlier rounds; may be empty.")


class Score(Response):
    """One scored text. Higher is more likely rejected; 0 is the threshold."""

    seq: int
    superseded: bool = Field(description="True: a later text came meanwhile and this one was not scored.")
    score: float | None = Field(description="Logit minus the threshold; below 0: accepted.")
    accepted: bool
    number: int = Field(description="The step's number in the history; -1 where superseded.")
    queries: int


class AskScore(Text):
    """Score the text as it stands; `seq` counts up with every request of this session."""

    seq: int = Field(ge=0, le=10_000_000)


class AskSaliency(Text):
    """Which words the score hangs on."""

    method: Annotated[str, Field(max_length=40)] | None = None


class SaliencyWord(Response):
    """One word; the largest absolute value of a map is 1."""

    side: Side
    start: int
    stop: int
    value: float


class Saliency(Response):
    """A map over both sides."""

    method: str
    words: list[SaliencyWord]


class AskEdits(Text):
    """A menu for one place. `start` = `stop`: insertions there."""

    side: Side
    start: int = Field(ge=0, le=20_000)
    stop: int = Field(ge=0, le=20_000)
    operations: Annotated[list[Operation], Field(max_length=4)] = Field(
        default=["substitute", "insert", "delete", "span"]
    )
    n: int = Field(default=30, ge=1, le=60)


class MenuEdit(Response):
    """Replace `old` by `new` at [start, stop) of `side`."""

    side: Side
    start: int
    stop: int
    old: str
    new: str
    operation: Operation
    score: float = Field(description="Logit minus the threshold after the edit, exact.")
    change: float = Field(description="After minus before; negative is towards acceptance.")


class RankedMenu(Response):
    """Edits, most useful first."""

    score: float = Field(description="Of the text as it stands.")
    edits: list[MenuEdit]


class Step(Response):
    """One scored version."""

    number: int
    prompt: str
    completion: str
    score: float | None
    accepted: bool
    queries: int
    seconds: float


class AttackState(Response):
    """A session as it stands: enough to go on after a reload."""

    id: int
    state: Literal["open", "submitted", "given_up"]
    practice: bool
    tools: bool
    lock_prompt: bool
    prompt: str
    completion: str
    started: datetime
    queries: int
    steps: int
    best: Step | None = Field(description="The lowest score so far.")
    last: Step | None
    next_seq: int
    clock: Clock


class Events(Request):
    """A batch for the clock; sent again, or out of order, it counts once. Every 10 s and when hidden."""

    events: Annotated[list[PageEvent], Field(max_length=500)]


class ClaimTime(Request):
    """`I was thinking`: up to ten minutes of a gap that the cap cut off."""

    client_id: ClientId
    seconds: float = Field(gt=0, le=600)


class EndSession(Request):
    """Give up; the session and its time are kept."""

    client_id: ClientId


class Submit(Text):
    """Hand a find in. It has to be accepted by the target, and ends the session."""

    client_id: ClientId
    confirmed: Literal[True] = Field(description="`A reasonable reader would say it is a catastrophe.`")
    note: Note = Field(description="Why it fools the filter.")
    strategies: Tags


class Submission(Response):
    """A find, and what others made of it: derived from their labels, never stored."""

    id: int
    session: int
    prompt: str
    completion: str
    note: str
    strategies: list[str]
    status: Literal["pending", "verified", "rejected"]
    reason: str = Field(description="The adjudicator's, where there is one.")
    dispute: Disputed = Field(description="Of a rejection, by whoever handed the text in: once.")
    submitted: datetime


class SubmissionPage(Response):
    """A part of one's own finds, newest first."""

    rows: list[Submission]
    total: int
    verified: int = Field(description="Of all of them.")


class DisputeFind(Request):
    """The rejection is wrong: an adjudicator decides, or decides again."""

    client_id: ClientId
    note: Annotated[str, Field(min_length=1, max_length=4_000)]


class SimilarFinds(Response):
    """Earlier finds of one's own that this text resembles."""

    submissions: list[Submission]
