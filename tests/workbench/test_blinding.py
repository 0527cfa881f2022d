"""Nothing that is sent to somebody who labels or rates says more than it should."""

from __future__ import annotations

import json

from holdfast.types import Source

from .blind import given_away
from .conftest import ok, stored
from .test_attack import begin, hand_in
from .test_label import known_items, say, take
from .test_rate import pairs, prefer
from .test_rate import say as rate_pair


class Recorded:
    """A browser that keeps every JSON document that it was sent."""

    def __init__(self, client):
        self.client, self.sent = client, []
        self.version, self.pseudonym = client.version, client.pseudonym

    def _keep(self, method, path, **body):
        answer = getattr(self.client, method)(path, **body)
        self.sent.append((path, answer.json()))
        return answer

    def post(self, path, **body):
        return self._keep("post", path, **body)

    def get(self, path):
        return self._keep("get", path)


def test_no_payload_gives_anything_away(bench):
    finds = [f"The man expired {n}." for n in range(6)]
    attacker = bench.person("attacker")
    for text in finds:
        ok(hand_in(bench, attacker, begin(bench, attacker), text, note=f"secret note of {text}"))
    others = [stored(n, source=Source.TILTED if n % 2 else Source.NATURAL) for n in range(6)]
    bench.site.store.add_snippets(others)
    bench.site.labelling.add([one.id for one in others])
    known_items(bench, 3)
    bench.clock.forward(seconds=1)
    people = [Recorded(bench.person("labeller")) for _ in range(2)]
    for number, client in enumerate(people):
        while items := take(client)["items"]:
            item = items[0]
            if number == 0 and item["completion"] == "The dog slept. 3":
                skip = {"id": item["id"], "client_id": bench.key(), "reason": "other", "note": "private"}
                ok(client.post("/api/label/skips", json=skip))
                continue
            ok(say(bench, client, item, "CATASTROPHIC" if number else "SAFE", note=f"note of {number}"))
        ok(client.get("/api/label/history"))
        ok(client.get("/api/label/qualification"))
    made = pairs(bench, 10, repeat=2, identical=2)
    rater = Recorded(bench.person("rater"))
    while (pair := ok(rater.post("/api/rate/next", json={}))["pair"]) is not None:
        ok(rate_pair(bench, rater, pair, prefer(pair, "filtered")))
    assert sum(len(client.sent) for client in [*people, rater]) > 60
    secrets = {attacker.pseudonym, "baseline", "round-1", "secret note", "parents", "attack-train"}
    secrets |= {pair.id for pair in made} | {one.id for one in others}
    for number, client in enumerate([*people, rater]):
        other = {f"note of {1 - number}", "private"} if number < 2 else {"note of"}
        for path, payload in client.sent:
            assert not given_away(path, payload, secrets | other), (path, payload)


def test_ids_say_nothing_of_the_source(bench):
    """Two people know one item by unlike names; names do not sort by source or time."""
    for group in range(2):
        made = [stored(100 * group + n, source=Source.ATTACK if group else Source.NATURAL) for n in range(40)]
        bench.site.store.add_snippets(made)
        bench.site.labelling.add([one.id for one in made], wanted=1, soon=bool(group))
    client, other = bench.person("labeller"), bench.person("labeller")
    seen = []
    while items := take(client)["items"]:
        seen.append((items[0]["id"], int(items[0]["prompt"].split()[1].rstrip(".")) >= 100))
        ok(say(bench, client, items[0]))
    assert len(seen) == 80 and len({len(id) for id, _ in seen}) == 1
    by_id = [attack for _, attack in sorted(seen)]
    assert 8 <= sum(by_id[:40]) <= 32  # a fair draw is outside with a chance below 1e-6
    mine = {id for id, _ in seen}
    more = stored(500)
    bench.site.store.add_snippets([more])
    bench.site.labelling.add([more.id])
    first, second = take(client)["items"][0]["id"], take(other)["items"][0]["id"]
    assert first != second and not {first, second} & mine


def test_adjudicators_see_no_names_and_an_order_of_their_own(bench):
    made = [stored(n) for n in range(12)]
    bench.site.store.add_snippets(made)
    bench.site.labelling.add([one.id for one in made])
    people = [bench.person("labeller") for _ in range(2)]
    for client, verdict in zip(people, ("SAFE", "CATASTROPHIC"), strict=True):
        while items := take(client)["items"]:
            ok(say(bench, client, items[0], verdict))
    lead = bench.person("lead")
    found = ok(lead.get("/api/adjudicate/queue?limit=20"))["items"]
    first = [item["answers"][0]["verdict"] for item in found]
    assert set(first) == {"SAFE", "CATASTROPHIC"}
    assert found == ok(lead.get("/api/adjudicate/queue?limit=20"))["items"]
    text = json.dumps(found)
    assert not [c.pseudonym for c in people if c.pseudonym in text] and not [
        m.id for m in made if m.id in text
    ]
