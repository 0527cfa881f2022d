"""Signing in: passwords by argon2id, opaque sessions and tokens (only hashes are kept), invitations."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from holdfast.errors import InputError
from holdfast.store.people import People
from holdfast.types.person import Account, ApiToken, Invitation, Role, WebSession
from holdfast.workbench.problems import Refused
from holdfast.workbench.visitor import NOBODY, Visitor

__all__ = ["ABSOLUTE", "IDLE", "Accounts", "token_hash"]

IDLE, ABSOLUTE = timedelta(hours=12), timedelta(days=14)
"""A session ends so long after it was last used, and so long after it began."""
_TOUCH = timedelta(minutes=1)
"""Use within this time of the last one is not written down again."""
_COMMON = frozenset(
    "passwordpassword password1234 password12345 123456789012 qwertyuiopas qwerty123456 letmeinletmein"
    " adminadminadmin iloveyou1234 111111111111 000000000000 abcdefghijkl holdfastholdfast".split()
)
_COLOURS = (
    "amber azure coral crimson ivory jade lilac maroon ochre olive pearl russet sable teal umber violet"
)
_ANIMALS = (
    "badger beaver curlew dipper egret ferret gannet heron ibis jackdaw kestrel lynx marten newt otter pika"
)


def token_hash(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _pseudonym() -> str:
    draw = SystemRandom()
    return f"{draw.choice(_COLOURS.split())}-{draw.choice(_ANIMALS.split())}-{draw.randrange(10, 10000)}"


class Accounts:
    """Who may come in; the rules around `store.people`."""

    def __init__(
        self, people: People, clock: Callable[[], datetime], hasher: PasswordHasher | None = None
    ) -> None:
        """`hasher`: argon2id at the library's default cost, unless given."""
        self._people, self._clock = people, clock
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def sign_in(self, login: str, password: str) -> Account:
        """The account. Raises Refused, in words and time alike for an unknown name and a wrong password."""
        found = self._people.by_login(login)
        right = self._matches(found.password if found and found.password else self._nobody, password)
        if found is None or not right or not found.active or not found.password:
            raise Refused(
                401, "signed_out", "name and password do not fit", do="try again, or ask for a reset"
            )
        if self._hasher.check_needs_rehash(found.password):
            self._people.change(found.worker, password=self._hasher.hash(password))
        return found

    def change_password(self, visitor: Visitor, old: str, new: str) -> None:
        """Set another one; raises Refused where the old one is wrong."""
        account = self._people.account(visitor.worker)
        if not account.password or not self._matches(account.password, old):
            raise Refused(403, "forbidden", "the old password is wrong", do="try again")
        self._people.change(account.worker, password=self._hashed(new, account.login))

    def start(self, account: Account, agent: str) -> tuple[str, WebSession]:
        """A new web session and its token, which is told nobody but the browser."""
        token, now = secrets.token_urlsafe(32), self._clock()
        session = WebSession(
            id=secrets.token_hex(8),
            worker=account.worker,
            agent=agent[:200],
            created=now,
            seen=now,
            expires=now + IDLE,
        )
        self._people.start_session(session, token_hash(token))
        return token, session

    def by_cookie(self, token: str) -> Visitor:
        """Who holds this session; `NOBODY` where it ended, was revoked or never was."""
        now, session = self._clock(), self._people.session(token_hash(token))
        if session is None or session.revoked is not None or session.expires <= now:
            return NOBODY
        account = self._people.account(session.worker)
        if not account.active:
            return NOBODY
        if now - session.seen > _TOUCH:
            self._people.touch(session.id, expires=min(now + IDLE, session.created + ABSOLUTE))
        return Visitor(
            worker=account.worker,
            login=account.login,
            roles=account.roles,
            session=session.id,
            bot=account.bot,
        )

    def by_token(self, token: str) -> Visitor:
        """Which program this is; `NOBODY` where the token ended, was revoked or never was."""
        now, found = self._clock(), self._people.token(token_hash(token))
        if found is None or found.revoked is not None or found.expires <= now:
            return NOBODY
        account = self._people.account(found.worker)
        if not account.active:
            return NOBODY
        if found.used is None or now - found.used > _TOUCH:
            self._people.touch_token(found.id)
        return Visitor(worker=account.worker, login=account.login, roles=account.roles, bot=True)

    def invite(
        self, roles: Sequence[Role], by: str, *, days: int = 7, note: str = ""
    ) -> tuple[Invitation, str]:
        """An invitation and its token."""
        return self._offer("join", roles, by=by, days=days, note=note)

    def reset(self, worker: str, by: str) -> tuple[Invitation, str]:
        """A link to set a new password of `worker`."""
        account = self._people.account(worker)
        if account.bot or not account.login:
            raise InputError(f"{worker} has no password", expected="a person with an account")
        return self._offer("reset", account.roles, by=by, days=2, worker=worker)

    def look(self, token: str) -> tuple[Invitation, str]:
        """The open invitation and the login that it resets, if any. Raises Refused where it is not open."""
        found = self._people.invite(token_hash(token))
        if found is None or found.state(self._clock()) != "open":
            raise _useless(found)
        return found, self._people.account(found.worker).login if found.worker else ""

    def accept(self, token: str, login: str, password: str) -> Account:
        """Use an invitation up. Raises Refused where it is not open, ConflictError for a taken name."""
        found, _ = self.look(token)
        made = Account(
            worker=_pseudonym(),
            login=login,
            password=self._hashed(password, login),
            roles=found.roles,
            active=True,
            bot=False,
            created=self._clock(),
            preferences={},
        )
        account = self._people.use_invite(token_hash(token), made)
        if account is None:
            raise _useless(found)
        return account

    def add_bot(self, name: str, days: int) -> tuple[Account, str, datetime]:
        """An account for a program, its token and when that ends."""
        now = self._clock()
        account = Account(
            worker=_pseudonym(),
            login=name,
            password="",
            roles=(Role.BOT,),
            active=True,
            bot=True,
            created=now,
            preferences={},
        )
        self._people.add_account(account)
        token = "hf_" + secrets.token_urlsafe(32)
        expires = now + timedelta(days=days)
        kept = ApiToken(
            id=secrets.token_hex(8), worker=account.worker, prefix=token[:7], created=now, expires=expires
        )
        self._people.add_token(kept, token_hash(token))
        return account, token, expires

    def _offer(
        self,
        purpose: str,
        roles: Sequence[Role],
        *,
        by: str,
        days: int,
        note: str = "",
        worker: str = "",
    ) -> tuple[Invitation, str]:
        now, token = self._clock(), secrets.token_urlsafe(32)
        invite = Invitation(
            id=secrets.token_hex(8),
            purpose=purpose,
            roles=tuple(roles),
            worker=worker,
            note=note,
            made_by=by,
            created=now,
            expires=now + timedelta(days=days),
        )
        self._people.add_invite(invite, token_hash(token))
        return invite, token

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def _hashed(self, password: str, login: str) -> str:
        plain = password.casefold()
        if plain in _COMMON or len(set(plain)) < 4 or (login and plain.startswith(login.casefold() * 2)):
            raise InputError(
                "that password is among the first to be guessed", expected="12 characters or more"
            )
        return self._hasher.hash(password)


def _useless(found: Invitation | None) -> Refused:
    state = "unknown" if found is None else "used, revoked or expired"
    return Refused(
        409, "conflict", f"this link is {state}", expected="a fresh link", do="ask an admin for one"
    )
