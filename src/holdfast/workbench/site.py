"""What the routes stand on: the store's rooms, the settings, the live objects, and the services over them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from argon2 import PasswordHasher
from fastapi import Request

from holdfast.errors import UnknownNameError
from holdfast.store import Store
from holdfast.store.adjudicating import Adjudicating
from holdfast.store.attacking import Attacking
from holdfast.store.checks import Checks
from holdfast.store.known import Known
from holdfast.store.labelling import Labelling
from holdfast.store.overview import Overview
from holdfast.store.people import People
from holdfast.store.rating import Rating
from holdfast.store.working import Working
from holdfast.types.person import GuidelinesText, Role
from holdfast.workbench.accounts import Accounts
from holdfast.workbench.limits import Limits
from holdfast.workbench.live import Live, LiveModels
from holdfast.workbench.scoring import Scoring
from holdfast.workbench.settings import Settings
from holdfast.workbench.visitor import NOBODY, Visitor
from holdfast.workbench.wire.auth import Preferences

__all__ = ["Site", "utc_now"]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Site:
    """One workbench over one workspace; shared by all requests, from several threads."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        live: Live | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        hasher: PasswordHasher | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`live`: what scores; without it people label and see. `clock`, `hasher`, `limits`: for tests."""
        self.store, self.settings, self.clock = store, settings, clock
        self.live: Live = live or LiveModels()
        self.people = People(store, clock=clock)
        self.labelling = Labelling(store, clock=clock)
        self.known = Known(store, clock=clock)
        self.checks = Checks(store, clock=clock)
        self.adjudicating = Adjudicating(store, clock=clock)
        self.attacking = Attacking(store, clock=clock)
        self.rating = Rating(store, clock=clock)
        self.working = Working(store, clock=clock)
        self.overview = Overview(store, clock=clock)
        self.accounts = Accounts(self.people, clock, hasher)
        self.limits = limits or Limits()
        self.scoring = Scoring(self.live)

    def close(self) -> None:
        """Stop the models' thread."""
        self.scoring.close()

    def visitor(self, request: Request) -> Visitor:
        """Who asks, by bearer token or cookie; `NOBODY` without either."""
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            return self.accounts.by_token(authorization.removeprefix("Bearer ").strip())
        token = request.cookies.get(self.settings.cookie, "")
        return self.accounts.by_cookie(token) if token else NOBODY

    def admin_link(self) -> str:
        """A one-time link for the first admin, or for one more; whoever starts the site may have it."""
        _, token = self.accounts.invite([Role.ADMIN, Role.LEAD, Role.ATTACKER], "command line", days=1)
        return self.link(token)

    def link(self, token: str) -> str:
        """The address of an invitation; the token stands in the fragment, which is never sent."""
        return f"{self.settings.public_url.rstrip('/')}/#/join/{token}"

    def preferences(self, worker: str) -> Preferences:
        """A person's own limits; the defaults where none were set."""
        return Preferences.model_validate(self.people.account(worker).preferences)

    # What has to be read first

    def guidelines(self) -> GuidelinesText:
        """The version that holds; the workspace's own file is the first one."""
        found = self.people.guidelines()
        if found:
            return found[-1]
        text = self.settings.guidelines or self.settings.question or "No guidelines were written yet."
        first = GuidelinesText(
            version=version_of(text), text=text, note="", author="workspace", at=self.clock()
        )
        self.people.write_guidelines(first)
        return self.people.guidelines()[-1]

    def guidelines_version(self, version: str) -> GuidelinesText:
        """Raises UnknownNameError where there is no such version."""
        for one in self.people.guidelines():
            if one.version == version:
                return one
        raise UnknownNameError(f"no guidelines of version {version!r}", do="read the version that holds")

    @cached_property
    def notice(self) -> tuple[str, str]:
        """(version, text) of the content notice."""
        named = self.settings.catastrophe or "the catastrophe of this project"
        text = (
            f"This project is about {named}. Texts may describe it in words that are graphic: people or"
            " animals who are hurt or die, threats, cruelty, despair. You may set how grave a text you are"
            " shown, blur texts until you look, skip any item without giving an account of it, hide the page"
            " at once with Escape pressed twice, and stop at any time. None of it costs you anything."
        )
        return version_of(text), text

    def acknowledged(self, worker: str, kind: str) -> bool:
        """Whether this worker has read the notice, or the guidelines, as they stand."""
        version = self.notice[0] if kind == "notice" else self.guidelines().version
        return (kind, version) in self.people.acknowledged(worker)

    # Blinding

    @cached_property
    def secret(self) -> bytes:
        """What every blinded draw and opaque id is keyed by."""
        return self.settings.secret

    def round_number(self) -> int:
        """The open round's number, or the next one's."""
        rounds = self.store.rounds()
        if rounds and rounds[-1].state.value != "measured":
            return rounds[-1].number
        return len(rounds) + 1


def version_of(text: str) -> str:
    """A version that names its text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
