"""Snippets: add without ever moving one to another split, and find them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, select, text, update

from holdfast.errors import LeakageError, StoreError
from holdfast.store import rows
from holdfast.store.statements import chunks, insert_new, known
from holdfast.store.tables import annotation_rows, families
from holdfast.store.tables import snippets as table
from holdfast.types import Source, Split, StoredSnippet

__all__ = ["SnippetFilter", "add", "count", "find", "missing", "set_inclusion", "unannotated"]

_LOCK = 0x736E6970
"""PostgreSQL advisory lock: two bulk writers with ids in another order would wait for each other."""


class SnippetFilter(TypedDict, total=False):
    """What snippets to find; None or absent: whatever."""

    source: Source | None
    split: Split | None
    round: int | None
    group: str | None
    family: str | None
    ids: Iterable[str] | None
    limit: int | None


def add(connection: Connection, stored: Sequence[StoredSnippet]) -> int:
    """Write those whose id is new; the first lineage wins. How many were new.

    Raises LeakageError, and writes nothing, if a family or a text would sit in two splits. The lock that the
    transaction holds keeps a second writer from slipping in between look and insert.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    first = {one.id: one for one in reversed(stored)}
    placed = {id: one.split.value for id, one in first.items()}
    there = known(connection, table.c.id, table.c.split, first)
    placed.update(there)
    for one in stored:
        if placed[one.id] != one.split.value:
            raise _leak(f"snippet {one.id} ({one.snippet.text[-60:]!r})", placed[one.id], one.split)
    fresh = [one for one in stored if one.id not in there and first[one.id] is one]
    wanted = {one.family: one.split.value for one in reversed(fresh)}
    insert_new(connection, families, [{"id": id, "split": split} for id, split in wanted.items()])
    placed = known(connection, families.c.id, families.c.split, wanted)
    for one in fresh:
        if placed[one.family] != one.split.value:
            raise _leak(f"family {one.family!r}", placed[one.family], one.split)
    return insert_new(connection, table, [rows.from_snippet(one) for one in fresh])


def _leak(what: str, there: str, here: Split) -> LeakageError:
    return LeakageError(
        f"{what} is in the {there} split and would enter {here.value} too",
        expected="a family, and a text, in one split only",
        do="leave it out, or give its family the split it has; nothing was written",
    )


def find(connection: Connection, where: SnippetFilter) -> list[StoredSnippet]:
    """Snippets in insertion order."""
    query = select(table).where(*_conditions(where)).order_by(table.c.seq)
    return _fetch(connection, query, where.get("ids"), where.get("limit"))


def count(connection: Connection, where: SnippetFilter) -> int:
    """How many `find` would give."""
    query = select(func.count()).select_from(table).where(*_conditions(where))
    ids, limit = where.get("ids"), where.get("limit")
    if ids is None:
        total = int(connection.execute(query).scalar_one())
    else:
        parts = chunks(ids)
        total = sum(connection.execute(query.where(table.c.id.in_(part))).scalar_one() for part in parts)
    return total if limit is None else min(total, limit)


def unannotated(connection: Connection, annotator: str | None, where: SnippetFilter) -> list[StoredSnippet]:
    """Snippets without an annotation (by `annotator`, where one is named), in insertion order."""
    same = annotation_rows.c.snippet_id == table.c.id
    if annotator is not None:
        same = and_(same, annotation_rows.c.annotator == annotator)
    query = select(table).where(~exists().where(same), *_conditions(where)).order_by(table.c.seq)
    return _fetch(connection, query, where.get("ids"), where.get("limit"))


def missing(connection: Connection, ids: Iterable[str]) -> list[str]:
    """Those of `ids` that no snippet has, in their order."""
    ids = list(ids)
    there = known(connection, table.c.id, table.c.id, ids)
    return [id for id in dict.fromkeys(ids) if id not in there]


def set_inclusion(connection: Connection, inclusion: Mapping[str, float]) -> None:
    """Write the probability with which each snippet was selected. Raises StoreError for an unknown id."""
    if not inclusion:
        return
    statement = update(table).where(table.c.id == bindparam("key")).values(inclusion=bindparam("value"))
    if unknown := missing(connection, inclusion):
        raise StoreError(f"no snippet {unknown[0]}", do="add the snippets first; nothing was written")
    connection.execute(statement, [{"key": id, "value": value} for id, value in inclusion.items()])


def _conditions(where: SnippetFilter) -> list[ColumnElement[bool]]:
    values: Mapping[str, Any] = where
    named = ("source", "split", "round", "group", "family")
    return [table.c[name] == values[name] for name in named if values.get(name) is not None]


def _fetch(
    connection: Connection, query: Select[Any], ids: Iterable[str] | None, limit: int | None
) -> list[StoredSnippet]:
    if ids is None:
        found = connection.execute(query.limit(limit)).mappings()
        return [rows.to_snippet(row) for row in found]
    gathered = [
        row
        for part in chunks(ids)
        for row in connection.execute(query.where(table.c.id.in_(part))).mappings()
    ]
    gathered.sort(key=lambda row: row["seq"])
    return [rows.to_snippet(row) for row in gathered[:limit]]
