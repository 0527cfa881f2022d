"""What labels leave open."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import adjudicating
from holdfast.workbench.paging import PAGE
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Adjudicator
from holdfast.workbench.wire.adjudicate import AdjudicationQueue, Decided, Decision, GoldPage, RetireGold
from holdfast.workbench.wire.common import Done

__all__ = ["router"]

router = APIRouter(prefix="/api/adjudicate", tags=["adjudicate"])


@router.get("/queue")
def adjudication_queue(request: Request, visitor: Adjudicator, limit: int = 5) -> AdjudicationQueue:
    """The oldest open items, answers unnamed in random order."""
    return adjudicating.queue(site_of(request), visitor, limit)


@router.post("/decisions")
def decide(body: Decision, request: Request, visitor: Adjudicator) -> Decided:
    """Settle one."""
    return adjudicating.decide(site_of(request), visitor, body)


@router.get("/gold")
def gold_items(request: Request, visitor: Adjudicator, offset: int = 0, limit: int = PAGE) -> GoldPage:
    """Known items, newest first, a page at a time."""
    return adjudicating.gold(site_of(request), visitor, offset, limit)


@router.post("/gold/retire")
def retire_gold(body: RetireGold, request: Request, visitor: Adjudicator) -> Done:
    """Serve a known item no more."""
    adjudicating.retire(site_of(request), visitor, body.id)
    return Done()
