"""What may be waiting for an adjudicator: a superset by SQL, with all that was said; rules decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, exists, func, select, union

from holdfast.store import labels
from holdfast.store.desk import Desk
from holdfast.store.people_tables import audits, gold, queue, remarks
from holdfast.store.statements import chunks
from holdfast.store.tables import annotation_rows as marks
from holdfast.store.tables import snippets
from holdfast.types import Annotation, Snippet, Verdict
from holdfast.types.queue import OpenItem

__all__ = ["Adjudicating"]


Said = tuple[str, str, str, datetime]
"""Kind, worker, note and time of a remark."""
_ASKS = ("gap", "dispute")


class Adjudicating(Desk):
    """The items that labels leave open, or that are decided once more."""

    def open_items(self, *, most_skips: int) -> list[OpenItem]:
        """Items with labels that differ or are UNSURE, many skips, a remark, or an audit due; oldest first.

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
            late = {kind for kind, _, _, at in notes.get(row.id, []) if ruled is None or at > ruled}
            if ruled is None or not late.isdisjoint(_ASKS):
                found.append(_open_item(row, own, late, notes.get(row.id, []), ruled is None))
        return found


def _open_item(
    row: Any, own: Sequence[Annotation], late: set[str], notes: Sequence[Said], undecided: bool
) -> OpenItem:
    return OpenItem(
        snippet=Snippet(prompt=row.prompt, completion=row.completion),
        wanted=row.wanted or 1,
        author=row.author or "",
        added=row.added or min(at for _, _, _, at in notes),
        annotations=tuple(own),
        skips=row.skips or 0,
        notes=tuple(note for _, _, note, _ in notes if note),
        gap="gap" in late,
        disputed="dispute" in late,
        disputed_by=frozenset(worker for kind, worker, _, _ in notes if kind == "dispute"),
        known=bool(row.known),
        audited=bool(row.audited) and undecided,
    )


def _suspects(most_skips: int) -> Any:
    """Of each item that may be open: what the queue says of it, and what it is besides."""
    unsure = func.max(case((marks.c.verdict == Verdict.UNSURE.value, 1), else_=0)) > 0
    differ = (
        select(marks.c.snippet_id)
        .join(queue, queue.c.snippet_id == marks.c.snippet_id)
        .where(~queue.c.open, queue.c.labels > 0, ~marks.c.annotator.like("%:%"))
        .group_by(marks.c.snippet_id)
        .having((func.count(marks.c.verdict.distinct()) > 1) | unsure)
    )
    skipped = select(queue.c.snippet_id).where(queue.c.skips >= most_skips)
    asked = select(remarks.c.snippet_id).where(remarks.c.kind.in_(_ASKS))
    ids = union(differ, skipped, asked, select(audits.c.snippet_id)).subquery()
    known = exists().where(gold.c.snippet_id == snippets.c.id, gold.c.served, gold.c.retired.is_(None))
    audited = exists().where(audits.c.snippet_id == snippets.c.id)
    columns = (queue.c.wanted, queue.c.author, queue.c.added, queue.c.skips)
    besides = (known.label("known"), audited.label("audited"))
    return (
        select(snippets.c.id, snippets.c.prompt, snippets.c.completion, *columns, *besides)
        .join(ids, ids.c.snippet_id == snippets.c.id)
        .outerjoin(queue, queue.c.snippet_id == snippets.c.id)
        .order_by(queue.c.added)
    )


def _notes(connection: Connection, ids: Sequence[str]) -> dict[str, list[Said]]:
    """Snippet id -> its remarks, oldest first."""
    found: dict[str, list[Said]] = {}
    for part in chunks(ids):
        query = select(remarks).where(remarks.c.snippet_id.in_(part)).order_by(remarks.c.seq)
        for row in connection.execute(query).mappings():
            note = row["note"] or row["reason"]
            found.setdefault(row["snippet_id"], []).append((row["kind"], row["worker"], note, row["at"]))
    return found
