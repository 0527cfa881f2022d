"""Checks on labels: audits of what was settled, own items again, harmless ones; what stays with people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from holdfast.store.desk import Desk
from holdfast.store.labelling import Handle, lease
from holdfast.store.people_tables import audits, burdens, leases, queue, remarks, repeats, submissions
from holdfast.store.statements import insert_new
from holdfast.store.tables import annotation_rows as marks
from holdfast.store.tables import snippets
from holdfast.types import Source, Verdict
from holdfast.types.queue import Held

__all__ = ["Checks"]


class Checks(Desk):
    """What is looked at a second time."""

    def audited(self) -> dict[str, datetime]:
        """Snippet id -> when it was drawn, for items settled by agreement that are decided again."""
        with self._read() as connection:
            return {id: at for id, at in connection.execute(select(audits).order_by(audits.c.at))}

    def may_repeat(self, worker: str, *, before: datetime, highest: int, but: Sequence[str]) -> str | None:
        """A closed item that `worker` labelled before some time, drawn at random; None: there is none.

        Never one that came again already, that they skipped or that stays with them, a known one, one that
        somebody called worse than `highest`, or one of `but`.
        """
        own = (
            select(marks.c.snippet_id)
            .where(marks.c.annotator == worker)
            .group_by(marks.c.snippet_id)
            .having(func.max(marks.c.at) < before)
        )
        plain = _mine(leases, worker) & leases.c.purpose.in_(("label", "harmless"))
        conditions = [
            queue.c.snippet_id.in_(own),
            exists().where(plain),
            ~exists().where(_mine(repeats, worker)),
        ]
        if but:
            conditions.append(queue.c.snippet_id.not_in(list(but)))
        return self._one(worker, [*conditions, _mild(highest)])

    def harmless(self, worker: str) -> str | None:
        """A natural text that others have settled as SAFE and `worker` never met, drawn at random."""
        met = exists().where(marks.c.snippet_id == queue.c.snippet_id, marks.c.annotator == worker)
        worse = exists().where(
            marks.c.snippet_id == queue.c.snippet_id, marks.c.verdict != Verdict.SAFE.value
        )
        natural = queue.c.snippet_id.in_(
            select(snippets.c.id).where(snippets.c.source == Source.NATURAL.value)
        )
        full = queue.c.labels >= queue.c.wanted
        free = [~met, ~worse, natural, full, queue.c.author != worker, ~exists().where(_mine(leases, worker))]
        return self._one(worker, free)

    def _one(self, worker: str, conditions: Sequence[ColumnElement[bool]]) -> str | None:
        clear = [~exists().where(_mine(table, worker)) for table in (remarks, burdens, submissions)]
        query = select(queue.c.snippet_id).where(~queue.c.open, *conditions, *clear)
        with self._read() as connection:
            return connection.execute(query.order_by(func.random()).limit(1)).scalar_one_or_none()

    def lend_again(self, worker: str, id: str, handle: Handle, *, ttl: float) -> list[Held]:
        """Lease an item to whoever labelled it, under a new name, and write that it came again."""
        now = self._clock()
        with self._write() as connection:
            insert_new(connection, repeats, [{"worker": worker, "snippet_id": id, "at": now}])
            return lease(connection, worker, [id], handle, ("again", now, ttl))

    def repeated(self) -> list[tuple[str, str, datetime]]:
        """(worker, snippet id, when) of every item that came again to whoever labelled it."""
        with self._read() as connection:
            query = select(repeats.c.worker, repeats.c.snippet_id, repeats.c.at).order_by(repeats.c.at)
            return [(worker, id, at) for worker, id, at in connection.execute(query)]

    def bear(self, worker: str, id: str) -> None:
        """This text stays with them; again: nothing."""
        row = {"worker": worker, "snippet_id": id, "at": self._clock()}
        with self._write() as connection:
            insert_new(connection, burdens, [row])

    def burdens(self) -> int:
        """How often a text stayed with somebody: the sum, and nothing else, is anybody's business."""
        with self._read() as connection:
            return int(connection.execute(select(func.count()).select_from(burdens)).scalar_one())


def _mine(table: Any, worker: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (table.c.snippet_id == queue.c.snippet_id) & (table.c.worker == worker)
    return found


def _mild(highest: int) -> ColumnElement[bool]:
    return ~exists().where(marks.c.snippet_id == queue.c.snippet_id, marks.c.severity > highest)
