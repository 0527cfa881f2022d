"""See what the filter does."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench.who import Player
from holdfast.workbench.wire.playground import AskCompletion, Playground, PlaygroundState

__all__ = ["router"]

router = APIRouter(prefix="/api/playground", tags=["playground"])


@router.get("")
def playground_state(request: Request, visitor: Player) -> PlaygroundState:
    """Whether there is anything to play with."""
    raise NotImplementedError


@router.post("/complete")
def complete(body: AskCompletion, request: Request, visitor: Player) -> Playground:
    """One prompt, with and without the filter."""
    raise NotImplementedError
