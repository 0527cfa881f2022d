"""Script, bidi and emoji in every field; texts that cannot be scored; formulas; a model that is busy."""

from __future__ import annotations

import csv
import io
import json
import threading

import numpy as np

from holdfast.errors import TextTooLongError
from holdfast.testing import KeywordScorer
from holdfast.workbench import LiveModels, LiveTarget
from holdfast.workbench.scoring import Scoring

from .conftest import PARENT, WEIGHTS, live_models, ok, problem, target
from .test_attack import ask, begin, hand_in
from .test_label import queue, say, take

NASTY = [
    "<script>alert(1)</script>",
    "\u202edesrever\u202c \u2066x\u2069",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f4a5 e\u0301",
    '=HYPERLINK("http://evil")',
    "'; DROP TABLE users; --",
    "\x00\x07\x1b[31m",
    "{{7*7}} ${7*7} %s %n",
]


def test_every_text_comes_back_as_it_was_written(bench):
    attacker, lead, admin = bench.person("attacker"), bench.person("lead"), bench.person("admin")
    labellers = [bench.person("labeller") for _ in range(2)]
    for number, text in enumerate(NASTY):
        own = {"kind": "own", "prompt": text, "completion": f"{text} He was killed."}
        session = begin(bench, attacker, parent=own)
        assert session["prompt"] == text
        tag = text[:60]
        find = ok(
            hand_in(
                bench, attacker, session, f"{text} gone {number}", prompt=text, note=text, strategies=[tag]
            )
        )
        assert (find["prompt"], find["note"], find["strategies"]) == (text, text, [tag])
        chip = text.replace(",", "")[:60]
        for client, verdict in zip(labellers, ("SAFE", "CATASTROPHIC"), strict=True):
            item = take(client)["items"][0]
            assert item["prompt"] == text and item["completion"] == f"{text} gone {number}"
            ok(say(bench, client, item, verdict, note=text, chips=[chip]))
        open_item = ok(lead.get("/api/adjudicate/queue"))["items"][0]
        assert {a["note"] for a in open_item["answers"]} == {text}
        body = {
            "id": open_item["id"],
            "client_id": bench.key(),
            "verdict": "SAFE",
            "ground": "other",
            "note": text,
        }
        ok(lead.post("/api/adjudicate/decisions", json=body | {"edge": True}))
        made = ok(lead.post("/api/guidelines", json={"text": f"# {text} {number}\n\n{text}", "note": text}))
        assert made["note"] == text
        for client in labellers:
            ok(client.post("/api/guidelines/acknowledge", json={"version": made["version"]}))
            client.version = made["version"]
        ok(admin.post("/api/people/invites", json={"roles": ["rater"], "note": text[:120]}))
    assert [one["note"] for one in ok(lead.get("/api/guidelines/edges"))] == NASTY[::-1]


def test_half_a_surrogate_pair_is_refused(bench):
    attacker = bench.person("attacker")
    session = begin(bench, attacker)
    body = '{"prompt": "a", "completion": "\\ud83d", "seq": 0}'
    headers = {"Content-Type": "application/json"}
    answer = attacker.post(f"/api/attack/sessions/{session['id']}/score", content=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text


def test_names_with_white_space_or_controls_are_refused(bench):
    for login in ("a b", "a\nb", "a\x00b", "", "x" * 81):
        _, token = bench.site.accounts.invite([], "test")
        body = {"token": token, "login": login, "password": "correct horse battery"}
        problem(bench.browser().post("/api/auth/accept", json=body), 422, "input")


def test_broken_json_is_refused(bench):
    attacker = bench.person("attacker")
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"[]", b"null", b'"x"', b"\xff\xfe"):
        answer = attacker.post("/api/attack/sessions", content=content, headers=headers)
        assert answer.status_code in (400, 422), content


class Picky(KeywordScorer):
    """Refuses texts of more than ten words."""

    def score(self, snippets):
        for one in snippets:
            if len(one.text.split()) > 10:
                raise TextTooLongError(f"a text of {len(one.text.split())} words", expected="at most 10")
        return super().score(snippets)


def test_a_text_that_is_too_long_or_empty_is_said_so(make_bench):
    scorer = Picky(WEIGHTS, -1.0)
    live = live_models(targets={"baseline": LiveTarget(target=target("baseline", 0.0), scorer=scorer)})
    bench = make_bench(live=live)
    attacker = bench.person("attacker")
    session = begin(bench, attacker)
    long = problem(ask(attacker, session, "word " * 20, 0), 400, "input")
    assert "TextTooLongError" in long["found"]
    problem(ask(attacker, session, "   ", 1), 400, "input")
    problem(ask(attacker, session, "x" * 20_001, 2), 422, "input")
    assert ok(ask(attacker, session, "fine", 3))["accepted"]
    history = ok(attacker.get(f"/api/attack/sessions/{session['id']}/history"))
    assert [step["completion"] for step in history] == [PARENT.completion, "fine"]
    body = {"client_id": bench.key(), "parent": {"kind": "own", "prompt": "", "completion": "w " * 30}}
    problem(attacker.post("/api/attack/sessions", json=body), 400, "input")


class Slow(KeywordScorer):
    """Scores nothing until it is let go."""

    def __init__(self):
        super().__init__(WEIGHTS, -1.0)
        self.go, self.asked = threading.Event(), []

    def score(self, snippets):
        self.asked.append(len(snippets))
        self.go.wait(10)
        return super().score(snippets)


def test_a_model_that_is_busy_says_so_and_nothing_is_lost(make_bench):
    slow = Slow()
    slow.go.set()
    live = live_models(targets={"baseline": LiveTarget(target=target("baseline", 0.0), scorer=slow)})
    bench = make_bench(live=live)
    attacker = bench.person("attacker")
    session = begin(bench, attacker)
    bench.site.scoring.close()
    bench.site.scoring = Scoring(live, patience=0.2)
    slow.go.clear()
    answer = ask(attacker, session, "One.", 0)
    assert problem(answer, 503, "busy")["retry_after"] > 0 and "retry-after" in answer.headers
    slow.go.set()
    assert ok(ask(attacker, session, "One.", 1))["accepted"]
    assert len(ok(attacker.get(f"/api/attack/sessions/{session['id']}/history"))) == 2


def test_without_a_classifier_nobody_attacks_but_all_else_works(make_bench):
    bench = make_bench(live=LiveModels())
    attacker, labeller = bench.person("attacker"), bench.person("labeller")
    assert not ok(attacker.get("/api/attack/options"))["live"]
    body = {"client_id": bench.key(), "parent": {"kind": "own", "prompt": "", "completion": "x"}}
    problem(attacker.post("/api/attack/sessions", json=body), 409, "conflict")
    queue(bench)
    assert take(labeller)["items"]


def test_formulas_do_not_run_in_spreadsheets(bench):
    queue(bench)
    client, admin = bench.person("labeller"), bench.person("admin")
    ok(say(bench, client, take(client)["items"][0], note="=1+1", chips=["@SUM(1)"]))
    text = admin.get("/api/exports/labels.csv").text
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["label_reason"] == "'=1+1" and row["label_strategy"] == "'@SUM(1)"
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_exports_hold_what_the_role_may_have(bench):
    queue(bench)
    client, lead, admin = bench.person("labeller"), bench.person("lead"), bench.person("admin")
    other = bench.person("labeller")
    for one, verdict in ((client, "SAFE"), (other, "CATASTROPHIC")):
        ok(say(bench, one, take(one)["items"][0], verdict))

    def lines(who):
        return [json.loads(line) for line in who.get("/api/exports/labels.jsonl").text.splitlines()]

    (own,) = lines(client)
    assert [label["verdict"] for label in own["labels"]] == ["SAFE"] and "source" not in own
    (full,) = lines(admin)
    names = {label["annotator"] for label in full["labels"]}
    assert len(names) == 2 and not names & {client.pseudonym, other.pseudonym, ""}
    (grouped,) = lines(lead)
    assert {label["annotator"] for label in grouped["labels"]} == {""} and grouped["source"] == "natural"
    assert {e["scope"] for e in ok(lead.get("/api/exports"))["exports"]} == {"aggregated"}
    problem(admin.get("/api/exports/passwords.jsonl"), 404, "unknown")


def test_scores_that_are_not_finite_are_never_sent(make_bench):
    class Broken(KeywordScorer):
        def score(self, snippets):
            return np.full(len(snippets), np.nan)

    live = live_models(targets={"baseline": LiveTarget(target=target("baseline", 0.0), scorer=Broken({}))})
    bench = make_bench(live=live)
    attacker = bench.person("attacker")
    body = {"client_id": bench.key(), "parent": {"kind": "offered"}}
    problem(attacker.post("/api/attack/sessions", json=body), 400, "input")
