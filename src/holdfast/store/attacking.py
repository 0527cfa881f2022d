"""Attack sessions of the workbench: how they were worked on, their events, and what was handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select

from holdfast.errors import ConflictError, UnknownNameError
from holdfast.store import sessions as plain
from holdfast.store import snippets as texts
from holdfast.store.desk import Desk
from holdfast.store.labelling import add_items
from holdfast.store.people_tables import (
    attack_events,
    bench_sessions,
    claims,
    helps,
    leases,
    submissions,
    workers,
)
from holdfast.store.statements import insert_new
from holdfast.store.tables import session_ends as ends
from holdfast.store.tables import sessions, snippets, steps
from holdfast.types import AttackSession, Outcome, Snippet, StoredSnippet
from holdfast.types.bench import AttackWork, Find

__all__ = ["Attacking", "Handed", "Terms"]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a session is worked on."""

    practice: bool
    tools: bool
    lock_prompt: bool


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What is handed in with a find."""

    key: str
    worker: str
    stored: StoredSnippet
    note: str
    strategies: tuple[str, ...]
    logit: float
    wanted: int
    """Labels that it wants; 0: nobody is asked (a program judges)."""


class Attacking(Desk):
    """People's and bots' attack work."""

    def start(self, session: AttackSession, worker: str, terms: Terms, *, key: str) -> int:
        """Write a session and its terms in one transaction; the one that has `key` already, if any."""
        now = self._clock()
        with self._write() as connection:
            id = plain.start(connection, session, key, now)
            row = {"session_id": id, "worker": worker, **vars(terms)}
            insert_new(connection, bench_sessions, [row])
            return id

    def one(self, id: int, worker: str, *, whole: bool = True) -> AttackWork:
        """One of this worker's sessions, `whole` with its steps. Raises UnknownNameError for others'."""
        with self._read() as connection:
            rows = connection.execute(
                _works().where(bench_sessions.c.session_id == id, bench_sessions.c.worker == worker)
            ).all()
            if not rows:
                raise UnknownNameError(f"no attack session {id} of yours", do="start one")
            return _to_work(rows[0], plain.one(connection, id, whole=whole))

    def works(
        self, *, worker: str | None = None, limit: int | None = None, whole: bool = False
    ) -> list[AttackWork]:
        """Sessions (of one worker), newest first; `whole` with their steps."""
        query = _works().order_by(bench_sessions.c.session_id.desc())
        if worker is not None:
            query = query.where(bench_sessions.c.worker == worker)
        with self._read() as connection:
            rows = connection.execute(query.limit(limit)).all()
            worked = plain.many(connection, [row.session_id for row in rows], whole=whole)
            return [_to_work(row, worked[row.session_id]) for row in rows]

    def count(self, worker: str) -> int:
        """How many sessions this worker began: what blinded draws are numbered by."""
        query = select(func.count()).select_from(bench_sessions).where(bench_sessions.c.worker == worker)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def latest(self, id: int) -> tuple[int, int]:
        """(number of the last step, queries so far); (-1, 0) before any."""
        query = select(steps.c.number, steps.c.queries).where(steps.c.session_id == id)
        with self._read() as connection:
            row = connection.execute(query.order_by(steps.c.number.desc()).limit(1)).first()
            return (-1, 0) if row is None else (row.number, row.queries)

    def help(self, id: int, kind: str, cost: int) -> None:
        """A map or a menu was shown, at a cost in forward-equivalents."""
        with self._write() as connection:
            values = {"session_id": id, "kind": kind, "cost": cost, "at": self._clock()}
            connection.execute(insert(helps), values)

    def add_events(self, id: int, events: Iterable[tuple[int, str, float]]) -> None:
        """Append (number, kind, seconds on the page's clock); numbers that are there already are ignored."""
        now = self._clock()
        rows = [
            {"session_id": id, "number": number, "kind": kind, "at": at, "received": now}
            for number, kind, at in events
        ]
        with self._write() as connection:
            insert_new(connection, attack_events, rows)

    def events(self, ids: Sequence[int]) -> dict[int, list[tuple[int, str, float]]]:
        """Session id -> its (number, kind, seconds), by number."""
        table, found = attack_events, dict[int, list[tuple[int, str, float]]]()
        query = select(table.c.session_id, table.c.number, table.c.kind, table.c.at)
        query = query.where(table.c.session_id.in_(list(ids)))
        with self._read() as connection:
            for id, number, kind, at in connection.execute(
                query.order_by(table.c.session_id, table.c.number)
            ):
                found.setdefault(id, []).append((number, kind, at))
        return found

    def claim(self, id: int, key: str, seconds: float) -> None:
        """Write thinking time claimed by hand; the same key again is ignored."""
        with self._write() as connection:
            row = {"key": key, "session_id": id, "seconds": seconds, "at": self._clock()}
            insert_new(connection, claims, [row])

    def end(self, id: int, outcome: Outcome, *, queries: int, seconds: float) -> None:
        """Write how a session ended."""
        with self._write() as connection:
            values = {"outcome": outcome.value, "queries": queries, "seconds": seconds, "screens": 0}
            plain.end(connection, id, values, self._clock())

    def submit(self, id: int, handed: Handed, *, queries: int, seconds: float) -> int:
        """Hand a find in: the text with its lineage, the end of the session, the queue, in one transaction.

        Sent again with the same key: the same id. Raises ConflictError where the session ended otherwise, or
        where this worker was given the text to judge, and LeakageError where it belongs to another split.
        """
        now = self._clock()
        with self._write() as connection:
            query = select(submissions.c.id).where(submissions.c.key == handed.key)
            before = connection.execute(query).scalar_one_or_none()
            if before is not None:
                return int(before)
            ended = select(ends.c.outcome).where(ends.c.session_id == id)
            if connection.execute(ended).first() is not None:
                raise ConflictError(f"session {id} has ended", do="start another session")
            given = select(leases.c.handle).where(
                leases.c.worker == handed.worker, leases.c.snippet_id == handed.stored.id
            )
            if connection.execute(given).first() is not None:
                raise ConflictError("this text was given to you to judge", do="rewrite it")
            texts.add(connection, [handed.stored])
            values = {
                "outcome": Outcome.CANDIDATE.value,
                "queries": queries,
                "seconds": seconds,
                "screens": 0,
            }
            plain.end(connection, id, values, now)
            row = {
                "key": handed.key,
                "session_id": id,
                "snippet_id": handed.stored.id,
                "worker": handed.worker,
                "note": handed.note,
                "strategies": list(handed.strategies),
                "logit": handed.logit,
                "at": now,
            }
            if handed.wanted:
                add_items(
                    connection,
                    [handed.stored.id],
                    now,
                    author=handed.worker,
                    wanted=handed.wanted,
                    soon=True,
                )
            statement = insert(submissions).values(row).returning(submissions.c.id)
            return int(connection.execute(statement).scalar_one())

    def finds(self, *, worker: str | None = None, limit: int | None = None) -> list[Find]:
        """Submissions (of one worker), newest first."""
        columns = (sessions.c.target, snippets.c.prompt, snippets.c.completion)
        query = (
            select(submissions, *columns)
            .join(sessions, sessions.c.id == submissions.c.session_id)
            .join(snippets, snippets.c.id == submissions.c.snippet_id)
            .order_by(submissions.c.id.desc())
            .limit(limit)
        )
        if worker is not None:
            query = query.where(submissions.c.worker == worker)
        with self._read() as connection:
            return [_to_find(row) for row in connection.execute(query)]


def _works() -> Any:
    cost = select(func.coalesce(func.sum(helps.c.cost), 0)).where(
        helps.c.session_id == bench_sessions.c.session_id
    )
    claimed = select(func.coalesce(func.sum(claims.c.seconds), 0.0)).where(
        claims.c.session_id == bench_sessions.c.session_id
    )
    submitted = select(func.count()).where(submissions.c.session_id == bench_sessions.c.session_id)
    ended = select(func.count()).where(ends.c.session_id == bench_sessions.c.session_id)
    return select(
        bench_sessions,
        workers.c.bot,
        cost.scalar_subquery().label("cost"),
        claimed.scalar_subquery().label("claimed"),
        submitted.scalar_subquery().label("submitted"),
        ended.scalar_subquery().label("ended"),
    ).join(workers, workers.c.name == bench_sessions.c.worker)


def _to_work(row: Row[Any], session: AttackSession) -> AttackWork:
    return AttackWork(
        session=session,
        worker=row.worker,
        practice=row.practice,
        tools=row.tools,
        lock_prompt=row.lock_prompt,
        bot=row.bot,
        ended=bool(row.ended),
        submitted=bool(row.submitted),
        helps=int(row.cost),
        claimed=float(row.claimed),
    )


def _to_find(row: Row[Any]) -> Find:
    return Find(
        id=row.id,
        session_id=row.session_id,
        target=row.target,
        snippet=Snippet(prompt=row.prompt, completion=row.completion),
        worker=row.worker,
        note=row.note,
        strategies=tuple(row.strategies),
        logit=row.logit,
        at=row.at,
    )
