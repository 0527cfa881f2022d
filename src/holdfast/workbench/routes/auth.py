"""Signing in and out, invitations, one's own account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from holdfast.workbench import account
from holdfast.workbench import roster as people_
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Anybody, Member
from holdfast.workbench.wire.auth import (
    AcceptInvite,
    ChangePassword,
    InviteToken,
    InviteView,
    Me,
    NoticeAcknowledged,
    Preferences,
    SignIn,
    Statement,
    WebSession,
)
from holdfast.workbench.wire.common import Done

__all__ = ["router"]

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.get("/me")
def me(request: Request, visitor: Anybody) -> Me:
    """Who is asking; also for visitors who are not signed in."""
    return account.me(site_of(request), visitor)


@router.post("/sign-in")
def sign_in(body: SignIn, request: Request, response: Response, visitor: Anybody) -> Me:
    """Start a session. A wrong name and a wrong password are answered alike."""
    return account.sign_in(site_of(request), request, response, body)


@router.post("/sign-out")
def sign_out(request: Request, response: Response, visitor: Member) -> Done:
    """End this session."""
    return account.sign_out(site_of(request), response, visitor)


@router.post("/invite")
def look_at_invite(body: InviteToken, request: Request, visitor: Anybody) -> InviteView:
    """What a link is good for; uses nothing up."""
    return account.look(site_of(request), request, body.token)


@router.post("/accept")
def accept_invite(body: AcceptInvite, request: Request, response: Response, visitor: Anybody) -> Me:
    """Use a link up, and be signed in."""
    return account.accept(site_of(request), request, response, body)


@router.post("/password")
def change_password(body: ChangePassword, request: Request, response: Response, visitor: Member) -> Me:
    """Set another password; all other sessions end."""
    return account.change_password(site_of(request), request, response, (visitor, body))


@router.get("/sessions")
def own_sessions(request: Request, visitor: Member) -> list[WebSession]:
    """Where one is signed in."""
    return people_.sessions(site_of(request), visitor.worker, current=visitor.session)


@router.delete("/sessions/{id}")
def revoke_own_session(id: str, request: Request, visitor: Member) -> Done:
    """Sign out somewhere else."""
    site_of(request).people.end_sessions(visitor.worker, only=id)
    return Done()


@router.get("/preferences")
def preferences(request: Request, visitor: Member) -> Preferences:
    """One's own limits."""
    return site_of(request).preferences(visitor.worker)


@router.put("/preferences")
def set_preferences(body: Preferences, request: Request, visitor: Member) -> Preferences:
    """Set all of them."""
    site_of(request).people.change(visitor.worker, preferences=body.model_dump())
    return body


@router.post("/notice")
def acknowledge_notice(body: NoticeAcknowledged, request: Request, visitor: Member) -> Done:
    """The content notice was read."""
    return account.acknowledge_notice(site_of(request), visitor, body.version)


@router.post("/break")
def take_break(request: Request, visitor: Member) -> Done:
    """A break begins: the next prompt for one is 25 minutes of work away."""
    site_of(request).people.change(visitor.worker, rested=True)
    return Done()


@router.get("/statement")
def statement(request: Request, visitor: Member, days: int = 30) -> Statement:
    """One's own work of the last `days`."""
    return account.statement(site_of(request), visitor, days)
