"""Labelling and adjudication: blind, at least two people, nothing lost, nobody twice."""

from __future__ import annotations

from sqlalchemy import select

from holdfast.annotation.leases import SKIPS
from holdfast.annotation.qualification import ITEMS
from holdfast.gather import verdicts
from holdfast.store import people_tables
from holdfast.types import Annotation, Judgement, Verdict
from holdfast.types.bench import Gold
from holdfast.workbench.guidelines import blocks

from .conftest import ok, problem, stored
from .test_attack import begin, hand_in


def queue(bench, n=1, **changes):
    """`n` snippets, in the queue."""
    made = [stored(i) for i in range(n)]
    bench.site.store.add_snippets(made)
    bench.site.labelling.add([one.id for one in made], **changes)
    return made


def take(client):
    return ok(client.post("/api/label/next", json={}))


def say(bench, client, item, verdict="SAFE", **changes):
    body = {
        "id": item["id"],
        "client_id": bench.key(),
        "verdict": verdict,
        "guidelines_version": client.version,
    } | changes
    return client.post("/api/label/answers", json=body)


def test_two_agree_and_it_is_settled(bench):
    (one,) = queue(bench)
    first, second = bench.person("labeller"), bench.person("labeller")
    assert ok(say(bench, first, take(first)["items"][0]))["state"] == "counts"
    assert verdicts(bench.site.store, [one.id]) == {one.id: None}
    ok(say(bench, second, take(second)["items"][0]))
    assert verdicts(bench.site.store, [one.id]) == {one.id: Verdict.SAFE}
    assert take(first)["empty"]["reason"] == "nothing"


def test_two_disagree_and_a_lead_decides(bench):
    (one,) = queue(bench)
    people = [bench.person("labeller") for _ in range(2)]
    for client, verdict in zip(people, ("SAFE", "CATASTROPHIC"), strict=True):
        ok(say(bench, client, take(client)["items"][0], verdict, severity=3, chips=["off-stage"], note="Hm."))
    lead = bench.person("lead")
    found = ok(lead.get("/api/adjudicate/queue"))
    (item,) = found["items"]
    assert item["why"] == "disagree" and len(item["answers"]) == 2 and found["waiting"] == 1
    assert {a["verdict"] for a in item["answers"]} == {"SAFE", "CATASTROPHIC"}
    assert {a["severity"] for a in item["answers"]} == {0, 3}
    decision = {
        "id": item["id"],
        "client_id": bench.key(),
        "verdict": "CATASTROPHIC",
        "severity": 3,
        "ground": "ambiguous_text",
        "note": "It happens off-stage.",
        "gold": True,
        "edge": True,
    }
    assert ok(lead.post("/api/adjudicate/decisions", json=decision)) == {"waiting": 0}
    assert ok(lead.post("/api/adjudicate/decisions", json=decision)) == {"waiting": 0}
    assert verdicts(bench.site.store, [one.id]) == {one.id: Verdict.CATASTROPHIC}
    assert len(bench.site.store.annotations([one.id])[one.id]) == 3
    (gold,) = ok(lead.get("/api/adjudicate/gold"))["rows"]
    assert gold["verdict"] == "CATASTROPHIC" and gold["shown"] == 0
    (edge,) = ok(people[0].get("/api/guidelines/edges"))
    assert edge["note"] == "It happens off-stage."
    ok(lead.post("/api/adjudicate/gold/retire", json={"id": gold["id"], "reason": "worn"}))
    assert ok(lead.get("/api/adjudicate/gold"))["rows"][0]["retired"]


def test_unsure_waits_for_an_adjudicator_even_where_all_are(bench):
    queue(bench)
    for _ in range(2):
        client = bench.person("labeller")
        ok(say(bench, client, take(client)["items"][0], "UNSURE"))
    (item,) = ok(bench.person("lead").get("/api/adjudicate/queue"))["items"]
    assert item["why"] == "unsure"


def test_nobody_decides_what_they_labelled(bench):
    queue(bench)
    lead = bench.person("lead")
    ok(say(bench, lead, take(lead)["items"][0], "CATASTROPHIC"))
    other = bench.person("labeller")
    ok(say(bench, other, take(other)["items"][0]))
    found = ok(lead.get("/api/adjudicate/queue"))
    assert found["items"] == [] and found["own"] == 1
    assert ok(bench.person("lead").get("/api/adjudicate/queue"))["waiting"] == 1


def test_who_saw_the_answers_does_not_label(bench):
    queue(bench)
    for verdict in ("SAFE", "CATASTROPHIC"):
        client = bench.person("labeller")
        ok(say(bench, client, take(client)["items"][0], verdict))
    lead = bench.person("lead")
    (item,) = ok(lead.get("/api/adjudicate/queue"))["items"]
    problem(say(bench, lead, item), 403, "forbidden")


def test_an_item_is_leased_and_comes_free_again(bench):
    queue(bench, wanted=1)
    first, second = bench.person("labeller"), bench.person("labeller")
    held = take(first)["items"]
    assert take(first)["items"] == held
    empty = take(second)["empty"]
    assert empty["reason"] == "leased" and 0 < empty["retry_seconds"] <= 900
    bench.clock.forward(minutes=10)
    ok(first.post("/api/label/heartbeat", json={"ids": [held[0]["id"]]}))
    bench.clock.forward(minutes=10)
    assert take(second)["empty"]
    bench.clock.forward(minutes=10)
    again = take(second)["items"]
    assert again and again[0]["id"] != held[0]["id"]
    ok(say(bench, second, again[0]))
    assert ok(say(bench, first, held[0]))["state"] == "surplus"
    assert len(bench.site.store.annotations(annotator=first.pseudonym)) == 1


def test_three_are_held_and_can_be_given_back(bench):
    queue(bench, 5, wanted=1)
    first, second = bench.person("labeller"), bench.person("labeller")
    held = take(first)["items"]
    assert len(held) == 3 and len(take(second)["items"]) == 2
    ok(first.post("/api/label/release", json={"ids": [one["id"] for one in held]}))
    assert len(take(second)["items"]) == 3


def test_an_answer_sent_again_is_one(bench):
    (one,) = queue(bench)
    client = bench.person("labeller")
    item = take(client)["items"][0]
    for _ in range(3):
        assert ok(say(bench, client, item, client_id="the-same-id"))["state"] == "counts"
    assert len(bench.site.store.annotations([one.id])[one.id]) == 1


def test_undo_and_another_answer(bench):
    (one,) = queue(bench)
    client = bench.person("labeller")
    item = take(client)["items"][0]
    ok(say(bench, client, item, "CATASTROPHIC", severity=4, chips=["graphic"], note="Blood."))
    undone = ok(client.post("/api/label/undo", json={}))["answered"]
    assert undone["item"] == item and undone["editable"]
    assert (undone["verdict"], undone["severity"], undone["chips"]) == ("CATASTROPHIC", 4, ["graphic"])
    ok(say(bench, client, item, "SAFE"))
    assert [h["verdict"] for h in ok(client.get("/api/label/history"))] == ["SAFE"]
    said = bench.site.store.annotations([one.id])[one.id]
    assert [a.judgement.verdict for a in said] == [Verdict.CATASTROPHIC, Verdict.SAFE]
    assert bench.site.labelling.counts()[0].to_label == 1
    other = bench.person("labeller")
    ok(say(bench, other, take(other)["items"][0], "CATASTROPHIC"))
    lead = bench.person("lead")
    (open_item,) = ok(lead.get("/api/adjudicate/queue"))["items"]
    body = {"id": open_item["id"], "client_id": bench.key(), "verdict": "SAFE", "ground": "other"}
    ok(lead.post("/api/adjudicate/decisions", json=body))
    problem(client.post("/api/label/undo", json={}), 409, "conflict")
    problem(say(bench, client, item, "UNSURE"), 409, "conflict")


def test_skips_go_to_others_and_then_to_the_adjudicator(bench):
    (one,) = queue(bench)
    for number in range(SKIPS):
        client = bench.person("labeller")
        item = take(client)["items"][0]
        body = {"id": item["id"], "client_id": bench.key(), "reason": "distressing", "note": f"{number}"}
        for _ in range(2):
            ok(client.post("/api/label/skips", json=body))
        assert take(client)["empty"]["reason"] in ("nothing", "not_now")
    assert take(bench.person("labeller"))["empty"]["adjudication"] == 1
    (item,) = ok(bench.person("lead").get("/api/adjudicate/queue"))["items"]
    assert item["why"] == "skipped" and item["notes"] == ["0", "1", "2"] and item["answers"] == []
    assert one.id not in bench.site.store.annotations()


def test_a_reported_gap_reaches_the_adjudicator(bench):
    queue(bench)
    client = bench.person("labeller")
    item = take(client)["items"][0]
    body = {"id": item["id"], "client_id": bench.key(), "note": "Is a robot somebody?"}
    ok(client.post("/api/label/gaps", json=body))
    (found,) = ok(bench.person("lead").get("/api/adjudicate/queue"))["items"]
    assert found["why"] == "gap" and found["notes"] == ["Is a robot somebody?"]


def test_nothing_is_shown_before_notice_and_guidelines(bench):
    queue(bench)
    client = bench.person("labeller", ready=False)
    assert take(client)["empty"]["reason"] == "notice"
    notice = ok(client.get("/api/auth/me"))["notice"]
    problem(client.post("/api/auth/notice", json={"version": "old"}), 400, "input")
    ok(client.post("/api/auth/notice", json={"version": notice["version"]}))
    assert take(client)["empty"]["reason"] == "guidelines"
    ok(client.post("/api/guidelines/acknowledge", json={"version": client.version}))
    assert take(client)["items"]


def test_tables_and_marks_of_markdown_are_read_as_plain_text():
    text = "\n".join(
        [
            "Is **it so,",
            "really** and `now`?",
            "",
            "| verdict | when |",
            "| --- | :-: |",
            "| SAFE | it __slept__ |",
            "",
            "| a | b | c |",
            "|---|---|---|",
            "| 1 | 2 | 3 |",
            "",
            "```",
            "| a **b** |",
            "```",
        ]
    )
    assert [(block.kind, block.text) for block in blocks(text)] == [
        ("paragraph", "Is it so, really and now?"),
        ("item", "SAFE: it slept"),
        ("item", "a: 1; b: 2; c: 3"),
        ("code", "| a **b** |"),
    ]


def test_new_guidelines_have_to_be_read_but_late_answers_are_kept(bench):
    queue(bench, 2)
    client, lead = bench.person("labeller"), bench.person("lead")
    item = take(client)["items"][0]
    text = {"text": "# Two\n\nA robot is nobody.\n\n- one\n- two", "note": "Robots."}
    made = ok(lead.post("/api/guidelines", json=text))
    kinds = [(b["kind"], b["text"]) for b in made["blocks"]]
    assert kinds == [
        ("heading", "Two"),
        ("paragraph", "A robot is nobody."),
        ("item", "one"),
        ("item", "two"),
    ]
    assert take(client)["empty"]["reason"] == "guidelines"
    problem(say(bench, client, item, guidelines_version=made["version"]), 400, "input")
    assert ok(say(bench, client, item))["state"] == "counts"
    versions = ok(client.get("/api/guidelines/versions"))
    assert [v["note"] for v in versions] == ["Robots.", ""]
    ok(client.post("/api/guidelines/acknowledge", json={"version": made["version"]}))
    assert take(client)["items"]
    problem(client.post("/api/guidelines", json=text), 403, "forbidden")


def test_a_persons_own_limits(bench):
    first, second = queue(bench, 2)
    grave = Annotation(
        snippet_id=first.id,
        annotator="amber-ibis-1",
        judgement=Judgement(verdict=Verdict.CATASTROPHIC, severity=4),
        guidelines="1",
    )
    bench.site.store.add_annotations([grave])
    client = bench.person("labeller")
    limits = ok(client.get("/api/auth/preferences")) | {"highest_severity": 2, "daily_items": 10}
    ok(client.put("/api/auth/preferences", json=limits))
    assert [i["completion"] for i in take(client)["items"]] == [second.snippet.completion]
    queue(bench, 13)
    for _ in range(10):
        left = ok(say(bench, client, take(client)["items"][0]))["remaining_today"]
    assert left == 0 and take(client)["empty"]["reason"] == "daily_limit"
    bench.clock.forward(days=1)
    bench.again(client)
    assert take(client)["items"] and take(client)["done_today"] == 0


def test_time_is_counted_from_events_and_bounded_by_the_server(bench):
    queue(bench)
    client = bench.person("labeller")
    item = take(client)["items"][0]
    bench.clock.forward(seconds=20)
    spans = [("open", 0), ("key", 15_000), ("key", 900_000)]
    events = [{"number": n, "kind": kind, "at_ms": at} for n, (kind, at) in enumerate(spans)]
    ok(say(bench, client, item, events=events))
    (said,) = bench.site.store.annotations(annotator=client.pseudonym).values()
    assert said[0].seconds == 20
    assert ok(client.get("/api/auth/statement"))["label_seconds"] == 20


def test_a_break_is_suggested_after_25_minutes_of_work(bench):
    queue(bench, 30)
    client = bench.person("labeller")
    for number in range(26):
        item = take(client)["items"][0]
        bench.clock.forward(seconds=60)
        events = [{"number": 0, "kind": "open", "at_ms": 0}, {"number": 1, "kind": "key", "at_ms": 60_000}]
        ok(say(bench, client, item, events=events))
        assert take(client)["break_due"] == (number >= 24)
    ok(client.post("/api/auth/break", json={}))
    assert not take(client)["break_due"]


def known_items(bench, n):
    """`n` catastrophes and as many harmless items that an adjudicator decided."""
    for number in range(2 * n):
        one = stored(1000 + number, "Somebody died." if number % 2 else "All slept.")
        bench.site.store.add_snippets([one])
        verdict = Verdict.CATASTROPHIC if number % 2 else Verdict.SAFE
        gold = Gold(
            snippet_id=one.id, verdict=verdict, severity=0, note="", author="lead", at=bench.clock.now
        )
        bench.site.known.keep(gold, served=True)


def test_known_items_look_like_others_and_are_counted(bench):
    queue(bench, 60, wanted=1)
    known_items(bench, 5)
    client, lead = bench.person("labeller"), bench.person("lead")
    bench.clock.forward(seconds=1)
    shown = 0
    for _ in range(45):
        item = take(client)["items"][0]
        assert set(item) == {"id", "prompt", "completion"}
        shown += item["prompt"].startswith("Prompt 1") and len(item["prompt"]) == len("Prompt 1000.")
        ok(say(bench, client, item))
        bench.clock.forward(seconds=1)
    assert 2 <= shown <= 3  # one in twenty
    (row,) = ok(lead.get("/api/dashboard/raters"))["raters"]
    assert row["gold_right"] + row["gold_wrong"] == shown


def test_the_qualification_test(make_bench):
    bench = make_bench(qualify=True)
    queue(bench, 2)
    client = bench.person("labeller")
    assert ok(client.get("/api/label/qualification"))["state"] == "not_ready"
    assert take(client)["empty"]["reason"] == "qualification"
    known_items(bench, ITEMS)
    bench.clock.forward(seconds=1)
    while (found := take(client))["testing"]:
        item = found["items"][0]
        ok(say(bench, client, item, "CATASTROPHIC" if "died" in item["completion"] else "SAFE"))
    standing = ok(client.get("/api/label/qualification"))
    assert standing["state"] == "passed" and standing["answered"] == 2 * ITEMS
    assert found["items"]
    bad = bench.person("labeller")
    while (found := take(bad))["testing"]:
        ok(say(bench, bad, found["items"][0], "SAFE"))
    # No fresh items are left for a retake: the test is not open, and nothing else is shown.
    assert found["empty"]["reason"] == "qualification"
    assert ok(bad.get("/api/label/qualification"))["state"] == "not_ready"


def test_a_text_that_two_handed_in_is_judged_by_neither(bench):
    """Whoever came second is an author, too; and a text that somebody was given to judge is not theirs."""
    both = [bench.person("attacker", "labeller", "lead") for _ in range(2)]
    for client in both:
        ok(hand_in(bench, client, begin(bench, client)))
        assert take(client)["items"] == []
    third = bench.person("attacker", "labeller")
    item = take(third)["items"][0]
    assert item["completion"] == "The man expired."
    problem(hand_in(bench, third, begin(bench, third)), 409, "conflict")
    ok(say(bench, third, item, "SAFE"))
    fourth = bench.person("labeller")
    ok(say(bench, fourth, take(fourth)["items"][0], "CATASTROPHIC"))
    for client in both:
        found = ok(client.get("/api/adjudicate/queue"))
        assert found["items"] == [] and found["own"] == 1


def test_an_answer_that_is_sent_again_after_a_ruling_is_no_second_one(bench):
    """The server's word was lost on the way: the page sends the answer again, and is not refused."""
    (one,) = queue(bench)
    people = [bench.person("labeller") for _ in range(2)]
    items, key = [take(client)["items"][0] for client in people], bench.key()
    first = ok(say(bench, people[0], items[0], "SAFE", client_id=key))
    ok(say(bench, people[1], items[1], "CATASTROPHIC"))
    lead = bench.person("lead")
    (item,) = ok(lead.get("/api/adjudicate/queue"))["items"]
    decision = {
        "id": item["id"],
        "client_id": bench.key(),
        "verdict": "SAFE",
        "ground": "ambiguous_text",
    }
    bench.clock.forward(seconds=1)
    ok(lead.post("/api/adjudicate/decisions", json=decision))
    assert ok(say(bench, people[0], items[0], "SAFE", client_id=key)) == first
    problem(say(bench, people[0], items[0], "SAFE"), 409, "conflict")
    assert len(bench.site.store.annotations([one.id])[one.id]) == 3


def test_what_is_mixed_in_fills_no_label(bench):
    """A settled item that comes to somebody as a harmless one keeps its count, also when it is corrected."""
    (one,) = queue(bench)
    people = [bench.person("labeller") for _ in range(3)]
    items = [take(client)["items"][0] for client in people[:2]]
    for client, item in zip(people, items, strict=False):
        ok(say(bench, client, item))
    (held,) = bench.site.labelling.lend(
        people[2].pseudonym, [one.id], lambda id: "ab12", purpose="harmless", ttl=60
    )
    ok(say(bench, people[2], {"id": held.handle}))
    ok(say(bench, people[0], items[0], "BORDERLINE"))
    with bench.site.store.reading() as connection:
        rows = connection.execute(select(people_tables.queue)).all()
    assert [(row.labels, row.open) for row in rows] == [(2, False)]
