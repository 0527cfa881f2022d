"""Attack a blinded target: session, score, help, clock, find."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import attacking, finds
from holdfast.workbench import parents as starting
from holdfast.workbench.paging import PAGE
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Attacker
from holdfast.workbench.wire.attack import (
    AskEdits,
    AskSaliency,
    AskScore,
    AttackOptions,
    AttackState,
    ClaimTime,
    DisputeFind,
    EndSession,
    Events,
    ParentPage,
    RankedMenu,
    Saliency,
    Score,
    SimilarFinds,
    StartAttack,
    Step,
    Submission,
    SubmissionPage,
    Submit,
    Text,
)
from holdfast.workbench.wire.common import Clock

__all__ = ["router"]

router = APIRouter(prefix="/api/attack", tags=["attack"])


@router.get("/options")
def attack_options(request: Request, visitor: Attacker) -> AttackOptions:
    """What a session may be started with."""
    return starting.options(site_of(request), visitor)


@router.get("/parents")
def parents(request: Request, visitor: Attacker, offset: int = 0, limit: int = PAGE) -> ParentPage:
    """Offered texts, then one's own finds."""
    return starting.parents(site_of(request), visitor, offset, limit)


@router.post("/sessions")
def start_attack(body: StartAttack, request: Request, visitor: Attacker) -> AttackState:
    """Begin; sent again with the same client id: the same session."""
    return attacking.start(site_of(request), visitor, body)


@router.get("/sessions")
def attack_sessions(request: Request, visitor: Attacker) -> list[AttackState]:
    """One's own, newest first; the first open one is to be gone on with."""
    return attacking.states(site_of(request), visitor)


@router.get("/sessions/{id}")
def attack_session(id: int, request: Request, visitor: Attacker) -> AttackState:
    """One of one's own."""
    return attacking.state(site_of(request), visitor, id)


@router.get("/sessions/{id}/history")
def attack_history(id: int, request: Request, visitor: Attacker) -> list[Step]:
    """Every scored version, in order."""
    return attacking.history(site_of(request), visitor, id)


@router.post("/sessions/{id}/score")
def score(id: int, body: AskScore, request: Request, visitor: Attacker) -> Score:
    """The exact score; logged as a step."""
    return attacking.score(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/saliency")
def saliency(id: int, body: AskSaliency, request: Request, visitor: Attacker) -> Saliency:
    """Which words it hangs on."""
    return attacking.saliency(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/edits")
def edits(id: int, body: AskEdits, request: Request, visitor: Attacker) -> RankedMenu:
    """Ranked edits at one place, with exact scores."""
    return attacking.edits(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/events")
def attack_events(id: int, body: Events, request: Request, visitor: Attacker) -> Clock:
    """Feed the clock; the answer is the time so far."""
    return attacking.events(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/claim")
def claim_time(id: int, body: ClaimTime, request: Request, visitor: Attacker) -> Clock:
    """Claim thinking time that the cap cut off."""
    return attacking.claim(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/similar")
def similar_finds(id: int, body: Text, request: Request, visitor: Attacker) -> SimilarFinds:
    """Before submitting: does it resemble an earlier find of one's own?"""
    return finds.similar(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/submit")
def submit(id: int, body: Submit, request: Request, visitor: Attacker) -> Submission:
    """Hand a find in; it has to be accepted by the target."""
    return finds.submit(site_of(request), visitor, id, body)


@router.post("/sessions/{id}/end")
def end_attack(id: int, body: EndSession, request: Request, visitor: Attacker) -> AttackState:
    """Give up."""
    return attacking.end(site_of(request), visitor, id)


@router.get("/submissions")
def submissions(request: Request, visitor: Attacker, offset: int = 0, limit: int = PAGE) -> SubmissionPage:
    """One's own finds, newest first, a page at a time."""
    return finds.finds(site_of(request), visitor, offset, limit)


@router.post("/submissions/{id}/dispute")
def dispute_find(id: int, body: DisputeFind, request: Request, visitor: Attacker) -> Submission:
    """One's own find was rejected, and should not have been."""
    return finds.dispute(site_of(request), visitor, id, body)
