from __future__ import annotations

import pytest
from sqlalchemy import text

from holdfast.store.engine import make_engine, resolve, shown, writer


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_every_connection_is_set_up(sqlite_url, pragma, value):
    engine = make_engine(resolve(sqlite_url, None))
    with engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
    engine.dispose()


def test_writers_take_the_lock_when_they_begin(sqlite_url):
    engine = make_engine(resolve(sqlite_url, None))
    said = []
    with engine.connect() as connection:
        connection.connection.dbapi_connection.set_trace_callback(said.append)
        connection.execute(text("SELECT 1"))
        connection.rollback()
    with writer(engine).connect() as connection:
        connection.execute(text("SELECT 1"))
    assert [one for one in said if one.startswith("BEGIN")] == ["BEGIN", "BEGIN IMMEDIATE"]
    engine.dispose()


def test_patience_is_half_a_minute_unless_the_url_says_otherwise(tmp_path):
    engine = make_engine(resolve("sqlite:///x.db", tmp_path))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 30_000
    engine.dispose()


def test_passwords_are_never_shown():
    assert "secret" not in shown(resolve("postgresql://u:secret@host/x", None))
    assert resolve("postgres://u@host/x", None).drivername == "postgresql+psycopg"
