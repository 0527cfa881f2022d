"""Rounds, which only go forward, and measurements, which are only added."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from holdfast.errors import StoreError, UnknownNameError
from holdfast.store import rows
from holdfast.store.statements import insert_new
from holdfast.store.tables import measurements
from holdfast.store.tables import rounds as table
from holdfast.types import STATES, Round, RoundState, StoredMeasurement

__all__ = ["add_measurement", "advance", "all_rounds", "find_measurements", "one_round", "open_round"]


def open_round(connection: Connection, new: Round, now: datetime) -> None:
    """Write a round. The same number on the same target again is ignored; on another target: StoreError."""
    values = {"number": new.number, "target": new.target, "state": new.state.value}
    if insert_new(connection, table, [values | {"opened": now, "changed": now}]):
        return
    before = one_round(connection, new.number)
    if before.target != new.target:
        raise StoreError(
            f"round {new.number} was opened on {before.target!r} already, not on {new.target!r}",
            do=f"close round {new.number} first (`holdfast round close`)",
        )


def advance(connection: Connection, number: int, state: RoundState, now: datetime) -> None:
    """Move a round forward; to where it is: nothing. Raises StoreError if it would go back."""
    query = select(table.c.state).where(table.c.number == number).with_for_update()
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise _unknown(number)
    before = RoundState(found)
    if STATES.index(state) < STATES.index(before):
        raise StoreError(
            f"round {number} is {before.value} and cannot go back to {state.value}",
            expected="steps forward only",
            do="open a new round",
        )
    if state is not before:
        connection.execute(
            update(table).where(table.c.number == number).values(state=state.value, changed=now)
        )


def all_rounds(connection: Connection) -> list[Round]:
    """By number."""
    found = connection.execute(select(table).order_by(table.c.number)).mappings()
    return [rows.to_round(row) for row in found]


def one_round(connection: Connection, number: int) -> Round:
    """Raises UnknownNameError if there is none."""
    row = connection.execute(select(table).where(table.c.number == number)).mappings().one_or_none()
    if row is None:
        raise _unknown(number)
    return rows.to_round(row)


def _unknown(number: int) -> UnknownNameError:
    return UnknownNameError(f"no round {number}", do="`holdfast round open` opens the next one")


def add_measurement(connection: Connection, values: Mapping[str, Any], now: datetime) -> int:
    """Append; its id."""
    statement = insert(measurements).values({**values, "at": now}).returning(measurements.c.id)
    return int(connection.execute(statement).scalar_one())


def find_measurements(connection: Connection, conditions: Mapping[str, Any]) -> list[StoredMeasurement]:
    """Those that match, oldest first."""
    query = select(measurements).order_by(measurements.c.id)
    for name, value in conditions.items():
        if value is not None:
            query = query.where(measurements.c[name] == value)
    return [rows.to_measurement(row) for row in connection.execute(query).mappings()]
