"""What SQLAlchemy spells differently per database, and lists longer than a statement may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["chunks", "insert_new", "known"]

CHUNK = 8000
"""Values of one IN list: SQLite allows 32,766 parameters a statement."""


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The distinct values in their order, `CHUNK` at a time."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows; those that a unique column holds already are ignored. How many were new."""
    if not rows:
        return 0
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return int(connection.execute(statement, list(rows)).rowcount)


def known(
    connection: Connection, column: Column[str], value: Column[str], ids: Iterable[str]
) -> dict[str, str]:
    """column -> value of the rows whose `column` is among `ids`."""
    found: dict[str, str] = {}
    for part in chunks(ids):
        rows = connection.execute(select(column, value).where(column.in_(part)))
        found.update((key, one) for key, one in rows)
    return found
