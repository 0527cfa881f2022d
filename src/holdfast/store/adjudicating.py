"""What may be waiting for an adjudicator: a superset by SQL, with all that was said; rules decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from holdfast.store import labels
from holdfast.store.desk import Desk
from holdfast.store.people_tables import queue, remarks
from holdfast.store.statements import chunks
from holdfast.store.tables import annotation_rows as marks
from holdfast.store.tables import snippets
from holdfast.types import Annotation, Snippet, Verdict
from holdfast.types.queue import OpenItem

__all__ = ["Adjudicating"]


class Adjudicating(Desk):
    """The items that labels leave open."""

    def open_items(self, *, most_skips: int) -> list[OpenItem]:
        """Items with labels that differ or are UNSURE, many skips, or a remark, oldest first.

        Ones that a ruling settled are among them only where a remark came after it.
        """
        with self._read() as connection:
            rows = connection.execute(_suspects(most_skips)).all()
            ids = [row.id for row in rows]
            said = labels.find(connection, ids, None) if ids else {}
            notes = _notes(connection, ids)
        found = []
        for row in rows:
            own = said.get(row.id, [])
            ruled = max(
                (one.at for one in own if one.annotator.startswith("adjudicator:") and one.at), default=None
            )
            late = [one for one in notes.get(row.id, []) if ruled is None or one[2] > ruled]
            if ruled is not None and not any(kind in ("gap", "gold") for kind, _, _ in late):
                continue
            found.append(_open_item(row, own, late, notes.get(row.id, [])))
        return found


def _open_item(
    row: Any,
    own: Sequence[Annotation],
    late: Sequence[tuple[str, str, datetime]],
    all_: Sequence[tuple[str, str, datetime]],
) -> OpenItem:
    return OpenItem(
        snippet=Snippet(prompt=row.prompt, completion=row.completion),
        wanted=row.wanted or 1,
        author=row.author or "",
        added=row.added or min(at for _, _, at in all_),
        annotations=tuple(own),
        skips=row.skips or 0,
        notes=tuple(note for _, note, _ in all_ if note),
        gap=any(kind == "gap" for kind, _, _ in late),
        disputed_gold=any(kind == "gold" for kind, _, _ in late),
    )


def _suspects(most_skips: int) -> Any:
    people = ~marks.c.annotator.like("%:%")
    verdicts = (
        select(func.count(marks.c.verdict.distinct()))
        .where(marks.c.snippet_id == snippets.c.id, people)
        .scalar_subquery()
    )
    unsure = exists().where(
        marks.c.snippet_id == snippets.c.id, people, marks.c.verdict == Verdict.UNSURE.value
    )
    asked = exists().where(remarks.c.snippet_id == snippets.c.id, remarks.c.kind.in_(("gap", "gold")))
    columns = (queue.c.wanted, queue.c.author, queue.c.added, queue.c.skips)
    query = select(snippets.c.id, snippets.c.prompt, snippets.c.completion, *columns)
    query = query.outerjoin(queue, queue.c.snippet_id == snippets.c.id)
    settled = ~queue.c.open
    return query.where(
        or_((queue.c.labels > 0) & settled & (verdicts > 1), (queue.c.labels > 0) & settled & unsure, asked)
        | (queue.c.skips >= most_skips)
    ).order_by(queue.c.added)


def _notes(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str, datetime]]]:
    """Snippet id -> (kind, note, when) of its remarks, oldest first."""
    found: dict[str, list[tuple[str, str, datetime]]] = {}
    for part in chunks(ids):
        query = select(remarks).where(remarks.c.snippet_id.in_(part)).order_by(remarks.c.seq)
        for row in connection.execute(query).mappings():
            note = row["note"] or row["reason"]
            found.setdefault(row["snippet_id"], []).append((row["kind"], note, row["at"]))
    return found
