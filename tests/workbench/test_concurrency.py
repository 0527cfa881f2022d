"""Many at once: no item over its quota, nobody labels their own, no deed lost, whoever gets in the way."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast.annotation import leases
from holdfast.annotation.blinding import opaque_id
from holdfast.store import Store
from holdfast.store.labelling import Labelling, Rules
from holdfast.store.people import People
from holdfast.types import Annotation, Judgement, Verdict
from holdfast.types.bench import Remark
from holdfast.types.person import Account, Role

from .conftest import Clock, ok, stored
from .test_attack import ask, begin, hand_in

KEY = b"k" * 32


@pytest.fixture
def store(url):
    with Store.open(url, create=True) as opened:
        yield opened


def add_worker(store, name, clock):
    account = Account(
        worker=name,
        login=name,
        password="",
        roles=(Role.LABELLER,),
        active=True,
        bot=False,
        created=clock.now,
        preferences={},
    )
    People(store, clock=clock).add_account(account)


class Labeller:
    """One thread that claims, answers, skips and sometimes sends twice."""

    def __init__(self, store, name, clock, seed):
        self.desk, self.name, self.clock = Labelling(store, clock=clock), name, clock
        self.random, self.counted, self.deeds = random.Random(seed), [], 0

    def claim(self):
        def choose(items):
            found = leases.offer(items, self.name, self.clock().timestamp())
            return found if isinstance(found, list) else []

        handle = lambda id: opaque_id(KEY, self.name, id)  # noqa: E731
        return self.desk.claim(self.name, choose, handle, ttl=leases.TTL, window=8)

    def run(self):
        while held := self.claim():
            one = held[0]
            self.deeds += 1
            if self.random.random() < 0.1:
                remark = Remark(
                    key=f"{self.name}:{self.deeds}",
                    snippet_id=one.snippet.id,
                    worker=self.name,
                    kind="skip",
                    reason="other",
                )
                self.desk.remark(remark, most_skips=leases.SKIPS)
                continue
            said = Annotation(
                snippet_id=one.snippet.id,
                annotator=self.name,
                judgement=Judgement(verdict=self.random.choice(list(Verdict))),
                guidelines="1",
            )
            for _ in range(self.random.choice((1, 1, 2))):
                counts = self.desk.answer(
                    self.name,
                    one.handle,
                    said,
                    f"{self.name}:{self.deeds}",
                    Rules(
                        counts=lambda item: leases.answer(item, self.name) is leases.Late.COUNTS,
                        audited=lambda item, marks: False,
                    ),
                )
            if counts:
                self.counted.append(one.snippet.id)


def test_threads_that_claim_never_go_over_a_quota(store):
    clock, names = Clock(), [f"worker-{n}" for n in range(8)]
    made = [stored(n) for n in range(60)]
    store.add_snippets(made)
    desk = Labelling(store, clock=clock)
    for number, name in enumerate(names):
        add_worker(store, name, clock)
        part = made[number * 7 : number * 7 + 7]
        desk.add([one.id for one in part], author=name)
    desk.add([one.id for one in made])
    crew = [Labeller(store, name, clock, seed) for seed, name in enumerate(names)]
    with ThreadPoolExecutor(len(crew)) as pool:
        for done in [pool.submit(one.run) for one in crew]:
            done.result(timeout=120)
    marks = store.annotations()
    author = {one.id: names[n // 7] for n, one in enumerate(made) if n // 7 < len(names)}
    for id, said in marks.items():
        people = {one.annotator for one in said}
        assert len(said) == len(people) <= 2, id
        assert author.get(id) not in people
    for one in crew:
        mine = sorted(id for id, said in marks.items() if one.name in {a.annotator for a in said})
        assert sorted(one.counted) == mine
    counts, _ = desk.counts()
    assert counts.to_label + counts.labelled == len(made)
    open_ids = {one.id for one in made if len(marks.get(one.id, [])) < 2}
    assert counts.to_label <= len(open_ids)


def test_two_holders_of_one_invite_one_gets_in(bench):
    _, token = bench.site.accounts.invite([Role.RATER], "test")
    gate = threading.Barrier(6)

    def join(number):
        client = bench.browser()
        gate.wait()
        body = {"token": token, "login": f"racer{number}", "password": "correct horse battery"}
        return client.post("/api/auth/accept", json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(join, range(6))) == [200, 409, 409, 409, 409, 409]


def test_attackers_at_once_lose_nothing(bench):
    """Scores, events and submissions of six attackers, each sent twice, as after a lost answer."""
    people = [bench.person("attacker") for _ in range(6)]

    def attack(client):
        session = begin(bench, client)
        for seq in range(5):
            ok(ask(client, session, f"The man expired {seq}.", seq))
        mine = f"The man expired at {client.pseudonym}."
        key = bench.key()
        first = ok(hand_in(bench, client, session, mine, client_id=key))
        assert ok(hand_in(bench, client, session, mine, client_id=key))["id"] == first["id"]
        return session["id"], mine

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attack, people))
    finds = {find.session_id: find for find in bench.site.attacking.finds()}
    assert {id: find.snippet.completion for id, find in finds.items()} == dict(found)
    for id, text in found:
        session = bench.site.store.session(id)
        assert [s.snippet.completion for s in session.result.steps][-1] == text
        assert len(session.result.steps) == 7
    assert bench.site.labelling.counts()[0].to_label == 6


def test_a_restart_in_between_loses_nothing(make_bench):
    bench = make_bench()
    attacker = bench.person("attacker")
    session = begin(bench, attacker)
    ok(ask(attacker, session, "The man expired.", 0))
    cookie = attacker.cookies["holdfast"]
    bench.site.close()
    again = make_bench()
    again.clock.now = bench.clock.now
    client = again.browser()
    client.cookies.set("holdfast", cookie)
    (found,) = ok(client.get("/api/attack/sessions"))
    assert found["id"] == session["id"] and found["last"]["completion"] == "The man expired."
    assert ok(ask(client, found, "The man slept.", found["next_seq"] + 1))["accepted"]
    assert ok(hand_in(again, client, found))["status"] == "pending"
