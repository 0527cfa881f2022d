"""Signing in and out, invitations, one's own account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

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
    raise NotImplementedError


@router.post("/sign-in")
def sign_in(body: SignIn, request: Request, response: Response, visitor: Anybody) -> Me:
    """Start a session. A wrong name and a wrong password are answered alike."""
    raise NotImplementedError


@router.post("/sign-out")
def sign_out(request: Request, response: Response, visitor: Member) -> Done:
    """End this session."""
    raise NotImplementedError


@router.post("/invite")
def look_at_invite(body: InviteToken, request: Request, visitor: Anybody) -> InviteView:
    """What a link is good for; uses nothing up."""
    raise NotImplementedError


@router.post("/accept")
def accept_invite(body: AcceptInvite, request: Request, response: Response, visitor: Anybody) -> Me:
    """Use a link up, and be signed in."""
    raise NotImplementedError


@router.post("/password")
def change_password(body: ChangePassword, request: Request, response: Response, visitor: Member) -> Me:
    """Set another password; all other sessions end."""
    raise NotImplementedError


@router.get("/sessions")
def own_sessions(request: Request, visitor: Member) -> list[WebSession]:
    """Where one is signed in."""
    raise NotImplementedError


@router.delete("/sessions/{id}")
def revoke_own_session(id: str, request: Request, visitor: Member) -> Done:
    """Sign out somewhere else."""
    raise NotImplementedError


@router.get("/preferences")
def preferences(request: Request, visitor: Member) -> Preferences:
    """One's own limits."""
    raise NotImplementedError


@router.put("/preferences")
def set_preferences(body: Preferences, request: Request, visitor: Member) -> Preferences:
    """Set all of them."""
    raise NotImplementedError


@router.post("/notice")
def acknowledge_notice(body: NoticeAcknowledged, request: Request, visitor: Member) -> Done:
    """The content notice was read."""
    raise NotImplementedError


@router.post("/break")
def take_break(request: Request, visitor: Member) -> Done:
    """A break begins: the next prompt for one is 25 minutes of work away."""
    raise NotImplementedError


@router.get("/statement")
def statement(request: Request, visitor: Member, days: int = 30) -> Statement:
    """One's own work of the last `days`."""
    raise NotImplementedError
