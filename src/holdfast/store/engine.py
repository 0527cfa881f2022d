"""Connections: where the database is, and how each one is set up so that nothing committed is lost.

SQLite: write-ahead log, `synchronous=FULL` (a commit is on the disk when it returns, even if the power
fails), foreign keys on, 30 s of patience for other writers, and `BEGIN IMMEDIATE` for every transaction that
writes. Without the last, two writers read first, and then one is refused or both act on what they read.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from holdfast.errors import StoreError

__all__ = ["file_of", "make_engine", "redacted", "resolve", "shown", "writer"]

PATIENCE_SECONDS = 30.0
"""How long a writer waits for another one; `?timeout=60` at the end of the URL says otherwise."""
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    # Without it INSERT OR REPLACE would remove rows without asking the triggers.
    "recursive_triggers = ON",
    "temp_store = MEMORY",
    "cache_size = -65536",  # KiB: bulk inserts into indexes of hashes are all over the place.
)


def resolve(url: str, root: Path | None) -> URL:
    """The URL with a relative SQLite path made relative to `root`, and PostgreSQL's driver named."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    name = parsed.drivername.partition("+")[0] if parsed is not None else ""
    if parsed is None or not (name in ("postgresql", "postgres") or parsed.drivername == "sqlite"):
        raise StoreError(
            f"database URL {redacted(url)!r}",
            expected="sqlite:///holdfast.db or postgresql://USER:PASSWORD@HOST/NAME",
            do="correct `database` in holdfast.toml or HOLDFAST_DATABASE_URL",
        )
    if name != "sqlite":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.database and parsed.database != ":memory:" and not parsed.database.startswith("file:"):
        path = (root or Path()) / Path(parsed.database).expanduser()
        return parsed.set(database=str(path.absolute()))
    return parsed


def redacted(url: str) -> str:
    """`url` without its password, wherever it stands, for what people and records see."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return url.rpartition("@")[2]
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "hidden"})
    return parsed.render_as_string(hide_password=True)


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None in memory or on a server."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def shown(url: URL) -> str:
    """The database for messages: a path, or a URL without its password."""
    path = file_of(url)
    return str(path) if path is not None else redacted(url.render_as_string(hide_password=False))


def make_engine(url: URL) -> Engine:
    """An engine whose transactions read (`BEGIN`); see `writer` for those that write."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        return create_engine(url, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreError(
            f"database {shown(url)} needs the PostgreSQL driver psycopg, which is not installed",
            do="pip install 'holdfast[postgres]'",
        ) from None


def writer(engine: Engine) -> Engine:
    """The same engine and pool, whose transactions take the write lock when they begin."""
    return engine.execution_options(holdfast_write=True)


def _sqlite(url: URL) -> Engine:
    connect: dict[str, Any] = {"check_same_thread": False}
    if "timeout" not in url.query:
        connect["timeout"] = PATIENCE_SECONDS
    arguments: dict[str, Any] = {"connect_args": connect}
    if file_of(url) is None:
        # In memory every connection would be a database of its own.
        engine = create_engine(url, poolclass=StaticPool, **arguments)
    else:
        engine = create_engine(url, pool_size=5, max_overflow=60, **arguments)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin transactions late and by itself; None leaves them to `_begin`.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("holdfast_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
