"""Filtered against unfiltered, blind."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import jobbing, rating
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Rater, Starter
from holdfast.workbench.wire.common import Done
from holdfast.workbench.wire.jobs import JobOut
from holdfast.workbench.wire.rate import AskPair, NewBatch, PairNext, RateAnswer

__all__ = ["router"]

router = APIRouter(prefix="/api/rate", tags=["rate"])


@router.post("/next")
def rate_next(body: AskPair, request: Request, visitor: Rater) -> PairNext:
    """The next pair; its sides are drawn by the server."""
    return rating.next_pair(site_of(request), visitor)


@router.post("/answers")
def rate_answer(body: RateAnswer, request: Request, visitor: Rater) -> Done:
    """One comparison."""
    rating.answer(site_of(request), visitor, body)
    return Done()


@router.post("/batches")
def draw_pairs(body: NewBatch, request: Request, visitor: Starter) -> JobOut:
    """Have a worker draw pairs."""
    return jobbing.start(site_of(request), "pairs", {"target": body.target, "n": body.n})
