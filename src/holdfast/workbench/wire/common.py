"""Parts that several routers share: bounded texts, rates with their uncertainty, problems, events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from holdfast.annotation.active_time import EventKind

__all__ = [
    "Answered",
    "ClientId",
    "Clock",
    "Disputed",
    "Done",
    "IntervalOut",
    "Note",
    "PageEvent",
    "Problem",
    "Prose",
    "RateOut",
    "Request",
    "Response",
    "Side",
    "Tags",
]


class Request(BaseModel):
    """A body. Unknown fields are refused: who is asking comes from the session, never from the body."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Response(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


Prose = Annotated[str, Field(max_length=20_000, description="Text as written; offsets are code points.")]
Note = Annotated[str, Field(max_length=4_000)]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=12)]
ClientId = Annotated[
    str,
    Field(
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Made by the client, once for each deed: sent again, the deed is not done twice.",
    ),
]
Side = Literal["prompt", "completion"]
Disputed = Literal["none", "waiting", "ruled"]


class Problem(Response):
    """Every answer that is no success: what was found, what was expected, what to do."""

    error: str = Field(description="A code: signed_out, forbidden, forged, input, busy, rate, conflict, ...")
    found: str
    expected: str = ""
    do: str = ""
    fields: list[str] = Field(default=[], description="Names of the fields that were refused.")
    retry_after: float | None = Field(default=None, description="Seconds; with error busy or rate.")


class Done(Response):
    """It is done, and on the disk."""

    done: Literal[True] = True


class RateOut(Response):
    """A share, never bare."""

    count: int
    trials: int
    estimate: float | None
    lower: float
    upper: float
    bound: float = Field(description="One-sided upper bound at `confidence`.")
    confidence: float
    method: str
    population: str


class IntervalOut(Response):
    """An estimate with its limits; null where nothing can be said or a limit is infinite."""

    estimate: float | None
    lower: float | None
    upper: float | None
    confidence: float
    method: str
    population: str = ""


class PageEvent(Request):
    """One event of the page, without any content: the server's clock of active time."""

    number: int = Field(ge=0, le=10_000_000, description="Counted by the client from 0 within the session.")
    kind: EventKind
    at_ms: float = Field(ge=0, le=1e12, description="performance.now(): milliseconds, never going back.")


class Clock(Response):
    """Seconds counted so far, from the events that have arrived."""

    active_seconds: float = Field(description="Gaps up to the cap, while in view and not paused.")
    claimed_seconds: float = Field(description="Thinking time claimed by hand; a column of its own.")
    cap_seconds: float
    paused: bool
    next_number: int = Field(description="Smallest event number not seen yet.")


class Answered(Response):
    """What became of an answer. None is refused for being late."""

    state: Literal["counts", "surplus"]
    remaining_today: int | None = Field(default=None, description="Items left of the daily limit.")
