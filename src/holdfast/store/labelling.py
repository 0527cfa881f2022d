"""The labelling queue: claims, leases, answers, remarks. Rules come in as arguments.

A claim locks the rows of the queue that it looks at (PostgreSQL: `FOR UPDATE SKIP LOCKED`; SQLite: the
transaction holds the write lock from its beginning), then reads their leases afresh, lets the rule choose,
and writes leases for what it chose. An answer locks its row, too, so that counts are never stale.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from holdfast.errors import StoreError, UnknownNameError
from holdfast.store import labels
from holdfast.store.desk import Desk
from holdfast.store.people_tables import audits, leases, queue, remarks, submissions
from holdfast.store.statements import chunks, insert_new
from holdfast.store.tables import annotation_rows as marks
from holdfast.store.tables import snippets
from holdfast.types import Annotation, Snippet
from holdfast.types.bench import Remark
from holdfast.types.queue import Held, Item, QueueCounts

__all__ = ["Handle", "Labelling", "Rules", "add_items", "lease", "ruled_since"]

_SOON, _LATER = 2**40, 2**42
"""Places are drawn at random below these: sources mix, and people's finds come up early without a pattern."""
_TRIES = 8
_MIXED_IN = ("gold", "test", "harmless")
"""Purposes of leases whose answers fill none of an item's labels."""
Choose = Callable[[list[Item]], list[str]]
Handle = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides of a label that comes in."""

    counts: Callable[[Item], bool]
    """Whether it is one of those that the item, as it stands before it, wants."""
    audited: Callable[[Item, Sequence[Annotation]], bool]
    """Whether an item that closes with these labels is decided again."""


class Labelling(Desk):
    """The queue of one workspace."""

    def add(self, ids: Iterable[str], *, author: str = "", wanted: int = 2, soon: bool = False) -> int:
        """Put snippets into the queue; those that are in it already stay as they are. How many were new."""
        with self._write() as connection:
            return add_items(connection, ids, self._clock(), author=author, wanted=wanted, soon=soon)

    def wanted(self, ids: Sequence[str]) -> dict[str, int]:
        """Snippet id -> labels that it wants, for those of `ids` that are in the queue."""
        found: dict[str, int] = {}
        with self._read() as connection:
            for part in chunks(ids):
                query = select(queue.c.snippet_id, queue.c.wanted).where(queue.c.snippet_id.in_(part))
                found.update((id, wanted) for id, wanted in connection.execute(query))
        return found

    def claim(
        self, worker: str, choose: Choose, handle: Handle, *, ttl: float, window: int, highest: int = 4
    ) -> list[Held]:
        """Lease what `choose` picks of the next `window` items that may be `worker`'s; empty: none.

        highest: items that somebody called worse than this are passed over. Two never lease the same slot.
        """
        now = self._clock()
        for _ in range(_TRIES):
            with self._write() as connection:
                rows = _candidates(connection, worker, now, window, highest)
                items = _items(connection, rows, now)
                chosen = choose(items)
                if chosen:
                    return lease(connection, worker, chosen, handle, ("label", now, ttl))
                if not rows:
                    return []
        return []

    def lend(
        self, worker: str, ids: Sequence[str], handle: Handle, *, purpose: str, ttl: float
    ) -> list[Held]:
        """Lease items outside the queue's quota: known ones (`gold`, `test`), an adjudicator's."""
        with self._write() as connection:
            return lease(connection, worker, ids, handle, (purpose, self._clock(), ttl))

    def held(self, worker: str, *purposes: str) -> list[Held]:
        """What a worker holds now for these purposes, oldest first."""
        conditions = [leases.c.purpose.in_(purposes), leases.c.until > self._clock()]
        with self._read() as connection:
            return _held(connection, worker, conditions)

    def one(self, worker: str, handle: str) -> Held:
        """The item that this worker knows by `handle`. Raises UnknownNameError for anybody else's."""
        with self._read() as connection:
            found = _held(connection, worker, [leases.c.handle == handle])
        if not found:
            raise UnknownNameError("no such item", do="ask for the next one")
        return found[0]

    def renew(self, worker: str, handles: Sequence[str], *, ttl: float) -> None:
        """Extend leases that are still held; `ttl` 0 gives them back."""
        now = self._clock()
        where = (leases.c.worker == worker, leases.c.handle.in_(list(handles)), leases.c.until > now)
        with self._write() as connection:
            connection.execute(update(leases).where(*where).values(until=now + timedelta(seconds=ttl)))

    def answer(self, worker: str, handle: str, annotation: Annotation, key: str, rules: Rules) -> bool:
        """Write a label; whether it is one of those that the item wants. The same key again: the same answer.

        The lease ends, and the item closes with its last label; then the rules say whether it is audited.
        """
        now = self._clock()
        with self._write() as connection:
            held = _held(connection, worker, [leases.c.handle == handle])
            if not held:
                raise UnknownNameError("no such item", do="ask for the next one")
            id = held[0].snippet.id
            row = connection.execute(_row(id)).one_or_none()
            done = leases.c.handle == handle
            if row is None or held[0].purpose != "label":  # What is mixed in fills none of the item's labels.
                labels.add(connection, [annotation], [key], now)
                connection.execute(update(leases).where(done).values(until=now))
                return True
            item = _items(connection, [row], now)[0]
            wanted = rules.counts(item)
            if labels.add(connection, [annotation], [key], now):
                people = len(item.labelled_by | {worker})
                values = {"labels": people, "open": people < row.wanted and row.open}
                connection.execute(update(queue).where(queue.c.snippet_id == id).values(values))
                if (
                    row.open
                    and not values["open"]
                    and rules.audited(item, labels.find(connection, [id], None)[id])
                ):
                    insert_new(connection, audits, [{"snippet_id": id, "at": now}])
            connection.execute(update(leases).where(done).values(until=now))
            return wanted

    def written(self, key: str) -> bool:
        """Whether an answer with this key is there: sent again, it is no second one."""
        query = select(marks.c.seq).where(marks.c.key == key)
        with self._read() as connection:
            return connection.execute(query).first() is not None

    def rule(self, snippet_id: str, annotation: Annotation, key: str) -> None:
        """Write an adjudicator's ruling; the item closes."""
        with self._write() as connection:
            labels.add(connection, [annotation], [key], self._clock())
            where = queue.c.snippet_id == snippet_id
            connection.execute(update(queue).where(where).values(open=False))

    def remark(self, remark: Remark, *, most_skips: int) -> None:
        """Write a remark once. A skip gives the lease back; with `most_skips` of them the item is closed."""
        now = self._clock()
        values = {**vars(remark), "at": remark.at or now}
        with self._write() as connection:
            if not insert_new(connection, remarks, [values]) or remark.kind != "skip":
                return
            row = connection.execute(_row(remark.snippet_id)).one_or_none()
            if row is not None:
                closed = {"skips": row.skips + 1, "open": row.open and row.skips + 1 < most_skips}
                where = queue.c.snippet_id == remark.snippet_id
                connection.execute(update(queue).where(where).values(closed))
            mine = (leases.c.worker == remark.worker, leases.c.snippet_id == remark.snippet_id)
            connection.execute(update(leases).where(*mine).values(until=now))

    def remarks(self, *, worker: str) -> list[Remark]:
        """What somebody remarked, oldest first."""
        query = select(remarks).where(remarks.c.worker == worker).order_by(remarks.c.seq)
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [Remark(**{k: v for k, v in row.items() if k != "seq"}) for row in rows]

    def counts(self, worker: str = "") -> tuple[QueueCounts, datetime | None]:
        """How full the queue is, and when the first lease of somebody other than `worker` ends."""
        now = self._clock()
        others = (leases.c.until > now, leases.c.purpose == "label", leases.c.worker != worker)
        with self._read() as connection:
            query = select(func.count(), func.min(queue.c.added)).where(queue.c.open)
            waiting, oldest = connection.execute(query).one()
            taken = select(func.count(leases.c.snippet_id.distinct()), func.min(leases.c.until)).where(
                *others
            )
            leased, ends = connection.execute(taken).one()
            closed = select(func.count()).select_from(queue).where(~queue.c.open)
            labelled = connection.execute(closed).scalar_one()
        counts = QueueCounts(to_label=waiting, leased=leased, labelled=labelled, oldest=oldest)
        return counts, ends

    def recent(self, worker: str, limit: int) -> list[tuple[Held, Annotation, bool]]:
        """A worker's last answers, newest first: the item, what stands, whether a ruling came over it."""
        newest = (
            select(func.max(marks.c.seq).label("seq"))
            .where(marks.c.annotator == worker)
            .group_by(marks.c.snippet_id)
            .order_by(func.max(marks.c.seq).desc())
            .limit(limit)
        )
        with self._read() as connection:
            seqs = list(connection.execute(newest).scalars())
            query = select(marks.c.snippet_id).where(marks.c.seq.in_(seqs)).order_by(marks.c.seq.desc())
            ids = list(connection.execute(query).scalars())
            held = {one.snippet.id: one for one in _held(connection, worker, [leases.c.snippet_id.in_(ids)])}
            said = labels.find(connection, ids, None) if ids else {}
        found = []
        for id in ids:
            own = [one for one in said[id] if one.annotator == worker]
            if id in held:
                found.append((held[id], own[-1], ruled_since(said[id], held[id].taken)))
        return found


def ruled_since(said: Iterable[Annotation], when: datetime) -> bool:
    """Whether an adjudicator has decided an item since `when`."""
    return any(
        one.annotator.startswith("adjudicator:") and one.at is not None and one.at >= when for one in said
    )


def add_items(
    connection: Connection,
    ids: Iterable[str],
    now: datetime,
    *,
    author: str,
    wanted: int,
    soon: bool,
) -> int:
    """Put snippets into the queue, in places drawn at random."""
    if wanted < 1:
        raise StoreError(f"{wanted} labels an item", expected="at least 1")
    rows = [
        {
            "snippet_id": id,
            "author": author,
            "wanted": wanted,
            "place": secrets.randbelow(_SOON if soon else _LATER),
            "labels": 0,
            "skips": 0,
            "open": True,
            "added": now,
        }
        for id in dict.fromkeys(ids)
    ]
    return insert_new(connection, queue, rows)


def _row(id: str) -> Any:
    return select(queue).where(queue.c.snippet_id == id).with_for_update()


def _candidates(
    connection: Connection, worker: str, now: datetime, window: int, highest: int
) -> list[Row[Any]]:
    """Open items that may be this worker's, those held already first; their rows are locked.

    One query that sorts by "held" would read the whole queue: the few that are held are sorted here, the rest
    is read in an index's own order.
    """
    mine = select(leases.c.snippet_id).where(leases.c.worker == worker, leases.c.until > now)
    holding = queue.c.snippet_id.in_(list(connection.execute(mine).scalars()))
    query = select(queue).where(*_may_be(worker, now, highest)).with_for_update(skip_locked=True, of=queue)
    held = sorted(connection.execute(query.where(holding)), key=lambda row: row.place)[:window]
    # By id, not by lease: one of these may be given back in the meantime, and must not come twice.
    fresh = queue.c.snippet_id.not_in([row.snippet_id for row in held])
    rest = query.where(fresh).order_by(queue.c.place).limit(window - len(held))
    return [*held, *connection.execute(rest)]


def _may_be(worker: str, now: datetime, highest: int) -> list[ColumnElement[bool]]:
    """What holds of an item of the queue that this worker may label."""
    others = (
        select(func.count())
        .select_from(leases)
        .where(
            leases.c.snippet_id == queue.c.snippet_id,
            leases.c.worker != worker,
            leases.c.until > now,
            leases.c.purpose == "label",
        )
        .scalar_subquery()
    )
    said = exists().where(marks.c.snippet_id == queue.c.snippet_id, marks.c.annotator == worker)
    worse = exists().where(marks.c.snippet_id == queue.c.snippet_id, marks.c.severity > highest)
    passed = exists().where(remarks.c.snippet_id == queue.c.snippet_id, remarks.c.worker == worker)
    ruled = exists().where(
        leases.c.snippet_id == queue.c.snippet_id,
        leases.c.worker == worker,
        leases.c.purpose == "adjudicate",
    )
    own = exists().where(submissions.c.snippet_id == queue.c.snippet_id, submissions.c.worker == worker)
    conditions: list[ColumnElement[bool]] = [
        queue.c.open,
        queue.c.author != worker,
        ~own,
        ~said,
        ~passed,
        ~ruled,
        queue.c.labels + others < queue.c.wanted,
    ]
    if highest < 4:
        conditions.append(~worse)
    return conditions


def _items(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Item]:
    """Rows of the queue as rules see them; leases and labels are read after the rows were locked."""
    ids = [row.snippet_id for row in rows]
    said: dict[str, set[str]] = {}
    beside = exists().where(
        leases.c.snippet_id == marks.c.snippet_id,
        leases.c.worker == marks.c.annotator,
        leases.c.purpose.in_(_MIXED_IN),
    )
    for id, who in connection.execute(
        select(marks.c.snippet_id, marks.c.annotator).where(marks.c.snippet_id.in_(ids), ~beside)
    ):
        if ":" not in who:
            said.setdefault(id, set()).add(who)
    skipped: dict[str, set[str]] = {}
    query = select(remarks.c.snippet_id, remarks.c.worker)
    for id, who in connection.execute(query.where(remarks.c.snippet_id.in_(ids), remarks.c.kind == "skip")):
        skipped.setdefault(id, set()).add(who)
    taken: dict[str, dict[str, float]] = {}
    held = select(leases.c.snippet_id, leases.c.worker, leases.c.until).where(
        leases.c.snippet_id.in_(ids), leases.c.until > now, leases.c.purpose == "label"
    )
    for id, who, until in connection.execute(held):
        taken.setdefault(id, {})[who] = until.timestamp()
    return [
        Item(
            id=row.snippet_id,
            wanted=row.wanted,
            labelled_by=frozenset(said.get(row.snippet_id, ())),
            skipped_by=frozenset(skipped.get(row.snippet_id, ())),
            author=row.author,
            leases=taken.get(row.snippet_id, {}),
        )
        for row in rows
    ]


def lease(
    connection: Connection,
    worker: str,
    ids: Sequence[str],
    handle: Handle,
    terms: tuple[str, datetime, float],
) -> list[Held]:
    """Give `worker` items for (purpose, now, seconds), each under the name that `handle` makes."""
    purpose, now, ttl = terms
    until = now + timedelta(seconds=ttl)
    mine = (leases.c.worker == worker, leases.c.snippet_id.in_(list(ids)))
    query = select(leases.c.snippet_id, leases.c.until).where(*mine)
    known = {id: ends for id, ends in connection.execute(query)}
    fresh = [
        {
            "worker": worker,
            "snippet_id": i,
            "handle": handle(i),
            "purpose": purpose,
            "taken": now,
            "until": until,
        }
        for i in ids
        if i not in known
    ]
    if fresh:
        connection.execute(insert(leases), fresh)
    for id in [id for id, ends in known.items() if ends <= now]:
        where = (leases.c.worker == worker, leases.c.snippet_id == id)
        values = {"until": until, "taken": now, "purpose": purpose, "handle": handle(id)}
        connection.execute(update(leases).where(*where).values(values))
    order = {id: place for place, id in enumerate(ids)}
    found = _held(connection, worker, [leases.c.snippet_id.in_(list(ids))])
    return sorted(found, key=lambda one: order[one.snippet.id])


def _held(connection: Connection, worker: str, conditions: Sequence[ColumnElement[bool]]) -> list[Held]:
    columns = (leases.c.handle, leases.c.purpose, leases.c.taken, snippets.c.prompt, snippets.c.completion)
    query = select(*columns).join(snippets, snippets.c.id == leases.c.snippet_id)
    query = query.where(leases.c.worker == worker, or_(False, and_(*conditions))).order_by(leases.c.taken)
    return [
        Held(
            handle=row.handle,
            snippet=Snippet(prompt=row.prompt, completion=row.completion),
            purpose=row.purpose,
            taken=row.taken,
        )
        for row in connection.execute(query)
    ]
