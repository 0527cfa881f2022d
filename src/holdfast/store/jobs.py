"""The job queue: claims are atomic, leases end by themselves, a job that kills its workers is given up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from holdfast.errors import StoreError
from holdfast.store import rows
from holdfast.store.tables import jobs as table
from holdfast.types import Job, JobState

__all__ = ["MAX_ATTEMPTS", "claim", "enqueue", "find", "finish", "heartbeat"]

MAX_ATTEMPTS = 3
"""Workers that may be lost over one job before it counts as failed."""


def enqueue(connection: Connection, kind: str, arguments: Mapping[str, Any], now: datetime) -> str:
    """Write a job; its id."""
    id = f"job-{secrets.token_hex(6)}"
    values = {
        "id": id,
        "kind": kind,
        "arguments": dict(arguments),
        "state": JobState.QUEUED.value,
        "worker": "",
        "attempts": 0,
        "lease_seconds": 0.0,
        "done": 0,
        "total": 0,
        "message": "",
        "created": now,
    }
    connection.execute(insert(table), values)
    return id


def claim(connection: Connection, worker: str, lease_seconds: float, now: datetime) -> Job | None:
    """The oldest job that waits, or whose lease has ended, now held by `worker`; None if there is none.

    On SQLite the transaction holds the write lock from its beginning; on PostgreSQL the row is locked, and
    rows that another worker is just claiming are passed over.
    """
    expired = and_(table.c.state == JobState.RUNNING.value, table.c.lease_until < now)
    _give_up(connection, expired, now)
    waiting = or_(table.c.state == JobState.QUEUED.value, expired)
    query = select(table).where(waiting).order_by(table.c.seq).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    values = {
        "state": JobState.RUNNING.value,
        "worker": worker,
        "attempts": row["attempts"] + 1,
        "lease_seconds": lease_seconds,
        "lease_until": now + timedelta(seconds=lease_seconds),
    }
    connection.execute(update(table).where(table.c.id == row["id"]).values(values))
    return rows.to_job({**row, **values})


def _give_up(connection: Connection, expired: ColumnElement[bool], now: datetime) -> None:
    message = f"given up: {MAX_ATTEMPTS} workers were lost over it"
    statement = update(table).where(expired, table.c.attempts >= MAX_ATTEMPTS)
    connection.execute(statement.values(state=JobState.FAILED.value, message=message, finished=now))


def heartbeat(connection: Connection, id: str, worker: str, values: Mapping[str, Any], now: datetime) -> None:
    """Renew the lease and write how far it is. Raises StoreError if the job is no longer this worker's."""
    seconds = _held(connection, id, worker)["lease_seconds"]
    renewed = {**values, "lease_until": now + timedelta(seconds=seconds)}
    connection.execute(update(table).where(table.c.id == id).values(renewed))


def finish(connection: Connection, id: str, worker: str, values: Mapping[str, Any], now: datetime) -> None:
    """Write how it ended. Raises StoreError if the job is no longer this worker's."""
    _held(connection, id, worker)
    ended = {**values, "finished": now, "lease_until": None}
    connection.execute(update(table).where(table.c.id == id).values(ended))


def find(connection: Connection, state: JobState | None) -> list[Job]:
    """Jobs (in `state`), oldest first."""
    query = select(table).order_by(table.c.seq)
    if state is not None:
        query = query.where(table.c.state == state.value)
    return [rows.to_job(row) for row in connection.execute(query).mappings()]


def _held(connection: Connection, id: str, worker: str) -> Mapping[str, Any]:
    query = select(table).where(table.c.id == id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise StoreError(f"no job {id}", do="it was never queued in this database")
    if row["state"] != JobState.RUNNING.value or row["worker"] != worker:
        raise StoreError(
            f"job {id} is {row['state']}, held by {row['worker'] or 'nobody'}, not by {worker}",
            expected="a worker that stops when its lease has ended and another took the job",
            do="stop this work; claim another job",
        )
    return dict(row)
