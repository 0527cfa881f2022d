"""Known items: decided by an adjudicator, served to test labellers, corrected where they were wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from holdfast.store.desk import Desk
from holdfast.store.people_tables import corrections, gold, test_items
from holdfast.store.statements import insert_new
from holdfast.store.tables import snippets
from holdfast.types import Snippet, Verdict
from holdfast.types.bench import Gold

__all__ = ["Known"]


class Known(Desk):
    """The known items of one workspace, and who was tested on which."""

    def keep(self, item: Gold, *, served: bool) -> None:
        """Keep a decided item: to be `served` as a known one, or only shown as an edge case.

        One that is kept already is served, or shown, as well; where its verdict or severity is another one
        now, a correction is appended and counts from then on, for answers that were given before, too.
        """
        values = {name: getattr(item, name) for name in _KEPT}
        row = {**values, "verdict": item.verdict.value, "served": served, "edge": item.edge}
        with self._write() as connection:
            if insert_new(connection, gold, [row]):
                return
            where = gold.c.snippet_id == item.snippet_id
            before = connection.execute(_items().where(where).with_for_update(of=gold)).one()
            stands = _to_gold(before, _corrections(connection).get(item.snippet_id))[0]
            if (stands.verdict, stands.severity) != (item.verdict, item.severity):
                names = ("snippet_id", "severity", "note", "ground", "author", "at")
                fixed = {name: values[name] for name in names} | {"verdict": item.verdict.value}
                connection.execute(insert(corrections), fixed)
            more = {"served": served or before.served, "edge": item.edge or before.edge}
            connection.execute(update(gold).where(where).values(more))

    def items(self, *, served: bool | None = None) -> list[tuple[Gold, Snippet]]:
        """All decided items as they stand, oldest first, retired ones too; or those served, or not."""
        query = _items().order_by(gold.c.at)
        if served is not None:
            query = query.where(gold.c.served == served)
        with self._read() as connection:
            fixed = _corrections(connection)
            return [_to_gold(row, fixed.get(row.snippet_id)) for row in connection.execute(query)]

    def retire(self, snippet_id: str) -> None:
        """Serve it no more; what was answered on it no longer counts."""
        with self._write() as connection:
            where = (gold.c.snippet_id == snippet_id, gold.c.retired.is_(None))
            connection.execute(update(gold).where(*where).values(retired=self._clock()))

    def begin_test(self, worker: str, attempt: int, ids: Sequence[str]) -> None:
        """Fix the items of one attempt at the qualification test."""
        now = self._clock()
        rows = [{"worker": worker, "snippet_id": id, "attempt": attempt, "at": now} for id in ids]
        with self._write() as connection:
            insert_new(connection, test_items, rows)

    def tests(self, worker: str) -> dict[int, list[str]]:
        """Attempt -> ids of its items."""
        table, found = test_items, dict[int, list[str]]()
        query = select(table.c.attempt, table.c.snippet_id).where(table.c.worker == worker)
        with self._read() as connection:
            for attempt, id in connection.execute(query.order_by(table.c.attempt, table.c.snippet_id)):
                found.setdefault(attempt, []).append(id)
        return found


_KEPT = ("snippet_id", "severity", "note", "ground", "author", "at", "retired")


def _items() -> Any:
    return select(gold, snippets.c.prompt, snippets.c.completion).join(snippets)


def _corrections(connection: Connection) -> dict[str, Row[Any]]:
    """Snippet id -> its last correction."""
    return {
        row.snippet_id: row for row in connection.execute(select(corrections).order_by(corrections.c.seq))
    }


def _to_gold(row: Row[Any], fixed: Row[Any] | None) -> tuple[Gold, Snippet]:
    said = row if fixed is None else fixed
    item = Gold(
        snippet_id=row.snippet_id,
        verdict=Verdict(said.verdict),
        severity=said.severity,
        note=said.note,
        ground=said.ground,
        author=said.author,
        at=row.at,
        retired=row.retired,
        corrected=None if fixed is None else fixed.at,
        edge=row.edge,
    )
    return item, Snippet(prompt=row.prompt, completion=row.completion)
