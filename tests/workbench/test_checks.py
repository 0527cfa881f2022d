"""Labels are looked at again: audits, disputes, own items again, harmless ones; and none of it shows."""

from __future__ import annotations

import json

import pytest

from holdfast.annotation.blinding import leaks
from holdfast.gather import label_noise, verdicts
from holdfast.types import Source, Verdict

from .conftest import ok, problem, stored
from .test_attack import begin, hand_in
from .test_label import known_items, queue, say, take

NOTHING_MIXED = {"audit": 0.0, "again": 0.0, "harmless": 0.0}


def decide(bench, lead, item, verdict, **changes):
    body = {"id": item["id"], "client_id": bench.key(), "verdict": verdict, "ground": "edge_case"} | changes
    return lead.post("/api/adjudicate/decisions", json=body)


def open_items(lead):
    return ok(lead.get("/api/adjudicate/queue?limit=20"))["items"]


def label_all(bench, client, verdict="SAFE"):
    """Answer everything that comes, a second each; the prompts, in order."""
    seen = []
    while items := take(client)["items"]:
        seen.append(items[0]["prompt"])
        ok(say(bench, client, items[0], verdict))
        bench.clock.forward(seconds=1)
    return seen


def settle(bench, n, verdict="SAFE", first=0):
    """`n` items that two new people agree on; the people."""
    made = [stored(first + i) for i in range(n)]
    bench.site.store.add_snippets(made)
    bench.site.labelling.add([one.id for one in made])
    people = [bench.person("labeller") for _ in range(2)]
    for client in people:
        label_all(bench, client, verdict)
    return made, people


# Audits


def test_settled_items_are_audited_by_somebody_who_does_not_see_the_labels(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"audit": 1.0})
    made, people = settle(bench, 3)
    ids = [one.id for one in made]
    assert verdicts(bench.site.store, ids) == dict.fromkeys(ids, Verdict.SAFE), "it stands meanwhile"
    lead = bench.person("lead")
    items = open_items(lead)
    assert [one["why"] for one in items] == ["audit"] * 3 and all(one["answers"] == [] for one in items)
    before = label_noise(bench.site.store, confidence=0.95)
    assert (before.wrong, before.waiting) == (None, 3)
    ok(decide(bench, lead, items[0], "CATASTROPHIC", severity=3))
    ok(decide(bench, lead, items[1], "SAFE"))
    noise = label_noise(bench.site.store, confidence=0.95)
    assert (noise.wrong.count, noise.wrong.trials, noise.waiting) == (1, 2, 1)
    assert (noise.missed.count, noise.missed.trials) == (1, 2) and noise.missed.upper < 1
    assert len(open_items(lead)) == 1
    problem(decide(bench, people[0], items[2], "SAFE"), 403, "forbidden")


def test_what_labels_leave_open_is_not_audited(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"audit": 1.0})
    queue(bench, 2)
    label_all(bench, bench.person("labeller"), "SAFE")
    assert bench.site.checks.audited() == {}, "labels are awaited"
    label_all(bench, bench.person("labeller"), "CATASTROPHIC")
    assert bench.site.checks.audited() == {}


def test_the_dashboard_shows_the_noise(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"audit": 1.0})
    settle(bench, 2)
    lead = bench.person("lead")
    ok(decide(bench, lead, open_items(lead)[0], "CATASTROPHIC", severity=2))
    shown = ok(lead.get("/api/dashboard/summary"))["noise"]
    assert (shown["wrong"]["count"], shown["wrong"]["trials"], shown["waiting"]) == (1, 1, 1)


# Disputes


def failed(make_bench):
    """A labeller who called the one known item otherwise, and the lead who decided it."""
    bench = make_bench(**NOTHING_MIXED)
    (one,) = queue(bench, 1)
    for verdict in ("SAFE", "CATASTROPHIC"):
        label_all(bench, bench.person("labeller"), verdict)
    lead = bench.person("lead")
    changes = {"severity": 3, "note": "He dies later.", "gold": True, "edge": True}
    ok(decide(bench, lead, open_items(lead)[0], "CATASTROPHIC", **changes))
    bench.clock.forward(seconds=1)
    more = [stored(n) for n in range(100, 136)]
    bench.site.store.add_snippets(more)
    bench.site.labelling.add([one.id for one in more], wanted=1)
    client = bench.person("labeller")
    for _ in range(36):
        if client.get("/api/label/known").json():
            break
        item = take(client)["items"][0]
        ok(say(bench, client, item))
        bench.clock.forward(seconds=1)
        if item["prompt"] == one.snippet.prompt:
            assert ok(client.get("/api/label/known")) == [], "the answer can still be changed"
            assert ok(client.get("/api/label/history"))[0]["editable"], "it looks like any other"
    return bench, one, client, lead


def test_a_known_item_is_disputed_and_corrected(make_bench):
    bench, one, client, lead = failed(make_bench)
    (missed,) = ok(client.get("/api/label/known"))
    assert (missed["yours"], missed["known"], missed["dispute"]) == ("SAFE", "CATASTROPHIC", "none")
    assert (missed["ground"], missed["note"]) == ("edge_case", "He dies later.")
    (row,) = [r for r in ok(lead.get("/api/dashboard/raters"))["raters"] if r["gold_wrong"]]
    assert row["pseudonym"] == client.pseudonym
    body = {"id": missed["id"], "client_id": bench.key(), "note": "Nobody is hurt in it."}
    for _ in range(2):
        ok(client.post("/api/label/disputes", json=body))
    problem(client.post("/api/label/disputes", json=body | {"client_id": bench.key()}), 409, "conflict")
    problem(
        client.post("/api/label/disputes", json=body | {"id": "00", "client_id": bench.key()}), 404, "unknown"
    )
    other = bench.person("lead")
    (item,) = open_items(other)
    assert item["why"] == "gold" and item["notes"] == ["Nobody is hurt in it."]
    assert client.pseudonym not in json.dumps(item)
    assert ok(client.get("/api/label/known"))[0]["dispute"] == "waiting"
    bench.clock.forward(seconds=1)
    ok(decide(bench, other, item, "SAFE", ground="annotator_error", note="Right: a scar.", gold=True))
    (ruled,) = ok(client.get("/api/label/known"))
    assert (ruled["dispute"], ruled["outcome"], ruled["known"]) == ("ruled", "corrected", "SAFE")
    assert ruled["ruling"] == "annotator_error: Right: a scar."
    assert open_items(other) == [] and verdicts(bench.site.store, [one.id]) == {one.id: Verdict.SAFE}
    rows = {r["pseudonym"]: r for r in ok(lead.get("/api/dashboard/raters"))["raters"]}
    assert (rows[client.pseudonym]["gold_right"], rows[client.pseudonym]["gold_wrong"]) == (1, 0)
    (edge,) = ok(client.get("/api/guidelines/edges"))
    assert (edge["verdict"], edge["reason"], edge["note"]) == ("SAFE", "annotator_error", "Right: a scar.")


@pytest.mark.parametrize("verdict", ["SAFE", "CATASTROPHIC"])
def test_a_wrong_known_item_is_retired_and_a_right_one_stands(make_bench, verdict):
    bench, _, client, lead = failed(make_bench)
    (missed,) = ok(client.get("/api/label/known"))
    body = {"id": missed["id"], "client_id": bench.key(), "note": "No."}
    ok(client.post("/api/label/disputes", json=body))
    bench.clock.forward(seconds=1)
    (item,) = open_items(lead)
    ok(decide(bench, lead, item, verdict, severity=3, note="Looked at again."))
    (ruled,) = ok(client.get("/api/label/known"))
    assert ruled["outcome"] == ("stands" if verdict == "CATASTROPHIC" else "retired")
    assert ok(lead.get("/api/adjudicate/gold"))["rows"][0]["retired"] == (verdict == "SAFE")
    rows = {r["pseudonym"]: r for r in ok(lead.get("/api/dashboard/raters"))["raters"]}
    assert rows[client.pseudonym]["gold_wrong"] == (verdict == "CATASTROPHIC")


def test_a_rejected_find_is_disputed_and_the_ruling_reaches_its_author(make_bench):
    bench = make_bench(**NOTHING_MIXED)
    attacker = bench.person("attacker", "lead")
    find = ok(hand_in(bench, attacker, begin(bench, attacker)))
    url = f"/api/attack/submissions/{find['id']}/dispute"
    body = {"client_id": bench.key(), "note": "He is dead at the end."}
    problem(attacker.post(url, json=body), 409, "conflict")
    for _ in range(2):
        label_all(bench, bench.person("labeller"))
    assert ok(attacker.get("/api/attack/submissions"))["rows"][0]["status"] == "rejected"
    for _ in range(2):
        assert ok(attacker.post(url, json=body))["dispute"] == "waiting"
    problem(attacker.post(url, json=body | {"client_id": bench.key()}), 409, "conflict")
    problem(bench.person("attacker").post(url, json=body), 404, "unknown")
    assert open_items(attacker) == [], "nobody decides their own dispute"
    lead = bench.person("lead")
    (item,) = open_items(lead)
    assert item["why"] == "disputed" and item["notes"] == [body["note"]]
    bench.clock.forward(seconds=1)
    ok(decide(bench, lead, item, "CATASTROPHIC", severity=4, note="So he is."))
    (shown,) = ok(attacker.get("/api/attack/submissions"))["rows"]
    assert (shown["status"], shown["dispute"]) == ("verified", "ruled")
    assert shown["reason"] == "edge_case: So he is."


# Own items again


def test_own_items_come_again_unmarked_and_self_agreement_is_counted(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"again": 0.25})
    made, (client, _) = settle(bench, 14)
    old = {one.snippet.prompt for one in made}
    ids = {one["item"]["id"] for one in ok(client.get("/api/label/history"))}
    more = [stored(n) for n in range(300, 324)]
    bench.site.store.add_snippets(more)
    bench.site.labelling.add([one.id for one in more], wanted=1)
    bench.clock.forward(days=13)
    bench.again(client)
    for _ in range(4):
        assert take(client)["items"][0]["prompt"] not in old, "not before 14 days"
        ok(say(bench, client, take(client)["items"][0]))
    bench.clock.forward(days=2)
    bench.again(client)
    seen, held = [], []
    while items := take(client)["items"]:
        for one in items:
            assert set(one) == {"id", "prompt", "completion"} and one["id"] not in ids
        if held and items[0]["id"] not in held:
            assert not set(held) & {one["id"] for one in items}, "nothing new comes before what is held"
        held = [one["id"] for one in items[1:]]
        item = items[0]
        if item["prompt"] in old:
            seen.append(item["prompt"])
            answered = ok(say(bench, client, item, "SAFE" if len(seen) > 1 else "BORDERLINE", severity=1))
            assert answered["state"] == "counts"
            assert ok(client.get("/api/label/history"))[0]["editable"]
        else:
            ok(say(bench, client, item))
        bench.clock.forward(seconds=1)
    assert len(seen) == len(set(seen)) and 3 <= len(seen) <= 9
    lead = bench.person("lead")
    health = ok(lead.get("/api/dashboard/raters"))
    found = health["self_agreement"]
    assert (found["count"], found["trials"]) == (len(seen) - 1, len(seen))
    assert 0 < found["lower"] < found["estimate"] < found["upper"] < 1
    rows = {row["pseudonym"]: row for row in health["raters"]}
    assert (rows[client.pseudonym]["again"], rows[client.pseudonym]["again_same"]) == (
        len(seen), len(seen) - 1
    )  # fmt: skip
    (item,) = open_items(lead)
    assert item["why"] == "disagree" and item["prompt"] == seen[0], "a change of mind is looked at"


def test_what_stays_with_somebody_never_comes_again_and_is_only_counted(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"again": 0.5})
    _, (client, _) = settle(bench, 12)
    ids = [one["item"]["id"] for one in ok(client.get("/api/label/history"))]
    for id in [*ids, ids[0]]:
        ok(client.post("/api/label/burdens", json={"id": id}))
    problem(client.post("/api/label/burdens", json={"id": "00"}), 404, "unknown")
    bench.clock.forward(days=20)
    bench.again(client)
    more = [stored(n) for n in range(300, 308)]
    bench.site.store.add_snippets(more)
    bench.site.labelling.add([one.id for one in more], wanted=1)
    seen = label_all(bench, client)
    again = [prompt for prompt in seen if len(prompt) < len("Prompt 300.")]
    assert len(again) == 12 - len(ids), "the two that stay with nobody"
    health = ok(bench.person("lead").get("/api/dashboard/raters"))
    assert health["stayed"]["count"] == len(ids) and health["stayed"]["trials"] == 24 + len(seen)
    assert "stay" not in json.dumps(health["raters"])


# Harmless items


def test_harmless_items_of_others_are_mixed_in(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"harmless": 0.25})
    settle(bench, 6)
    grave = [stored(n, "Somebody died.", source=Source.ATTACK) for n in range(300, 314)]
    bench.site.store.add_snippets(grave)
    bench.site.labelling.add([one.id for one in grave])
    first, second = bench.person("labeller"), bench.person("labeller")
    for client in (first, second):
        mild = 0
        while items := take(client)["items"]:
            assert not leaks(items)
            died = "died" in items[0]["completion"]
            mild += not died
            answered = ok(say(bench, client, items[0], "CATASTROPHIC" if died else "SAFE", severity=3))
            assert answered["state"] == "counts"
            bench.clock.forward(seconds=1)
        assert 2 <= mild <= 6
    assert open_items(bench.person("lead")) == []


def test_one_kind_that_is_mixed_in_keeps_no_other_out(make_bench):
    bench = make_bench(**NOTHING_MIXED | {"harmless": 0.25})
    settle(bench, 20)
    known_items(bench, 4)
    grave = [stored(n, "Somebody died.", source=Source.ATTACK) for n in range(300, 360)]
    bench.site.store.add_snippets(grave)
    bench.site.labelling.add([one.id for one in grave], wanted=1)
    client = bench.person("labeller")
    bench.clock.forward(seconds=1)
    seen = []
    for _ in range(60):
        items = take(client)["items"]
        assert 1 <= len(items) <= 3 and not leaks(items)
        seen.append(items[0]["prompt"])
        ok(say(bench, client, items[0]))
        bench.clock.forward(seconds=1)
    known = [prompt for prompt in seen if len(prompt) == len("Prompt 1000.")]
    assert len(known) == 3, "one in each twenty"
    mild = sum(len(prompt) < len("Prompt 300.") for prompt in seen)
    assert mild >= 7, "one in each four, but for one that fell due while the one before it waited"
