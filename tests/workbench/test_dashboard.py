"""The dashboard counts in the database what the slow way reads, and does not grow with programs' labels."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

from sqlalchemy import Engine, event

from holdfast.annotation.rules import latest
from holdfast.types import Annotation, Judgement, Round, Source, Verdict
from tests.store.values import session

from .conftest import ok, stored
from .test_attack import begin, hand_in
from .test_label import queue, say, take


@contextmanager
def statements():
    """Every statement that any database is sent meanwhile."""
    found = []

    def note(connection, cursor, statement, *_rest):
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def judged(bench, numbers, annotator="oracle:test"):
    """Snippets that a program has judged."""
    made = [stored(n) for n in numbers]
    marks = [
        Annotation(
            snippet_id=one.id, annotator=annotator, judgement=Judgement(verdict=Verdict.SAFE), guidelines="g"
        )
        for one in made
    ]
    bench.site.store.add_snippets(made, annotations=marks)


def worked(bench, numbers):
    """Finished training sessions of programs on the round's target."""
    bench.site.store.add_sessions(
        [session(n, target="baseline", round=1, purpose="train") for n in numbers],
        keys=[f"s{n}" for n in numbers],
    )


def test_the_summary_does_not_grow_with_what_programs_did(bench):
    lead, attacker = bench.person("lead"), bench.person("attacker")
    bench.site.store.open_round(Round(number=1, target="baseline"))
    sent = []
    for part in range(2):
        judged(bench, range(1000 * part, 1000 * part + 40 * (1 + 20 * part)))
        worked(bench, range(100 * part, 100 * part + 3 * (1 + 9 * part)))
        ok(hand_in(bench, attacker, begin(bench, attacker), f"The man expired {part}."))
        with statements() as found:
            ok(lead.get("/api/dashboard/summary"))
        sent.append(len(found))
        read = [one for one in found if "FROM annotations" in one]
        assert read and all("WHERE" in one for one in read), "every label was read"
    assert sent[0] == sent[1] < 60


def test_counts_are_those_of_the_slow_way(bench):
    queue(bench, 6)
    judged(bench, range(100, 130))
    for verdict in ("SAFE", "CATASTROPHIC"):
        client = bench.person("labeller")
        while items := take(client)["items"]:
            ok(say(bench, client, items[0], "UNSURE"))
            ok(say(bench, client, items[0], verdict))
    bench.site.store.open_round(Round(number=1, target="baseline"))
    worked(bench, range(8))
    found = ok(bench.person("lead").get("/api/dashboard/summary"))
    names = {account.worker for account in bench.site.people.accounts()}
    said = Counter(
        one.judgement.verdict.value
        for marks in bench.site.store.annotations().values()
        for one in latest(m for m in marks if m.annotator in names)
    )
    assert found["verdicts"] == said == {"SAFE": 6, "CATASTROPHIC": 6}
    sessions = bench.site.store.sessions(target="baseline", round=1, purpose="train")
    candidates = {s.result.candidate.id for s in sessions if s.result.candidate is not None}
    (row,) = found["rounds"]
    assert row["candidates"] == len(candidates) > 0 and row["waiting"] == len(candidates)
    assert bench.site.store.count_snippets(source=Source.NATURAL) > 30
