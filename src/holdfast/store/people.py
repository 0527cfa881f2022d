"""Accounts, invitations, sessions, tokens, guidelines: who may come in, and what they have read."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from holdfast.errors import ConflictError, UnknownNameError
from holdfast.store.desk import Desk
from holdfast.store.people_tables import (
    acknowledgements,
    guideline_versions,
    invites,
    roles,
    secret_values,
    tokens,
    users,
    web_sessions,
    workers,
)
from holdfast.store.rows import Row
from holdfast.store.statements import insert_new
from holdfast.types.person import Account, ApiToken, GuidelinesText, Invitation, Role, WebSession

__all__ = ["People"]


class People(Desk):
    """The accounts of one workspace."""

    def secret(self, name: str) -> bytes:
        """32 random bytes of that name, made once."""
        with self._write() as connection:
            insert_new(connection, secret_values, [{"name": name, "value": secrets.token_hex(32)}])
            query = select(secret_values.c.value).where(secret_values.c.name == name)
            return bytes.fromhex(connection.execute(query).scalar_one())

    # Accounts

    def add_account(self, account: Account) -> None:
        """Write a new account. Raises ConflictError where the login or the pseudonym is taken."""
        with self._write() as connection:
            _add_account(connection, account)

    def account(self, worker: str) -> Account:
        """Raises UnknownNameError where there is no such worker."""
        with self._read() as connection:
            found = _accounts(connection, worker=worker)
        if not found:
            raise UnknownNameError(f"nobody is called {worker!r}", do="see the list of people")
        return found[0]

    def by_login(self, login: str) -> Account | None:
        """The account with that login; upper and lower case are the same."""
        with self._read() as connection:
            query = select(users.c.worker).where(users.c.login == login.casefold())
            worker = connection.execute(query).scalar_one_or_none()
            return None if worker is None else _accounts(connection, worker=worker)[0]

    def accounts(self) -> list[Account]:
        """All, oldest first; deleted ones without their login."""
        with self._read() as connection:
            return _accounts(connection)

    def change(
        self,
        worker: str,
        *,
        roles_: Sequence[Role] | None = None,
        active: bool | None = None,
        password: str | None = None,
        preferences: Mapping[str, Any] | None = None,
        rested: bool = False,
    ) -> None:
        """Change what is given. Raises ConflictError where it would leave the project without an admin."""
        now = self._clock()
        with self._write() as connection:
            if roles_ is not None:
                connection.execute(delete(roles).where(roles.c.worker == worker))
                _give_roles(connection, worker, roles_)
            values = {"active": active, "password": password}
            given = {name: value for name, value in values.items() if value is not None}
            if given:
                connection.execute(update(users).where(users.c.worker == worker).values(given))
            own = {"preferences": dict(preferences)} if preferences is not None else {}
            if rested:
                own["rested"] = now  # type: ignore[assignment]
            if own:
                connection.execute(update(workers).where(workers.c.name == worker).values(own))
            if roles_ is not None or active is False:
                _need_admin(connection)

    def forget(self, worker: str) -> None:
        """Delete who it was: login and password go, the pseudonym's work stays; all sessions end."""
        now = self._clock()
        with self._write() as connection:
            connection.execute(delete(users).where(users.c.worker == worker))
            connection.execute(delete(roles).where(roles.c.worker == worker))
            _end_sessions(connection, worker, now)
            connection.execute(
                update(tokens)
                .where(tokens.c.worker == worker, tokens.c.revoked.is_(None))
                .values(revoked=now)
            )
            _need_admin(connection)

    # Invitations

    def add_invite(self, invite: Invitation, token_hash: str) -> None:
        """Write an invitation."""
        values = _plain(invite) | {"token_hash": token_hash}
        with self._write() as connection:
            connection.execute(insert(invites), values)

    def invite(self, token_hash: str) -> Invitation | None:
        """The invitation with that token, whatever its state."""
        with self._read() as connection:
            return _invite(connection, token_hash)

    def invites(self) -> list[Invitation]:
        """All, newest first."""
        with self._read() as connection:
            rows = connection.execute(select(invites).order_by(invites.c.created.desc())).mappings()
            return [_to_invite(row) for row in rows]

    def revoke_invite(self, id: str) -> None:
        """Make it useless; a used one stays used."""
        with self._write() as connection:
            where = (invites.c.id == id, invites.c.used.is_(None), invites.c.revoked.is_(None))
            connection.execute(update(invites).where(*where).values(revoked=self._clock()))

    def use_invite(self, token_hash: str, account: Account) -> Account | None:
        """Use an open invitation up and make its account (or set its password); None: it is not open.

        One transaction: of two who hold the same link, one gets in.
        """
        now = self._clock()
        with self._write() as connection:
            found = _invite(connection, token_hash, lock=True)
            if found is None or found.state(now) != "open":
                return None
            connection.execute(update(invites).where(invites.c.id == found.id).values(used=now))
            if found.purpose == "reset":
                where = users.c.worker == found.worker
                connection.execute(update(users).where(where).values(password=account.password))
                _end_sessions(connection, found.worker, now)
                worker = found.worker
            else:
                _add_account(connection, account)
                worker = account.worker
            return _accounts(connection, worker=worker)[0]

    # Web sessions and tokens

    def start_session(self, session: WebSession, token_hash: str) -> None:
        """Write a web session."""
        with self._write() as connection:
            connection.execute(insert(web_sessions), _plain(session) | {"token_hash": token_hash})

    def session(self, token_hash: str) -> WebSession | None:
        """The web session of a cookie, whatever its state."""
        with self._read() as connection:
            query = select(web_sessions).where(web_sessions.c.token_hash == token_hash)
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else _to_session(row)

    def sessions(self, worker: str) -> list[WebSession]:
        """Those that have not ended, latest seen first."""
        query = select(web_sessions).where(
            web_sessions.c.worker == worker,
            web_sessions.c.revoked.is_(None),
            web_sessions.c.expires > self._clock(),
        )
        with self._read() as connection:
            rows = connection.execute(query.order_by(web_sessions.c.seen.desc())).mappings()
            return [_to_session(row) for row in rows]

    def touch(self, session: str, *, expires: datetime) -> None:
        """The session was used now."""
        where = web_sessions.c.id == session
        with self._write() as connection:
            values = {"seen": self._clock(), "expires": expires}
            connection.execute(update(web_sessions).where(where).values(values))

    def end_sessions(self, worker: str, *, only: str = "", but: str = "") -> None:
        """End all of somebody's sessions, one of them, or all but one."""
        with self._write() as connection:
            _end_sessions(connection, worker, self._clock(), only=only, but=but)

    def add_token(self, token: ApiToken, token_hash: str) -> None:
        """Write a program's token."""
        with self._write() as connection:
            connection.execute(insert(tokens), _plain(token) | {"token_hash": token_hash})

    def token(self, token_hash: str) -> ApiToken | None:
        """The token, whatever its state."""
        with self._read() as connection:
            row = connection.execute(select(tokens).where(tokens.c.token_hash == token_hash)).mappings()
            return next((_to_token(one) for one in row), None)

    def tokens(self) -> list[ApiToken]:
        """All, newest first."""
        with self._read() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.created.desc())).mappings()
            return [_to_token(row) for row in rows]

    def touch_token(self, id: str) -> None:
        """The token was used now."""
        with self._write() as connection:
            connection.execute(update(tokens).where(tokens.c.id == id).values(used=self._clock()))

    def revoke_token(self, id: str) -> None:
        """Make it useless."""
        with self._write() as connection:
            connection.execute(update(tokens).where(tokens.c.id == id).values(revoked=self._clock()))

    # What people have read

    def acknowledge(self, worker: str, kind: str, version: str) -> None:
        """`notice` or `guidelines` of this version was read; again: nothing."""
        values = {"worker": worker, "kind": kind, "version": version, "at": self._clock()}
        with self._write() as connection:
            insert_new(connection, acknowledgements, [values])

    def acknowledged(self, worker: str) -> set[tuple[str, str]]:
        """(kind, version) of everything this worker has read."""
        table = acknowledgements
        with self._read() as connection:
            rows = connection.execute(select(table.c.kind, table.c.version).where(table.c.worker == worker))
            return {(kind, version) for kind, version in rows}

    def write_guidelines(self, text: GuidelinesText) -> bool:
        """Append a version; whether it was new."""
        with self._write() as connection:
            return insert_new(connection, guideline_versions, [_plain(text)]) == 1

    def guidelines(self) -> list[GuidelinesText]:
        """All versions, oldest first; the last one holds."""
        with self._read() as connection:
            rows = connection.execute(
                select(guideline_versions).order_by(guideline_versions.c.seq)
            ).mappings()
            return [GuidelinesText(**{k: v for k, v in row.items() if k != "seq"}) for row in rows]


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a flat dataclass as columns."""
    found = dict(vars(value))
    if "roles" in found:
        found["roles"] = [role.value for role in found["roles"]]
    return found


def _add_account(connection: Connection, account: Account) -> None:
    login = account.login.casefold()
    taken = select(users.c.worker).where(users.c.login == login)
    if connection.execute(taken).first() is not None:
        raise ConflictError("that name is taken", do="choose another one")
    values = {
        "name": account.worker,
        "bot": account.bot,
        "created": account.created,
        "preferences": account.preferences,
    }
    connection.execute(insert(workers), values)
    user = {"login": login, "worker": account.worker, "password": account.password, "active": account.active}
    connection.execute(insert(users), user)
    _give_roles(connection, account.worker, account.roles)


def _give_roles(connection: Connection, worker: str, given: Sequence[Role]) -> None:
    insert_new(connection, roles, [{"worker": worker, "role": role.value} for role in given])


def _accounts(connection: Connection, *, worker: str | None = None) -> list[Account]:
    query = select(workers, users.c.login, users.c.password, users.c.active).outerjoin(users)
    given = select(roles.c.worker, roles.c.role)
    if worker is not None:
        query, given = query.where(workers.c.name == worker), given.where(roles.c.worker == worker)
    held: dict[str, list[Role]] = {}
    for name, role in connection.execute(given):
        held.setdefault(name, []).append(Role(role))
    return [
        Account(
            worker=row["name"],
            login=row["login"] or "",
            password=row["password"] or "",
            roles=tuple(sorted(held.get(row["name"], ()), key=list(Role).index)),
            active=bool(row["active"]),
            bot=row["bot"],
            created=row["created"],
            preferences=row["preferences"],
            rested=row["rested"],
        )
        for row in connection.execute(query.order_by(workers.c.created, workers.c.name)).mappings()
    ]


def _need_admin(connection: Connection) -> None:
    query = (
        select(func.count())
        .select_from(roles.join(users, users.c.worker == roles.c.worker))
        .where(roles.c.role == Role.ADMIN.value, users.c.active)
    )
    if not connection.execute(query).scalar_one():
        raise ConflictError("nobody would be admin any more", do="make somebody else admin first")


def _end_sessions(
    connection: Connection, worker: str, now: datetime, *, only: str = "", but: str = ""
) -> None:
    statement = update(web_sessions).where(web_sessions.c.worker == worker, web_sessions.c.revoked.is_(None))
    if only:
        statement = statement.where(web_sessions.c.id == only)
    if but:
        statement = statement.where(web_sessions.c.id != but)
    connection.execute(statement.values(revoked=now))


def _invite(connection: Connection, token_hash: str, *, lock: bool = False) -> Invitation | None:
    query = select(invites).where(invites.c.token_hash == token_hash)
    rows: Iterable[Any] = connection.execute(query.with_for_update() if lock else query).mappings()
    return next((_to_invite(row) for row in rows), None)


def _to_invite(row: Row) -> Invitation:
    values = {name: value for name, value in row.items() if name != "token_hash"}
    return Invitation(**values | {"roles": tuple(Role(one) for one in values["roles"])})


def _to_session(row: Row) -> WebSession:
    return WebSession(**{name: value for name, value in row.items() if name != "token_hash"})


def _to_token(row: Row) -> ApiToken:
    return ApiToken(**{name: value for name, value in row.items() if name != "token_hash"})
