"""Figures with what they rest on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from holdfast.workbench import dashboard as figures
from holdfast.workbench import tables, trusting
from holdfast.workbench.paging import PAGE
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Viewer
from holdfast.workbench.wire.dashboard import (
    AttackTimes,
    CrossRoundOut,
    Curve,
    FailureRatePage,
    QualityOut,
    Queues,
    RaterHealth,
    RoundOut,
    SuccessCurve,
    Summary,
    Targets,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])


@router.get("/summary")
def summary(request: Request, visitor: Viewer) -> Summary:
    """How safe, how hard to break, what it costs, what waits."""
    return figures.summary(site_of(request))


@router.get("/targets")
def targets(request: Request, visitor: Viewer) -> Targets:
    """Classifiers with their thresholds."""
    return figures.targets(site_of(request))


@router.get("/attack-times")
def attack_times(request: Request, visitor: Viewer) -> AttackTimes:
    """Active time per verified success, by target."""
    return AttackTimes(rows=figures.attack_rows(site_of(request)))


@router.get("/curve")
def curve(request: Request, visitor: Viewer, target: str = "") -> Curve:
    """Acceptance and failure rate over thresholds; empty target: the newest."""
    return figures.curve(site_of(request), target)


@router.get("/cross-round")
def cross_round(request: Request, visitor: Viewer) -> CrossRoundOut:
    """What beats whom."""
    return figures.cross_round(site_of(request))


@router.get("/quality")
def quality(request: Request, visitor: Viewer) -> list[QualityOut]:
    """What filtering costs, by target."""
    return figures.qualities_out(site_of(request))


@router.get("/raters")
def rater_health(request: Request, visitor: Viewer, offset: int = 0, limit: int = PAGE) -> RaterHealth:
    """How far labels can be trusted; labellers a page at a time."""
    return trusting.raters(site_of(request), offset, limit)


@router.get("/failure-rates")
def failure_rates(request: Request, visitor: Viewer, offset: int = 0, limit: int = PAGE) -> FailureRatePage:
    """All that were measured, newest first, a page at a time."""
    return figures.failure_page(site_of(request), offset, limit)


@router.get("/success-curves")
def success_curves(request: Request, visitor: Viewer) -> list[SuccessCurve]:
    """Time to the next success, with what goes on censored."""
    return figures.success_rows(site_of(request))


@router.get("/tables/{name}.csv", response_class=StreamingResponse)
def dashboard_table(name: str, request: Request, visitor: Viewer) -> StreamingResponse:
    """A table as a file for a spreadsheet."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    content = tables.table(site_of(request), name)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/queues")
def queues(request: Request, visitor: Viewer) -> Queues:
    """What is waiting."""
    return figures.queues(site_of(request))


@router.get("/rounds")
def rounds(request: Request, visitor: Viewer) -> list[RoundOut]:
    """All rounds."""
    return figures.rounds(site_of(request))
