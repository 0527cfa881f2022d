"""Run records: written when a command starts, completed when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from holdfast.errors import UnknownNameError, closest
from holdfast.store import rows
from holdfast.store.tables import runs as table
from holdfast.types import RunRecord, RunStatus

__all__ = ["find", "finish", "one", "start"]


def start(connection: Connection, record: RunRecord, now: datetime) -> None:
    """Write a record."""
    connection.execute(insert(table), rows.from_run(record, now))


def finish(connection: Connection, id: str, values: Mapping[str, Any], now: datetime) -> None:
    """Complete a record. Raises UnknownNameError if there is none with that id."""
    statement = update(table).where(table.c.id == id).values({**values, "finished": now})
    if connection.execute(statement).rowcount == 0:
        raise _unknown(connection, id)


def find(connection: Connection, *, failed: bool, limit: int | None) -> list[RunRecord]:
    """The latest `limit` records (or those of failed and interrupted runs), oldest first."""
    query = select(table).order_by(table.c.seq.desc()).limit(limit)
    if failed:
        query = query.where(table.c.status.in_([RunStatus.FAILED.value, RunStatus.INTERRUPTED.value]))
    return [rows.to_run(row) for row in reversed(connection.execute(query).mappings().all())]


def one(connection: Connection, id: str) -> RunRecord:
    """The record whose id is, or alone begins with, `id`. Raises UnknownNameError."""
    query = select(table).where(func.substr(table.c.id, 1, len(id)) == id).order_by(table.c.seq)
    found = {row["id"]: rows.to_run(row) for row in connection.execute(query).mappings()}
    if id in found:
        return found[id]
    if not id or not found:
        raise _unknown(connection, id)
    if len(found) > 1:
        raise UnknownNameError(
            f"{len(found)} runs begin with {id!r}", expected=", ".join(list(found)[:5]), do="write more of it"
        )
    return next(iter(found.values()))


def _unknown(connection: Connection, id: str) -> UnknownNameError:
    latest = connection.execute(select(table.c.id).order_by(table.c.seq.desc()).limit(10)).scalars()
    return UnknownNameError(
        f"no run {id!r}", expected=closest(id, list(latest)), do="`holdfast run list` shows all"
    )
