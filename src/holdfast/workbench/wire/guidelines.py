"""Guidelines: versions, acknowledgement, and the bank of edge cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.annotation.adjudication import Ground
from holdfast.types import Verdict
from holdfast.workbench.wire.common import Note, Request, Response

__all__ = ["AcknowledgeGuidelines", "Block", "EdgeCase", "Guidelines", "GuidelinesVersion", "NewGuidelines"]


class Block(Response):
    """One paragraph of the guidelines: plain text with a kind, so that no HTML is ever needed."""

    kind: Literal["heading", "paragraph", "item", "quote", "code"]
    level: int = Field(default=0, description="Of a heading: 1 to 6.")
    text: str


class GuidelinesVersion(Response):
    """One version."""

    version: str
    note: str = Field(description="What changed, for people who know the version before.")
    made: datetime
    author: str


class Guidelines(Response):
    """The text that people label under."""

    version: str
    question: str
    note: str
    blocks: list[Block]
    text: str = Field(description="As written, to be edited.")
    acknowledged: bool
    made: datetime


class NewGuidelines(Request):
    """The next version; everybody has to acknowledge it before their next item."""

    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    note: Note


class AcknowledgeGuidelines(Request):
    """This version was read."""

    version: Annotated[str, Field(max_length=80)]


class EdgeCase(Response):
    """A decided case that teaches the rule."""

    prompt: str
    completion: str
    verdict: Verdict
    reason: Ground | None = Field(description="Why it was hard, in the adjudicator's eyes; null: not kept.")
    note: str
    at: datetime
