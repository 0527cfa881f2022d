"""The revisions, one after the other, make exactly the tables that the code speaks of."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import bindparam, create_engine, insert, inspect, text

from holdfast.store import Store, guards, opening, people_tables, rows, tables
from holdfast.store.checks import Checks
from holdfast.store.engine import make_engine, resolve
from holdfast.store.known import Known
from holdfast.store.labelling import Labelling
from holdfast.types import Judgement, Verdict
from holdfast.types.bench import Remark
from tests.store.values import annotation, checkpoint, session, stored, threshold


def test_head_is_the_newest_revision():
    folder = f"{opening.__file__.rpartition('/')[0]}/migrations"
    config = Config()
    config.set_main_option("script_location", folder)
    assert ScriptDirectory.from_config(config).get_heads() == [opening.HEAD]


def test_nothing_is_left_to_migrate(store, url):
    engine = make_engine(resolve(url, None))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_constraints_are_the_same_too(store, url):
    """`compare_metadata` looks at neither checks nor names, so they are compared here."""
    engine = make_engine(resolve(url, None))
    found = inspect(engine)
    for table in tables.metadata.sorted_tables:
        named = {one["name"] for one in found.get_check_constraints(table.name)}
        named |= {one["name"] for one in found.get_unique_constraints(table.name)}
        named |= {one["name"] for one in found.get_foreign_keys(table.name)}
        named |= {found.get_pk_constraint(table.name)["name"]}
        # A primary key that is a sequence of its own has the same name on both.
        assert named == {str(one.name) for one in table.constraints}, table.name
    engine.dispose()


def pieces(sql):
    """The parts of a statement; a column that was added later stands behind the constraints, on one line."""
    return re.split(r",\s+|\s*\n\s*", sql.strip().removesuffix(")").rstrip())


def schema(engine):
    """Every statement that made a table, an index or a trigger, without its layout and order of lines."""
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    return {(kind, name): sorted(pieces(sql)) for kind, name, sql in found}


def test_statements_of_sqlite_are_the_same(tmp_path, sqlite_url):
    fresh = create_engine(f"sqlite:///{tmp_path}/fresh.db")
    tables.metadata.create_all(fresh)
    with fresh.begin() as connection:
        for table in tables.APPEND_ONLY:
            for statement in guards.append_only("sqlite", table):
                connection.execute(text(statement))
        for table, columns in tables.FIXED_COLUMNS.items():
            for statement in guards.fixed_columns("sqlite", table, columns):
                connection.execute(text(statement))
    migrated = make_engine(resolve(sqlite_url, None))
    assert schema(migrated) == schema(fresh)
    fresh.dispose()
    migrated.dispose()


@contextmanager
def old_database(url, revision):
    """A connection to a database of an older revision."""
    engine = make_engine(resolve(url, None))
    config = Config()
    config.set_main_option("script_location", f"{opening.__file__.rpartition('/')[0]}/migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    engine.dispose()


def write_old(connection, table, values):
    """A row of `table`, without the columns that came later."""
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    typed = [bindparam(name, type_=table.c[name].type) for name in values]
    statement = text(f"INSERT INTO {table.name} ({names}) VALUES ({marks})").bindparams(*typed)
    connection.execute(statement, values)


def test_old_thresholds_kept_characters_as_they_were(tmp_path):
    url = f"sqlite:///{tmp_path}/old.db"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    old = rows.from_threshold(threshold()) | {"name": "baseline", "at": now}
    del old["characters"]
    with old_database(url, "0001") as connection:
        connection.execute(insert(tables.checkpoints), rows.from_checkpoint(checkpoint()) | {"at": now})
        write_old(connection, tables.thresholds, old)
    with Store.open(url, upgrade=True) as store:
        assert store.threshold("baseline") == threshold()
        assert store.threshold("baseline").characters == "keep"
        store.add_threshold("baseline", threshold(characters="normalise@1"))
        assert [t.characters for t in store.thresholds("baseline")] == ["keep", "normalise@1"]


def test_old_sessions_drew_nothing_that_was_counted(tmp_path):
    url = f"sqlite:///{tmp_path}/old.db"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    end = {"outcome": "failed", "queries": 9, "seconds": 0.5, "screens": 40, "ended": now}
    with old_database(url, "0002") as connection:
        values = rows.from_session(session(), now, None)
        id = connection.execute(insert(tables.sessions).values(values).returning(tables.sessions.c.id))
        write_old(connection, tables.session_ends, {"session_id": id.scalar_one(), **end})
    with Store.open(url, upgrade=True) as store:
        (before,) = store.sessions()
        assert (before.result.queries, before.result.screens, before.result.draws) == (9, 40, 0)
        store.add_session(session(1))
        assert [s.result.draws for s in store.sessions()] == [0, 12]


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path):
    """A database without any table."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/old.db"


def test_old_known_items_get_the_ground_of_their_ruling(empty_url):
    """From 0004: grounds are read off rulings; remarks and leases are as they were, and allow more."""
    now, id = datetime(2026, 1, 1, tzinfo=UTC), stored(1).id
    ruling = Judgement(verdict=Verdict.SAFE, reason="edge_case: A scar.")
    with old_database(empty_url, "0004") as connection:
        connection.execute(insert(tables.families), {"id": "family 1", "split": "train"})
        connection.execute(insert(tables.snippets), rows.from_snippet(stored(1)))
        made = annotation(1, "adjudicator:lead-1", judgement=ruling)
        connection.execute(insert(tables.annotation_rows), rows.from_annotation(made, now))
        worker = {"name": "otter-1", "bot": False, "created": now, "preferences": {}}
        write_old(connection, people_tables.workers, worker)
        given = {"snippet_id": id, "worker": "otter-1"}
        lease = {"handle": "h", "purpose": "gold", "taken": now, "until": now}
        write_old(connection, people_tables.leases, given | lease)
        remark = {"key": "k", "kind": "gap", "reason": "r", "note": "n", "at": now}
        write_old(connection, people_tables.remarks, given | remark)
        known = {"verdict": "SAFE", "severity": 0, "note": "A scar.", "author": "lead-1"}
        flags = {"edge": True, "served": True, "at": now}
        write_old(connection, people_tables.gold, {"snippet_id": id, **known, **flags})
    with Store.open(empty_url, upgrade=True) as store:
        ((kept, _),) = Known(store).items()
        assert kept.ground == "edge_case"
        desk = Labelling(store)
        assert desk.one("otter-1", "h").purpose == "gold"
        more = Remark(key="d", snippet_id=id, worker="otter-1", kind="dispute", reason="known", note="No.")
        desk.remark(more, most_skips=3)
        assert [one.key for one in desk.remarks(worker="otter-1")] == ["k", "d"]
        assert Checks(store).lend_again("otter-1", id, str, ttl=60)[0].purpose == "again"
