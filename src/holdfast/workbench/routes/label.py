"""One item at a time, blind."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import disputing, labelling
from holdfast.workbench.qualifying import qualified
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Labeller
from holdfast.workbench.wire.common import Answered, Done
from holdfast.workbench.wire.label import (
    Answer,
    AnsweredItem,
    AskNext,
    Dispute,
    ItemIds,
    KnownMiss,
    LabelNext,
    Qualification,
    ReportGap,
    Skip,
    Stays,
    Undo,
    Undone,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/label", tags=["label"])


@router.post("/next")
def label_next(body: AskNext, request: Request, visitor: Labeller) -> LabelNext:
    """The item to show and two behind it, leased for 15 minutes."""
    return labelling.next_items(site_of(request), visitor)


@router.post("/answers")
def label_answer(body: Answer, request: Request, visitor: Labeller) -> Answered:
    """One label; never refused for being late."""
    return labelling.answer(site_of(request), visitor, body)


@router.post("/skips")
def label_skip(body: Skip, request: Request, visitor: Labeller) -> Done:
    """Pass it on."""
    labelling.skip(site_of(request), visitor, body)
    return Done()


@router.post("/gaps")
def report_gap(body: ReportGap, request: Request, visitor: Labeller) -> Done:
    """The guidelines do not settle it."""
    labelling.gap(site_of(request), visitor, body)
    return Done()


@router.post("/undo")
def label_undo(body: Undo, request: Request, visitor: Labeller) -> Undone:
    """Open one of the last ten answers again."""
    return labelling.undo(site_of(request), visitor, body.id)


@router.post("/heartbeat")
def label_heartbeat(body: ItemIds, request: Request, visitor: Labeller) -> Done:
    """Renew leases."""
    labelling.renew(site_of(request), visitor, body.ids)
    return Done()


@router.post("/release")
def label_release(body: ItemIds, request: Request, visitor: Labeller) -> Done:
    """Give leases back."""
    labelling.release(site_of(request), visitor, body.ids)
    return Done()


@router.get("/history")
def label_history(request: Request, visitor: Labeller) -> list[AnsweredItem]:
    """One's own last answers, newest first."""
    return labelling.history(site_of(request), visitor)


@router.get("/qualification")
def qualification(request: Request, visitor: Labeller) -> Qualification:
    """Where one stands with the test."""
    return qualified(site_of(request), visitor.worker)


@router.get("/known")
def known_missed(request: Request, visitor: Labeller) -> list[KnownMiss]:
    """Known items that one answered otherwise, once one's answer is final; and what became of disputes."""
    return disputing.missed(site_of(request), visitor)


@router.post("/disputes")
def dispute_known(body: Dispute, request: Request, visitor: Labeller) -> Done:
    """The known item is wrong: an adjudicator will decide it again, with this note."""
    disputing.dispute_known(site_of(request), visitor, body)
    return Done()


@router.post("/burdens")
def label_stays(body: Stays, request: Request, visitor: Labeller) -> Done:
    """This text stays with me. Nobody is told who said so, or of which text; it never comes again."""
    labelling.stays(site_of(request), visitor, body.id)
    return Done()
