"""Append-only holds in the database itself, whoever writes."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from holdfast.errors import StoreError
from holdfast.store.attacking import Attacking, Handed, Terms
from holdfast.store.checks import Checks
from holdfast.store.engine import make_engine, resolve, writer
from holdfast.store.failures import translated
from holdfast.store.known import Known
from holdfast.store.labelling import Labelling, Rules
from holdfast.store.people import People
from holdfast.store.rating import Rating
from holdfast.store.tables import APPEND_ONLY, FIXED_COLUMNS, metadata
from holdfast.types import Verdict
from holdfast.types.bench import Choice, Comparison, Gold, Pair, Remark
from holdfast.types.person import Account, GuidelinesText
from tests.store.values import annotation, checkpoint, session, stored, threshold


def fill_workbench(store):
    """A row in each table of people's work."""
    now, worker, id = datetime(2026, 1, 1, tzinfo=UTC), "amber-otter-1", stored(1).id
    people, labelling, attacking, rating = People(store), Labelling(store), Attacking(store), Rating(store)
    ada = {"login": "ada", "password": "", "roles": (), "active": True, "bot": False, "preferences": {}}
    people.add_account(Account(worker=worker, created=now, **ada))
    people.write_guidelines(GuidelinesText(version="1", text="", note="", author=worker, at=now))
    people.acknowledge(worker, "guidelines", "1")
    labelling.remark(Remark(key="k", snippet_id=id, worker=worker, kind="gap", reason=""), most_skips=3)
    known = Gold(snippet_id=id, verdict=Verdict.SAFE, severity=0, note="", author=worker, at=now)
    items, checks = Known(store), Checks(store)
    items.keep(known, served=True)
    items.keep(replace(known, verdict=Verdict.CATASTROPHIC), served=True)
    items.begin_test(worker, 1, [id])
    checks.lend_again(worker, id, str, ttl=1)
    checks.bear(worker, id)
    labelling.add([stored(3).id], wanted=1)
    labelling.lend(worker, [stored(3).id], str, purpose="label", ttl=1)
    audit = Rules(counts=lambda item: True, audited=lambda item, marks: True)
    labelling.answer(worker, stored(3).id, annotation(3, worker), "a", audit)
    terms = Terms(practice=False, tools=True, lock_prompt=False)
    number = attacking.start(session(2, attacker=worker), worker, terms, key="s")
    attacking.add_events(number, [(0, "open", 0.0)])
    attacking.claim(number, "c", 1.0)
    attacking.help(number, "edits", 1)
    handed = Handed(key="h", worker=worker, stored=stored(2), note="", strategies=(), logit=0.0, wanted=0)
    attacking.submit(number, handed, queries=1, seconds=0.0)
    pair = Pair(
        id="p",
        target="baseline",
        prompt="",
        first="a",
        second="b",
        first_arm="filtered",
        second_arm="unfiltered",
        batch="",
    )
    rating.add([pair])
    rating.answer(Comparison(key="r", pair=pair, worker=worker, left="first", choice=Choice.TIE))


@pytest.fixture
def filled(store):
    store.add_snippets([stored(1), stored(3)])
    store.add_annotations([annotation(1)])
    store.add_session(session(1))
    store.add_checkpoint(checkpoint())
    store.add_threshold("baseline", threshold())
    store.add_measurement(kind="k", target="baseline", round=0, population="p", result={}, run_id="r")
    fill_workbench(store)
    return store


@pytest.fixture
def execute(filled, url):
    engine = make_engine(resolve(url, None))

    def run(statement):
        with writer(engine).begin() as connection:
            connection.execute(text(statement))

    yield run
    engine.dispose()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_are_never_changed_or_removed(execute, table):
    column = next(iter(metadata.tables[table].columns)).name
    with pytest.raises(DBAPIError, match=f"append-only: UPDATE of {table} is refused"):
        execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(DBAPIError, match=f"append-only: DELETE of {table} is refused"):
        execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", FIXED_COLUMNS)
def test_snippets_and_families_stay_what_they_are(execute, table):
    for column in FIXED_COLUMNS[table]:
        with pytest.raises(DBAPIError, match=f"append-only: UPDATE of {table} is refused"):
            execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(DBAPIError, match=f"append-only: DELETE of {table} is refused"):
        execute(f"DELETE FROM {table}")


def test_a_family_in_two_splits_breaks_a_foreign_key(execute):
    with pytest.raises(DBAPIError, match="(?i)foreign key"):
        execute(
            'INSERT INTO snippets (id, prompt, completion, source, split, family, round, "group", inclusion)'
            " VALUES ('x', '', '', 'natural', 'test', 'family 1', 0, '', 1.0)"
        )


def test_an_annotation_of_nothing_breaks_a_foreign_key(execute):
    with pytest.raises(DBAPIError, match="(?i)foreign key"):
        execute(
            "INSERT INTO annotations"
            " (snippet_id, annotator, verdict, severity, strategy, reason, guidelines, at)"
            " VALUES ('x', 'a', 'SAFE', 0, '', '', '', '2026-01-01 00:00:00')"
        )


def test_the_message_says_what_to_do(execute, url):
    with pytest.raises(StoreError, match="write a new row"), translated("db"):
        execute("DELETE FROM annotations")


def test_another_program_cannot_change_rows_either(sqlite_url, template):
    from holdfast.store import Store

    with Store.open(sqlite_url) as store:
        store.add_snippets([stored(1)])
        store.add_annotations([annotation(1)])
    other = sqlite3.connect(resolve(sqlite_url, None).database)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute("UPDATE annotations SET verdict = 'CATASTROPHIC'")
    other.close()


def test_replacing_a_row_is_refused_like_deleting_it(sqlite_url):
    from holdfast.store import Store

    with Store.open(sqlite_url) as store:
        store.add_snippets([stored(1)])
        store.add_annotations([annotation(1)])
    engine = make_engine(resolve(sqlite_url, None))
    with pytest.raises(DBAPIError, match="append-only"), writer(engine).begin() as connection:
        connection.execute(
            text(
                "INSERT OR REPLACE INTO annotations SELECT seq, snippet_id, annotator, 'UNSURE', severity,"
                " strategy, reason, guidelines, seconds, at, key FROM annotations"
            )
        )
    engine.dispose()


def test_a_table_is_not_emptied_on_postgresql(request):
    url = request.getfixturevalue("postgres_url")
    from holdfast.store import Store

    with Store.open(url, create=True):
        engine = make_engine(resolve(url, None))
        with pytest.raises(DBAPIError, match="append-only: TRUNCATE"), engine.begin() as connection:
            connection.execute(text("TRUNCATE annotations"))
        engine.dispose()
