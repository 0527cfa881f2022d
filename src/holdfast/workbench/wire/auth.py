"""Signing in, invitations, one's own account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from holdfast.workbench.permissions import Permission, Role
from holdfast.workbench.wire.common import Request, Response

__all__ = [
    "AcceptInvite",
    "ChangePassword",
    "InviteToken",
    "InviteView",
    "Login",
    "Me",
    "Notice",
    "NoticeAcknowledged",
    "Preferences",
    "Project",
    "SignIn",
    "Statement",
    "WebSession",
]

Login = Annotated[str, Field(min_length=2, max_length=80, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Password = Annotated[str, Field(min_length=1, max_length=256)]
NewPassword = Annotated[str, Field(min_length=12, max_length=256)]
Token = Annotated[str, Field(min_length=20, max_length=120, pattern=r"^[A-Za-z0-9_-]+$")]


class SignIn(Request):
    """Name and password."""

    login: Login
    password: Password


class InviteToken(Request):
    """The token out of the link's fragment (`/#/join/TOKEN`)."""

    token: Token


class AcceptInvite(Request):
    """Use an invitation up: make the account (or set a new password, where it is a reset)."""

    token: Token
    login: Login
    password: NewPassword


class ChangePassword(Request):
    """Ends all other sessions."""

    old: Password
    new: NewPassword


class InviteView(Response):
    """What a link is good for."""

    purpose: Literal["join", "reset"]
    roles: list[Role]
    login: str = Field(description="Set where the account exists (a reset).")
    expires: datetime
    project: str


class Project(Response):
    """What this workspace is about."""

    name: str
    catastrophe: str
    question: str
    playground: bool = Field(description="Whether this visitor may use the playground.")
    live: bool = Field(description="Whether a classifier is loaded: without it nobody can attack yet.")


class Notice(Response):
    """What kinds of content this project shows; to be acknowledged before any of it is shown."""

    version: str
    text: str
    acknowledged: bool


class NoticeAcknowledged(Request):
    """The notice of this version was read."""

    version: Annotated[str, Field(max_length=80)]


class Preferences(Request):
    """A person's own limits; the queue respects them."""

    highest_severity: int = Field(default=4, ge=0, le=4, description="Nothing known to be worse is shown.")
    blur: bool = Field(default=False, description="Texts are blurred until hovered or uncovered.")
    daily_minutes: int = Field(default=240, ge=10, le=600)
    daily_items: int = Field(default=400, ge=10, le=2000)
    theme: Literal["system", "light", "dark"] = "system"


class Me(Response):
    """Who is asking. `signed_in` false: all else is empty but the project."""

    signed_in: bool
    pseudonym: str = Field(default="", description="How research tables know this person.")
    login: str = ""
    roles: list[Role] = []
    permissions: list[Permission] = []
    notice: Notice | None = None
    guidelines_version: str = ""
    guidelines_acknowledged: bool = False
    preferences: Preferences | None = None
    project: Project


class WebSession(Response):
    """One place where a person is signed in."""

    id: str
    created: datetime
    last_seen: datetime
    expires: datetime
    agent: str = Field(description="Browser, as it called itself; may be empty.")
    current: bool


class Statement(Response):
    """One's own work in a period: what pay may rest on."""

    since: datetime
    until: datetime
    label_items: int
    label_seconds: float
    rate_items: int
    rate_seconds: float
    attack_sessions: int
    attack_seconds: float
    claimed_seconds: float
    submissions: int
    verified: int
    break_due: bool = Field(description="25 minutes of work without a break.")
