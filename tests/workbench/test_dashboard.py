"""The dashboard counts in the database what the slow way reads, and does not grow with programs' labels."""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import contextmanager

from sqlalchemy import Engine, event

from holdfast.annotation.rules import latest
from holdfast.measurement.failure_rate import corpus_failure_rate
from holdfast.types import Annotation, Judgement, Round, Source, Verdict
from holdfast.workbench.tables import TABLES
from tests.store.values import session

from .conftest import ok, problem, stored
from .test_attack import begin, events, hand_in
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


def test_failure_rates_come_a_page_at_a_time(bench):
    lead = bench.person("lead")
    for number in range(5):
        store_rate(bench, "baseline" if number % 2 else "round-1", number)
    first = ok(lead.get("/api/dashboard/failure-rates?limit=2"))
    rest = ok(lead.get("/api/dashboard/failure-rates?offset=2&limit=20"))
    assert first["total"] == rest["total"] == 5
    assert [row["failures"]["count"] for row in first["rows"] + rest["rows"]] == [4, 3, 2, 1, 0]
    assert ok(lead.get("/api/dashboard/failure-rates?offset=-3&limit=0"))["rows"] == first["rows"][:1]
    newest = ok(lead.get("/api/dashboard/summary"))["failure_rates"]
    assert {row["target"] for row in newest} == {"round-1"} and len(newest) == 3


def store_rate(bench, target, failures):
    verdicts = [Verdict.CATASTROPHIC] * failures + [Verdict.SAFE] * 100
    found = corpus_failure_rate([-1.0] * len(verdicts), verdicts, 0.0, target=target, population="=1+1")
    values = {"kind": "failure_rate", "target": target, "round": 0, "population": "=1+1", "run_id": ""}
    bench.site.store.add_measurement(result=found.to_dict(), **values)


def test_every_table_is_a_file_and_runs_nothing(bench):
    store_rate(bench, "baseline", 3)
    attacker, lead = bench.person("attacker"), bench.person("lead")
    ok(hand_in(bench, attacker, begin(bench, attacker)))
    for name in TABLES:
        answer = lead.get(f"/api/dashboard/tables/{name}.csv")
        assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
        assert answer.headers["content-type"].startswith("text/csv")
        assert not [c for row in csv.reader(io.StringIO(answer.text)) for c in row if c[:1] in "=+@" and c]
    (row,) = csv.DictReader(io.StringIO(lead.get("/api/dashboard/tables/failure-rates.csv").text))
    assert (row["failures_count"], row["failures_trials"], row["population"]) == ("3", "103", "'=1+1")
    shown = ok(lead.get("/api/dashboard/failure-rates"))["rows"][0]["failures"]
    assert float(row["failures_upper"]) == shown["upper"]
    problem(lead.get("/api/dashboard/tables/secrets.csv"), 404, "unknown")
    problem(attacker.get("/api/dashboard/tables/raters.csv"), 403, "forbidden")


def test_the_success_curve_counts_the_same_time_and_finds(bench):
    attacker, lead = bench.person("attacker"), bench.person("lead")
    for number in range(3):
        session_ = begin(bench, attacker)
        bench.clock.forward(seconds=60)
        url = f"/api/attack/sessions/{session_['id']}"
        ok(attacker.post(f"{url}/events", json=events(("open", 0), ("key", 50))))
        if number:
            ok(hand_in(bench, attacker, session_, f"The man expired {number}."))
        else:
            ok(attacker.post(f"{url}/end", json={"client_id": bench.key()}))
    for _ in range(2):
        client = bench.person("labeller")
        while items := take(client)["items"]:
            ok(say(bench, client, items[0], "CATASTROPHIC", severity=4))
    rows = ok(lead.get("/api/dashboard/attack-times"))["rows"]
    curves = ok(lead.get("/api/dashboard/success-curves"))
    assert sum(one["successes"] for one in curves) == sum(one["successes"] for one in rows) == 2
    for one in curves:
        assert one["points"][-1]["at_risk"] >= 1 and one["spells"] >= one["successes"]
        assert all(p["lower"] <= p["unbroken"] <= p["upper"] for p in one["points"])
