from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from holdfast.errors import InputError, StoreError
from holdfast.store import Store
from holdfast.store.engine import make_engine, resolve
from holdfast.store.failures import translated
from tests.store.values import stored


def path_of(sqlite_url):
    return Path(sqlite_url.removeprefix("sqlite:///").partition("?")[0])


def test_a_locked_database(sqlite_url):
    patient = sqlite_url.replace("timeout=5", "timeout=0.05")
    other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    with Store.open(patient) as store:
        other.execute("BEGIN IMMEDIATE")
        assert store.snippets() == []
        with pytest.raises(StoreError, match="is locked by another process\n  do: wait"):
            store.add_snippets([stored(1)])
        other.execute("ROLLBACK")
        assert store.add_snippets([stored(1)]) == 1
    other.close()


def test_a_full_disk_loses_nothing(sqlite_url):
    engine = make_engine(resolve(sqlite_url, None))

    @event.listens_for(engine, "connect")
    def small(connection, _record):
        connection.execute("PRAGMA max_page_count = 60")

    with Store(engine) as store:
        store.add_snippets([stored(1)])
        with pytest.raises(StoreError, match="the disk is full\n  do: free some space"):
            store.add_snippets([stored(n) for n in range(5000)])
        assert store.snippets() == [stored(1)]
    with Store.open(sqlite_url) as store:
        assert store.add_snippets([stored(n) for n in range(5000)]) == 4999


def test_a_file_that_may_not_be_written(sqlite_url):
    path = path_of(sqlite_url)
    path.chmod(stat.S_IRUSR)
    try:
        with path.open("ab"):
            pytest.skip("this user may write to everything")
    except PermissionError:
        pass
    with pytest.raises(StoreError, match="may not be written"), Store.open(sqlite_url) as store:
        store.add_snippets([stored(1)])


def test_no_cause_is_shown_that_only_a_developer_reads(tmp_path):
    (tmp_path / "x.db").write_bytes(b"x" * 4096)
    with pytest.raises(StoreError) as raised:
        Store.open("sqlite:///x.db", root=tmp_path)
    assert raised.value.__suppress_context__


class _Said(Exception):
    """What a driver raises, as far as the translation looks at it."""

    def __init__(self, text, **marks):
        super().__init__(text)
        self.__dict__.update(marks)


class OperationalError(_Said):
    __module__ = "psycopg.errors"


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (PoolTimeout("QueuePool limit"), StoreError, "no connection came free"),
        (ArgumentError("odd"), StoreError, "odd"),
        (DBAPIError("X", {}, _Said("", sqlstate="53100")), StoreError, "disk is full"),
        (DBAPIError("X", {}, _Said("", sqlstate="28P01")), StoreError, "refuses the user or the password"),
        (DBAPIError("X", {}, _Said("", sqlstate="40P01")), StoreError, "run this again"),
        (DBAPIError("X", {}, OperationalError("connection refused")), StoreError, "check that the server"),
        (DBAPIError("X", {}, _Said("first\nsecond")), StoreError, "refused: first$"),
        (StatementError("X", "X", {}, InputError("found")), InputError, "^found$"),
        (OverflowError("too large"), InputError, "cannot hold a value: too large"),
    ],
)
def test_every_failure_is_translated(error, kind, says):
    with pytest.raises(kind, match=says), translated("db"):
        raise error
