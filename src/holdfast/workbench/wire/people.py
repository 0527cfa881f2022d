"""People of the project, as an admin sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.workbench.permissions import Role
from holdfast.workbench.wire.common import Request, Response

__all__ = [
    "ApiToken",
    "Invite",
    "InviteMade",
    "NewBot",
    "NewInvite",
    "Person",
    "PersonChange",
    "PersonPage",
    "TokenMade",
]

Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class NewInvite(Request):
    """A one-use link for a new account."""

    roles: Roles
    days: int = Field(default=7, ge=1, le=30)
    note: Annotated[str, Field(max_length=120)] = ""


class Invite(Response):
    """A link that was made; its token is not kept."""

    id: str
    purpose: Literal["join", "reset"]
    roles: list[Role]
    note: str
    created: datetime
    expires: datetime
    state: Literal["open", "used", "revoked", "expired"]


class InviteMade(Response):
    """The link, shown this once; the token stands in its fragment, which no server log sees."""

    invite: Invite
    url: str


class NewBot(Request):
    """An account for a program."""

    name: Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[A-Za-z0-9._@-]+$")]
    days: int = Field(default=90, ge=1, le=365)


class ApiToken(Response):
    """A bot's token, without the token."""

    id: str
    prefix: str
    created: datetime
    expires: datetime
    revoked: bool
    last_used: datetime | None


class TokenMade(Response):
    """The token, shown this once: `Authorization: Bearer TOKEN`."""

    person: str
    token: str
    expires: datetime


class Person(Response):
    """One account."""

    id: str
    pseudonym: str
    login: str = Field(description="Empty where the account was deleted; the pseudonym's work stays.")
    roles: list[Role]
    active: bool
    bot: bool
    created: datetime
    last_seen: datetime | None
    sessions: int
    tokens: list[ApiToken] = []


class PersonPage(Response):
    """A part of the accounts, oldest first."""

    rows: list[Person]
    total: int


class PersonChange(Request):
    """Other roles, or switched off (all sessions end); what is not given stays."""

    roles: Roles | None = None
    active: bool | None = None
