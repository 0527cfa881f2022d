"""What the rooms of the workbench's database share: the store's transactions and one clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import Connection

from holdfast.store.repository import Store

__all__ = ["Clock", "Desk"]

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """One method is one transaction; safe to share between threads, as the store is."""

    def __init__(self, store: Store, *, clock: Clock = _now) -> None:
        """`clock` gives the time in UTC."""
        self._store, self._clock = store, clock

    def _read(self) -> AbstractContextManager[Connection]:
        return self._store.reading()

    def _write(self) -> AbstractContextManager[Connection]:
        return self._store.writing()
