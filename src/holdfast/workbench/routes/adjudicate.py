"""What labels leave open."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench.who import Adjudicator
from holdfast.workbench.wire.adjudicate import AdjudicationQueue, Decided, Decision, GoldItem, RetireGold
from holdfast.workbench.wire.common import Done

__all__ = ["router"]

router = APIRouter(prefix="/api/adjudicate", tags=["adjudicate"])


@router.get("/queue")
def adjudication_queue(request: Request, visitor: Adjudicator, limit: int = 5) -> AdjudicationQueue:
    """The oldest open items, answers unnamed in random order."""
    raise NotImplementedError


@router.post("/decisions")
def decide(body: Decision, request: Request, visitor: Adjudicator) -> Decided:
    """Settle one."""
    raise NotImplementedError


@router.get("/gold")
def gold_items(request: Request, visitor: Adjudicator) -> list[GoldItem]:
    """Known items."""
    raise NotImplementedError


@router.post("/gold/retire")
def retire_gold(body: RetireGold, request: Request, visitor: Adjudicator) -> Done:
    """Serve a known item no more."""
    raise NotImplementedError
