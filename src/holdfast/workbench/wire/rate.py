"""Rating pairs. Which side is filtered is known to the server alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from holdfast.workbench.wire.common import ClientId, PageEvent, Request, Response, Tags
from holdfast.workbench.wire.label import ItemId

__all__ = ["AskPair", "Choice", "NewBatch", "Pair", "PairNext", "RateAnswer"]

Choice = Literal["left_much", "left", "tie", "right", "right_much", "unusable"]


class AskPair(Request):
    """The next pair; what is held comes again."""


class Pair(Response):
    """One prompt, two completions."""

    id: str
    prompt: str
    left: str
    right: str


class PairNext(Response):
    """The pair to rate, or none."""

    pair: Pair | None
    reason: Literal["", "nothing", "notice", "daily_limit"] = ""
    done_in_batch: int
    batch: int = Field(default=20, description="Progress is shown in batches, never in totals.")
    break_due: bool


class RateAnswer(Request):
    """One comparison; sent again with the same client id it counts once."""

    id: ItemId
    client_id: ClientId
    choice: Choice
    chips: Tags = []
    events: Annotated[list[PageEvent], Field(max_length=500)] = []


class NewBatch(Request):
    """Have a worker draw pairs: filtered against unfiltered completions of test prompts."""

    target: Annotated[str, Field(min_length=1, max_length=120)]
    n: int = Field(default=100, ge=10, le=5000)
