"""Accounts, invitations, bots."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import roster as people_
from holdfast.workbench.paging import PAGE
from holdfast.workbench.visitor import site_of
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
    PersonPage,
    TokenMade,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/people", tags=["people"])


@router.get("")
def people(request: Request, visitor: Admin, offset: int = 0, limit: int = PAGE) -> PersonPage:
    """All accounts, oldest first, a page at a time."""
    return people_.listed(site_of(request), offset, limit)


@router.get("/invites")
def invites(request: Request, visitor: Admin) -> list[Invite]:
    """All links, newest first."""
    return people_.invites(site_of(request))


@router.post("/invites")
def invite(body: NewInvite, request: Request, visitor: Admin) -> InviteMade:
    """Make a link."""
    return people_.invite(site_of(request), visitor, body)


@router.delete("/invites/{id}")
def revoke_invite(id: str, request: Request, visitor: Admin) -> Done:
    """Make a link useless."""
    site_of(request).people.revoke_invite(id)
    return Done()


@router.post("/bots")
def add_bot(body: NewBot, request: Request, visitor: Admin) -> TokenMade:
    """An account for a program, with its token."""
    return people_.add_bot(site_of(request), body)


@router.delete("/tokens/{id}")
def revoke_token(id: str, request: Request, visitor: Admin) -> Done:
    """Make a token useless."""
    site_of(request).people.revoke_token(id)
    return Done()


@router.patch("/{id}")
def change_person(id: str, body: PersonChange, request: Request, visitor: Admin) -> Person:
    """Roles, or on and off."""
    return people_.change(site_of(request), id, body)


@router.delete("/{id}")
def delete_person(id: str, request: Request, visitor: Admin) -> Done:
    """Forget who it was: the login goes, the pseudonym's work stays."""
    site_of(request).people.forget(id)
    return Done()


@router.post("/{id}/reset")
def reset_password(id: str, request: Request, visitor: Admin) -> InviteMade:
    """A link to set a new password."""
    return people_.reset(site_of(request), visitor, id)


@router.get("/{id}/sessions")
def sessions_of(id: str, request: Request, visitor: Admin) -> list[WebSession]:
    """Where somebody is signed in."""
    return people_.sessions(site_of(request), id, current="")


@router.delete("/{id}/sessions")
def revoke_sessions_of(id: str, request: Request, visitor: Admin) -> Done:
    """Sign somebody out everywhere."""
    site_of(request).people.end_sessions(id)
    return Done()
