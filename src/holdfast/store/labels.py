"""Annotations: appended, never changed; several annotators a snippet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from holdfast.errors import StoreError
from holdfast.store import rows
from holdfast.store.snippets import missing
from holdfast.store.statements import chunks, insert_new
from holdfast.store.tables import annotation_rows as table
from holdfast.types import Annotation

__all__ = ["add", "counts", "find"]


def add(connection: Connection, written: Sequence[Annotation], keys: Sequence[str], now: datetime) -> int:
    """Append; how many were written. A key that was used before makes its annotation be ignored.

    Raises StoreError, and writes nothing, for a snippet that is not stored.
    """
    if keys and len(keys) != len(written):
        raise StoreError(f"{len(keys)} keys for {len(written)} annotations", expected="one each, or none")
    if unknown := missing(connection, (one.snippet_id for one in written)):
        raise StoreError(
            f"annotations of {len(unknown)} snippets that are not stored, first {unknown[0]}",
            do="add the snippets first (`holdfast import`); nothing was written",
        )
    given: Sequence[str | None] = keys or [None] * len(written)
    values = [rows.from_annotation(one, now, key) for one, key in zip(written, given, strict=True)]
    return insert_new(connection, table, values)


def find(
    connection: Connection, ids: Iterable[str] | None, annotator: str | None
) -> dict[str, list[Annotation]]:
    """Snippet id -> its annotations, oldest first; ids without any are absent."""
    query = select(table).order_by(table.c.seq)
    if annotator is not None:
        query = query.where(table.c.annotator == annotator)
    queries = [query] if ids is None else [query.where(table.c.snippet_id.in_(part)) for part in chunks(ids)]
    found: dict[str, list[Annotation]] = {}
    for one in queries:
        for row in connection.execute(one).mappings():
            found.setdefault(row["snippet_id"], []).append(rows.to_annotation(row))
    return found


def counts(connection: Connection) -> dict[str, int]:
    """Annotations of each annotator, most first."""
    number = func.count().label("number")
    query = select(table.c.annotator, number).group_by(table.c.annotator)
    return {name: n for name, n in connection.execute(query.order_by(number.desc(), table.c.annotator))}
