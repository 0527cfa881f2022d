"""Attack sessions and their steps: a program's whole search at once, a person's step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from holdfast.errors import ConflictError, StoreError
from holdfast.provenance import hash_text
from holdfast.store import rows
from holdfast.store.people_tables import bench_sessions
from holdfast.store.statements import insert_new
from holdfast.store.tables import session_ends as ends
from holdfast.store.tables import sessions as table
from holdfast.store.tables import steps
from holdfast.types import AttackResult, AttackSession, AttackStep

__all__ = [
    "add",
    "add_many",
    "append",
    "attacked_parents",
    "end",
    "find",
    "many",
    "natural_key",
    "one",
    "start",
]

_STEPS_CHUNK = 2000
"""Sessions whose steps are read in one statement."""


def natural_key(session: AttackSession) -> str:
    """What makes a program's session the same one when an attack is resumed."""
    parts = (session.attacker, session.target, str(session.round), session.purpose, session.result.parent.id)
    return "program:" + hash_text("\x1f".join(parts))[:40]


def add(connection: Connection, session: AttackSession, key: str | None, now: datetime) -> int:
    """Write a finished session with its steps and end; the id of the one that has `key` already, if any."""
    id, new = _start(connection, session, key, now)
    if new:
        _write_end(connection, id, session.result, now)
    return id


def add_many(connection: Connection, keyed: Iterable[tuple[AttackSession, str]], now: datetime) -> int:
    """Write those whose key is new; how many."""
    added = 0
    for session, key in keyed:
        id, new = _start(connection, session, key, now)
        if new:
            _write_end(connection, id, session.result, now)
        added += new
    return added


def start(connection: Connection, session: AttackSession, key: str | None, now: datetime) -> int:
    """Write a session and the steps it has so far; how it ends is written by `end`."""
    return _start(connection, session, key, now)[0]


def _start(
    connection: Connection, session: AttackSession, key: str | None, now: datetime
) -> tuple[int, bool]:
    values = rows.from_session(session, now, key)
    if key is not None:
        new = insert_new(connection, table, [values]) == 1
        id = int(connection.execute(select(table.c.id).where(table.c.key == key)).scalar_one())
        if not new:
            return id, False
    else:
        id = int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
    written = [rows.from_step(step, id, number) for number, step in enumerate(session.result.steps)]
    if written:
        connection.execute(insert(steps), written)
    return id, True


def append(connection: Connection, session_id: int, step: AttackStep, number: int | None) -> int:
    """Write the next step, or step `number`; its number. The same step again is ignored.

    Raises StoreError for an unknown session, one that has ended, or another text under the same number.
    """
    _must_exist(connection, session_id)
    own = steps.c.session_id == session_id
    query = select(steps.c.prompt, steps.c.completion).where(own, steps.c.number == number)
    before = None if number is None else connection.execute(query).one_or_none()
    if number is not None and before is not None:
        if tuple(before) != (step.snippet.prompt, step.snippet.completion):
            raise ConflictError(
                f"step {number} of session {session_id} is written already, with another text",
                do="number steps upwards; the session is open in two places?",
            )
        return number
    if _has(connection, ends.c.session_id == session_id):
        raise ConflictError(f"session {session_id} has ended", do="start another session")
    latest = connection.execute(select(func.max(steps.c.number)).where(own)).scalar_one()
    chosen = number if number is not None else 0 if latest is None else latest + 1
    connection.execute(insert(steps), rows.from_step(step, session_id, chosen))
    return chosen


def end(connection: Connection, session_id: int, result: Mapping[str, Any], now: datetime) -> None:
    """Write how a session ended. Again with the same outcome: ignored; with another one: StoreError."""
    _must_exist(connection, session_id)
    values = {"session_id": session_id, "ended": now, **result}
    if insert_new(connection, ends, [values]):
        return
    query = select(ends.c.outcome).where(ends.c.session_id == session_id)
    before = connection.execute(query).scalar_one()
    if before != result["outcome"]:
        raise StoreError(
            f"session {session_id} ended as {before} already, not as {result['outcome']}",
            do="start another session",
        )


def find(
    connection: Connection, conditions: Mapping[str, Any], *, unfinished: bool = False
) -> list[AttackSession]:
    """Finished sessions (or those without an end) that match, oldest first, with their steps."""
    query = _with_end().where(*_conditions(conditions)).order_by(table.c.id)
    query = query.where(ends.c.session_id.is_(None) if unfinished else ends.c.session_id.is_not(None))
    found = connection.execute(query).mappings().all()
    taken = _steps_of(connection, [row["id"] for row in found])
    return [rows.to_session(row, taken.get(row["id"], [])) for row in found]


def one(connection: Connection, session_id: int, *, whole: bool = True) -> AttackSession:
    """The session, finished or not; not `whole`: without its steps. Raises StoreError if there is none."""
    row = connection.execute(_with_end().where(table.c.id == session_id)).mappings().one_or_none()
    if row is None:
        raise _unknown(session_id)
    taken = _steps_of(connection, [session_id]).get(session_id, []) if whole else []
    return rows.to_session(row, taken)


def many(connection: Connection, ids: Sequence[int], *, whole: bool = True) -> dict[int, AttackSession]:
    """Id -> session, finished or not, for those of `ids` that there are; not `whole`: without their steps."""
    found: dict[int, AttackSession] = {}
    for begin in range(0, len(ids), _STEPS_CHUNK):
        part = ids[begin : begin + _STEPS_CHUNK]
        taken = _steps_of(connection, list(part)) if whole else {}
        for row in connection.execute(_with_end().where(table.c.id.in_(part))).mappings():
            found[row["id"]] = rows.to_session(row, taken.get(row["id"], []))
    return found


def attacked_parents(connection: Connection, conditions: Mapping[str, Any]) -> set[str]:
    """Ids of the parents of programs' finished sessions that match; the workbench's are not looked at."""
    own = select(bench_sessions.c.session_id)
    query = (
        select(table.c.parent_id).join(ends, ends.c.session_id == table.c.id).where(table.c.id.not_in(own))
    )
    return set(connection.execute(query.where(*_conditions(conditions))).scalars())


def _with_end() -> Select[Any]:
    columns = (ends.c.outcome, ends.c.queries, ends.c.seconds, ends.c.screens, ends.c.draws)
    return select(table, *columns).outerjoin(ends, ends.c.session_id == table.c.id)


def _conditions(conditions: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in conditions.items() if value is not None]


def _steps_of(connection: Connection, ids: list[int]) -> dict[int, list[AttackStep]]:
    found: dict[int, list[AttackStep]] = {}
    for begin in range(0, len(ids), _STEPS_CHUNK):
        part = ids[begin : begin + _STEPS_CHUNK]
        query = select(steps).where(steps.c.session_id.in_(part))
        for row in connection.execute(query.order_by(steps.c.session_id, steps.c.number)).mappings():
            found.setdefault(row["session_id"], []).append(rows.to_step(row))
    return found


def _write_end(connection: Connection, session_id: int, result: AttackResult, now: datetime) -> None:
    values = {
        "session_id": session_id,
        "outcome": result.outcome.value,
        "queries": result.queries,
        "seconds": result.seconds,
        "screens": result.screens,
        "draws": result.draws,
        "ended": now,
    }
    connection.execute(insert(ends), values)


def _has(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    return connection.execute(select(1).where(*conditions).limit(1)).first() is not None


def _must_exist(connection: Connection, session_id: int) -> None:
    # Locked, so that two requests for one session follow each other (SQLite has one writer anyhow).
    query = select(table.c.id).where(table.c.id == session_id).with_for_update()
    if connection.execute(query).first() is None:
        raise _unknown(session_id)


def _unknown(session_id: int) -> StoreError:
    return StoreError(f"no attack session {session_id}", do="start one first")
