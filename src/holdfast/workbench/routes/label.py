"""One item at a time, blind."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench.who import Labeller
from holdfast.workbench.wire.common import Answered, Done
from holdfast.workbench.wire.label import (
    Answer,
    AnsweredItem,
    AskNext,
    ItemIds,
    LabelNext,
    Qualification,
    ReportGap,
    Skip,
    Undo,
    Undone,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/label", tags=["label"])


@router.post("/next")
def label_next(body: AskNext, request: Request, visitor: Labeller) -> LabelNext:
    """The item to show and two behind it, leased for 15 minutes."""
    raise NotImplementedError


@router.post("/answers")
def label_answer(body: Answer, request: Request, visitor: Labeller) -> Answered:
    """One label; never refused for being late."""
    raise NotImplementedError


@router.post("/skips")
def label_skip(body: Skip, request: Request, visitor: Labeller) -> Done:
    """Pass it on."""
    raise NotImplementedError


@router.post("/gaps")
def report_gap(body: ReportGap, request: Request, visitor: Labeller) -> Done:
    """The guidelines do not settle it."""
    raise NotImplementedError


@router.post("/undo")
def label_undo(body: Undo, request: Request, visitor: Labeller) -> Undone:
    """Open one of the last ten answers again."""
    raise NotImplementedError


@router.post("/heartbeat")
def label_heartbeat(body: ItemIds, request: Request, visitor: Labeller) -> Done:
    """Renew leases."""
    raise NotImplementedError


@router.post("/release")
def label_release(body: ItemIds, request: Request, visitor: Labeller) -> Done:
    """Give leases back."""
    raise NotImplementedError


@router.get("/history")
def label_history(request: Request, visitor: Labeller) -> list[AnsweredItem]:
    """One's own last answers, newest first."""
    raise NotImplementedError


@router.get("/qualification")
def qualification(request: Request, visitor: Labeller) -> Qualification:
    """Where one stands with the test."""
    raise NotImplementedError
