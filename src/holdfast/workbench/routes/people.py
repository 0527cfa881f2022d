"""Accounts, invitations, bots."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench.who import Admin
from holdfast.workbench.wire.auth import WebSession
from holdfast.workbench.wire.common import Done
from holdfast.workbench.wire.people import (
    Invite,
    InviteMade,
    NewBot,
    NewInvite,
    Person,
    PersonChange,
    TokenMade,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/people", tags=["people"])


@router.get("")
def people(request: Request, visitor: Admin) -> list[Person]:
    """All accounts."""
    raise NotImplementedError


@router.get("/invites")
def invites(request: Request, visitor: Admin) -> list[Invite]:
    """All links, newest first."""
    raise NotImplementedError


@router.post("/invites")
def invite(body: NewInvite, request: Request, visitor: Admin) -> InviteMade:
    """Make a link."""
    raise NotImplementedError


@router.delete("/invites/{id}")
def revoke_invite(id: str, request: Request, visitor: Admin) -> Done:
    """Make a link useless."""
    raise NotImplementedError


@router.post("/bots")
def add_bot(body: NewBot, request: Request, visitor: Admin) -> TokenMade:
    """An account for a program, with its token."""
    raise NotImplementedError


@router.delete("/tokens/{id}")
def revoke_token(id: str, request: Request, visitor: Admin) -> Done:
    """Make a token useless."""
    raise NotImplementedError


@router.patch("/{id}")
def change_person(id: str, body: PersonChange, request: Request, visitor: Admin) -> Person:
    """Roles, or on and off."""
    raise NotImplementedError


@router.delete("/{id}")
def delete_person(id: str, request: Request, visitor: Admin) -> Done:
    """Forget who it was: the login goes, the pseudonym's work stays."""
    raise NotImplementedError


@router.post("/{id}/reset")
def reset_password(id: str, request: Request, visitor: Admin) -> InviteMade:
    """A link to set a new password."""
    raise NotImplementedError


@router.get("/{id}/sessions")
def sessions_of(id: str, request: Request, visitor: Admin) -> list[WebSession]:
    """Where somebody is signed in."""
    raise NotImplementedError


@router.delete("/{id}/sessions")
def revoke_sessions_of(id: str, request: Request, visitor: Admin) -> Done:
    """Sign somebody out everywhere."""
    raise NotImplementedError
