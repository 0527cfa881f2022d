"""See what the filter does."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import playing
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Player
from holdfast.workbench.wire.playground import AskCompletion, Playground, PlaygroundState

__all__ = ["router"]

router = APIRouter(prefix="/api/playground", tags=["playground"])


@router.get("")
def playground_state(request: Request, visitor: Player) -> PlaygroundState:
    """Whether there is anything to play with."""
    return playing.state(site_of(request))


@router.post("/complete")
def complete(body: AskCompletion, request: Request, visitor: Player) -> Playground:
    """One prompt, with and without the filter."""
    return playing.complete(site_of(request), visitor, body, request.client.host if request.client else "")
