"""Through a real database and back: what is read equals what was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import InputError
from holdfast.store import Store
from holdfast.types import RunStatus, Snippet
from tests.store import values

MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def memory():
    with Store.open("sqlite://", create=True) as store:
        yield store


@given(st.lists(values.stored_snippets, unique_by=lambda one: one.id, max_size=5))
@MANY
def test_snippets(memory, found):
    new = [one for one in found if not memory.snippets(ids=[one.id])]
    assert memory.add_snippets(found) == len(new)
    assert memory.snippets(ids=[one.id for one in new]) == new


@given(values.judgements, values.texts, st.none() | values.finite, values.times)
@MANY
def test_annotations(memory, judgement, annotator, seconds, at):
    one = values.stored()
    memory.add_snippets([one])
    written = values.annotation(annotator=annotator, judgement=judgement, seconds=seconds, at=at)
    memory.add_annotations([written])
    assert memory.annotations([one.id])[one.id][-1] == written


@given(values.sessions)
@MANY
def test_sessions(memory, session):
    id = memory.add_session(session, repeatable=True)
    assert memory.session(id) == replace(session, id=id)


@given(values.thresholds)
@MANY
def test_thresholds(memory, threshold):
    memory.add_checkpoint(values.checkpoint())
    memory.add_threshold("baseline", threshold)
    assert memory.threshold("baseline") == threshold


@given(values.records)
@MANY
def test_run_records(memory, record):
    record = replace(record, id=uuid4().hex)
    memory.start_run(record)
    found = memory.run(record.id)
    # nan in a config is not equal to itself; repr is.
    assert repr(found.config) == repr(record.config)
    assert repr(found.arguments) == repr(record.arguments)
    assert replace(found, config={}, arguments={}) == replace(record, config={}, arguments={})


def test_logits_of_files_are_unknown_and_stay_nan(store):
    one = values.session()
    steps = tuple(replace(step, logit=float("nan")) for step in one.result.steps)
    id = store.add_session(replace(one, result=replace(one.result, steps=steps)))
    assert [step.logit != step.logit for step in store.session(id).result.steps] == [True, True]


def test_a_text_with_nul_is_kept_or_refused_never_cut(store):
    text = "a\0b"
    one = values.stored(snippet=Snippet(prompt="", completion=text))
    try:
        store.add_snippets([one])
    except InputError as error:
        assert "NUL" in str(error)
    else:
        assert store.snippets() == [one]


def test_half_a_surrogate_pair_is_refused(store):
    with pytest.raises(InputError, match="surrogate"):
        store.add_snippets([values.stored(snippet=Snippet(prompt="", completion="\ud800"))])
    assert store.count_snippets() == 0


def test_a_time_without_a_zone_is_refused(store):
    store.add_snippets([values.stored()])
    with pytest.raises(InputError, match="zone"):
        store.add_annotations([values.annotation(at=datetime(2026, 1, 1))])  # noqa: DTZ001
    assert store.annotations() == {}


def test_a_number_that_fits_no_column_is_refused(store):
    with pytest.raises(InputError):
        store.start_run(values.record(seed=2**70))
    assert store.runs() == []


def test_times_are_read_in_utc(store):
    store.start_run(values.record(started=datetime(2026, 1, 1, tzinfo=UTC)))
    store.finish_run(values.record().id, RunStatus.DONE)
    found = store.run(values.record().id)
    assert found.started == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.finished is not None and found.finished.tzinfo is UTC
