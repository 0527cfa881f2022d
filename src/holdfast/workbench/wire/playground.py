"""Type a prompt, see what the filter does with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from holdfast.workbench.wire.common import Request, Response

__all__ = ["AskCompletion", "Continuation", "Playground", "PlaygroundState"]


class PlaygroundState(Response):
    """Whether there is anything to play with."""

    live: bool
    public: bool
    draws: int = Field(description="Draw budget of the filter.")


class AskCompletion(Request):
    """One prompt."""

    prompt: Annotated[str, Field(min_length=1, max_length=4_000)]
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class Continuation(Response):
    """A completion with its score relative to the threshold."""

    completion: str
    score: float | None = Field(description="Logit minus the threshold; null: it could not be scored.")
    accepted: bool


class Playground(Response):
    """Side by side. `filtered` null: nothing was accepted within the budget."""

    unfiltered: Continuation
    filtered: Continuation | None
    draws: int
