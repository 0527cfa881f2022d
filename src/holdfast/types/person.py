"""People and programs with an account. A worker's pseudonym is all that research tables ever hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Account", "ApiToken", "GuidelinesText", "Invitation", "Role", "WebSession"]


class Role(StrEnum):
    """What a person (or a program) is in this project; several each."""

    ADMIN = "admin"
    LEAD = "lead"
    ATTACKER = "attacker"
    LABELLER = "labeller"
    RATER = "rater"
    BOT = "bot"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A worker with the login that it has, if any."""

    worker: str
    """Pseudonym, `amber-otter-17`."""
    login: str
    """Empty where the account was deleted: the work stays, the person is forgotten."""
    password: str
    """Argon2 hash; empty for programs."""
    roles: tuple[Role, ...]
    active: bool
    bot: bool
    created: datetime
    preferences: dict[str, object]
    rested: datetime | None = None
    """When the last break began."""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A one-use link; of its token only the hash is kept."""

    id: str
    purpose: str
    """`join`: makes an account with `roles`. `reset`: sets a new password of `worker`."""
    roles: tuple[Role, ...]
    worker: str
    """Whose password is reset; empty for `join`."""
    note: str
    made_by: str
    created: datetime
    expires: datetime
    used: datetime | None = None
    revoked: datetime | None = None

    def state(self, now: datetime) -> str:
        """`open`, `used`, `revoked` or `expired`."""
        if self.used:
            return "used"
        if self.revoked:
            return "revoked"
        return "expired" if self.expires <= now else "open"


@dataclass(frozen=True, kw_only=True)
class WebSession:
    """One browser that somebody is signed in with."""

    id: str
    worker: str
    agent: str
    created: datetime
    seen: datetime
    expires: datetime
    revoked: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A program's key, without the key."""

    id: str
    worker: str
    prefix: str
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    used: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GuidelinesText:
    """One version of the guidelines."""

    version: str
    text: str
    note: str
    author: str
    at: datetime
