"""Pairs and their comparisons; which text a person saw on the left is written with the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, select, update

from holdfast.errors import UnknownNameError
from holdfast.store.desk import Desk
from holdfast.store.people_tables import comparisons, pair_leases, pairs
from holdfast.store.statements import insert_new
from holdfast.types.bench import Choice, Comparison, Pair

__all__ = ["HeldPair", "Rating"]

HeldPair = tuple[Pair, str, int, datetime]
"""The pair, the handle that its rater knows it by, its number among this rater's, when the lease ends."""


class Rating(Desk):
    """The pairs of one workspace."""

    def add(self, made: Sequence[Pair]) -> int:
        """Append pairs; how many were new."""
        now = self._clock()
        with self._write() as connection:
            return insert_new(connection, pairs, [{**vars(pair), "at": now} for pair in made])

    def pairs(self, target: str | None = None) -> list[Pair]:
        """All (of one target), in the order in which they were drawn."""
        query = select(pairs).order_by(pairs.c.seq)
        if target is not None:
            query = query.where(pairs.c.target == target)
        with self._read() as connection:
            return [_to_pair(row) for row in connection.execute(query)]

    def claim(self, worker: str, handle: Callable[[str], str], *, ttl: float) -> HeldPair | None:
        """The pair that this worker holds, or the next one that nobody rated or holds; None: there is none.

        A repeat goes to whoever rated the pair that it repeats. Pairs that read the same are not shown.
        """
        now = self._clock()
        with self._write() as connection:
            held = connection.execute(_held().where(_mine(worker, now))).first()
            if held is not None:
                return _to_held(held)
            row = connection.execute(_next(worker, now)).first()
            if row is None:
                return None
            count = select(func.count()).select_from(pair_leases).where(pair_leases.c.worker == worker)
            values = {
                "worker": worker,
                "pair_id": row.id,
                "handle": handle(row.id),
                "number": connection.execute(count).scalar_one(),
                "until": now + timedelta(seconds=ttl),
            }
            lost = (pair_leases.c.worker == worker, pair_leases.c.pair_id == row.id)
            again = connection.execute(select(pair_leases.c.number).where(*lost)).first()
            if again is None:
                connection.execute(insert(pair_leases), values)
            else:
                connection.execute(update(pair_leases).where(*lost).values(until=values["until"]))
            return _to_held(connection.execute(_held().where(*lost)).one())

    def one(self, worker: str, handle: str) -> HeldPair:
        """The pair that this worker knows by `handle`. Raises UnknownNameError for anybody else's."""
        where = (pair_leases.c.worker == worker, pair_leases.c.handle == handle)
        with self._read() as connection:
            row = connection.execute(_held().where(*where)).first()
        if row is None:
            raise UnknownNameError("no such pair", do="ask for the next one")
        return _to_held(row)

    def answer(self, comparison: Comparison) -> bool:
        """Append a comparison; False where this rater gave one of this pair before (it stands)."""
        values = {
            "key": comparison.key,
            "pair_id": comparison.pair.id,
            "worker": comparison.worker,
            "left": comparison.left,
            "choice": comparison.choice.value,
            "chips": list(comparison.chips),
            "seconds": comparison.seconds,
            "at": comparison.at or self._clock(),
        }
        with self._write() as connection:
            return insert_new(connection, comparisons, [values]) == 1

    def comparisons(self, *, target: str | None = None, worker: str | None = None) -> list[Comparison]:
        """All that match, oldest first."""
        columns = [comparisons.c[name] for name in ("key", "worker", "left", "choice", "chips", "seconds")]
        query = (
            select(pairs, comparisons.c.at.label("rated"), *columns)
            .join(comparisons, comparisons.c.pair_id == pairs.c.id)
            .order_by(comparisons.c.seq)
        )
        if target is not None:
            query = query.where(pairs.c.target == target)
        if worker is not None:
            query = query.where(comparisons.c.worker == worker)
        with self._read() as connection:
            return [_to_comparison(row) for row in connection.execute(query)]

    def waiting(self) -> int:
        """Pairs that differ and that nobody rated."""
        rated = exists().where(comparisons.c.pair_id == pairs.c.id)
        query = select(func.count()).select_from(pairs).where(~rated, pairs.c.first != pairs.c.second)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())


def _mine(worker: str, now: datetime) -> Any:
    answered = exists().where(
        comparisons.c.pair_id == pair_leases.c.pair_id, comparisons.c.worker == pair_leases.c.worker
    )
    return and_(pair_leases.c.worker == worker, pair_leases.c.until > now, ~answered)


def _held() -> Any:
    columns = (pair_leases.c.handle, pair_leases.c.number, pair_leases.c.until)
    return select(pairs, *columns).join(pair_leases, pair_leases.c.pair_id == pairs.c.id)


def _next(worker: str, now: datetime) -> Any:
    rated = exists().where(comparisons.c.pair_id == pairs.c.id)
    taken = exists().where(
        pair_leases.c.pair_id == pairs.c.id, pair_leases.c.worker != worker, pair_leases.c.until > now
    )
    mine = exists().where(comparisons.c.pair_id == pairs.c.repeat_of, comparisons.c.worker == worker)
    own = (pairs.c.repeat_of == "") | mine
    query = select(pairs).where(~rated, ~taken, own, pairs.c.first != pairs.c.second)
    return query.order_by(pairs.c.seq).limit(1).with_for_update(skip_locked=True, of=pairs)


def _to_pair(row: Row[Any]) -> Pair:
    return Pair(
        id=row.id,
        target=row.target,
        prompt=row.prompt,
        first=row.first,
        second=row.second,
        first_arm=row.first_arm,
        second_arm=row.second_arm,
        batch=row.batch,
        repeat_of=row.repeat_of,
    )


def _to_held(row: Row[Any]) -> HeldPair:
    return _to_pair(row), row.handle, row.number, row.until


def _to_comparison(row: Row[Any]) -> Comparison:
    return Comparison(
        key=row.key,
        pair=_to_pair(row),
        worker=row.worker,
        left=row.left,
        choice=Choice(row.choice),
        chips=tuple(row.chips),
        seconds=row.seconds,
        at=row.rated,
    )
