from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.errors import StoreError
from holdfast.types import Outcome
from tests.store.values import session, snippet, step


def test_a_resumed_attack_does_not_double(store):
    first = store.add_session(session(1))
    assert store.add_session(session(1)) == first
    others = [session(2), session(1, round=2), session(1, target="round-1"), session(1, purpose="measure")]
    assert len({store.add_session(one) for one in others} | {first}) == 5
    assert len(store.sessions()) == 5


def test_people_may_attack_one_parent_again(store):
    person = session(1, attacker="amber-otter")
    assert store.add_session(person, repeatable=True) != store.add_session(person, repeatable=True)
    assert store.add_session(person, key="k1") == store.add_session(person, key="k1")
    assert len(store.sessions(attacker="amber-otter")) == 3


def test_many_at_once(store):
    person = session(1, attacker="amber-otter")
    assert store.add_sessions([person, person, session(2)], keys=["row 1", "row 2", "row 3"]) == 3
    assert store.add_sessions([person, person], keys=["row 2", "row 4"]) == 1
    assert store.add_sessions([session(5), session(5), session(6)]) == 2
    assert len(store.sessions()) == 6
    assert store.add_sessions([]) == 0
    with pytest.raises(StoreError, match="1 keys for 2"):
        store.add_sessions([person, person], keys=["row 5"])


def test_sessions_come_back_whole_and_filtered(store):
    store.add_session(session(1))
    store.add_session(session(2, target="round-1", purpose="measure", round=2))
    (found,) = store.sessions(target="baseline", round=1, purpose="train", attacker="beam@1")
    assert replace(found, id=None, started=None) == session(1)
    assert found.started is not None
    assert [one.result.parent for one in store.sessions(round=2)] == [snippet(2)]
    assert store.sessions(target="nobody") == []


def test_attacked_parents(store):
    store.add_session(session(1))
    store.add_session(session(2, attacker="random@1"))
    where = {"target": "baseline", "round": 1, "purpose": "train"}
    assert store.attacked_parents(**where) == {snippet(1).id, snippet(2).id}
    assert store.attacked_parents("beam@1", **where) == {snippet(1).id}
    assert store.attacked_parents(target="baseline", round=2, purpose="train") == set()


def begun(n=1, attacker="amber-otter"):
    whole = session(n, attacker=attacker)
    return replace(whole, result=replace(whole.result, steps=(step(n),)))


def test_a_person_works_step_by_step(store):
    id = store.start_session(begun(), key="tab 1")
    assert store.start_session(begun(), key="tab 1") == id
    assert store.append_step(id, step(1, "She ran", queries=1, seconds=2.0)) == 1
    assert store.append_step(id, step(1, "She sat", queries=2, seconds=4.5), number=2) == 2
    assert store.append_step(id, step(1, "She sat", queries=2, seconds=4.5), number=2) == 2
    assert store.sessions() == []
    (waiting,) = store.sessions(unfinished=True)
    assert (waiting.result.outcome, waiting.result.queries, waiting.result.seconds) == (
        Outcome.FAILED,
        2,
        4.5,
    )

    store.end_session(id, Outcome.CANDIDATE, queries=3, seconds=6.0)
    store.end_session(id, Outcome.CANDIDATE, queries=3, seconds=6.0)
    (found,) = store.sessions()
    assert [one.snippet for one in found.result.steps] == [
        snippet(1),
        snippet(1, "She ran"),
        snippet(1, "She sat"),
    ]
    assert found.result.candidate == snippet(1, "She sat")
    assert (found.result.queries, found.result.seconds) == (3, 6.0)
    assert store.sessions(unfinished=True) == []


def test_what_would_lose_an_edit_is_refused(store):
    id = store.start_session(begun())
    store.append_step(id, step(1, "She ran"), number=1)
    with pytest.raises(StoreError, match="another text"):
        store.append_step(id, step(1, "She sat"), number=1)
    store.end_session(id, Outcome.FAILED, queries=1, seconds=1.0)
    with pytest.raises(StoreError, match="has ended"):
        store.append_step(id, step(1, "She sat"))
    with pytest.raises(StoreError, match="ended as failed"):
        store.end_session(id, Outcome.CANDIDATE, queries=1, seconds=1.0)


def test_unknown_sessions(store):
    for call in (
        lambda: store.session(7),
        lambda: store.append_step(7, step()),
        lambda: store.end_session(7, Outcome.FAILED, queries=0, seconds=0.0),
    ):
        with pytest.raises(StoreError, match="no attack session 7"):
            call()


def test_an_unfinished_session_is_no_attacked_parent(store):
    store.start_session(begun())
    assert store.attacked_parents(target="baseline", round=1, purpose="train") == set()
