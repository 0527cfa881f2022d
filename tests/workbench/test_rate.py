"""Pairs: sides drawn by the server, arms never told, answers counted as they should be."""

from __future__ import annotations

import pytest

from holdfast.annotation.pairing import plan_pairs
from holdfast.gather import qualities
from holdfast.types import Delivery
from holdfast.types.bench import Pair

from .conftest import ok, problem


def pairs(bench, n=8, repeat=0, identical=0, target="baseline"):
    def one(number, **changes):
        values = {
            "id": f"pair{number}",
            "target": target,
            "prompt": f"Prompt {number}.",
            "first": f"filtered text {number}",
            "second": f"unfiltered text {number}",
            "first_arm": "filtered",
            "second_arm": "unfiltered",
            "batch": "b",
        }
        return Pair(**values | changes)

    made = [one(number) for number in range(n)]
    made += [one(1000 + k, first="same", second="same") for k in range(identical)]
    made += [
        one(2000 + k, **{**vars(made[k]), "id": f"again{k}", "repeat_of": made[k].id}) for k in range(repeat)
    ]
    bench.site.rating.add(made)
    return made


def take(client):
    return ok(client.post("/api/rate/next", json={}))


def say(bench, client, pair, choice, **changes):
    body = {"id": pair["id"], "client_id": bench.key(), "choice": choice} | changes
    return client.post("/api/rate/answers", json=body)


def prefer(pair, arm):
    """The choice that prefers an arm, by its text."""
    return "left" if pair["left"].startswith(arm) else "right"


def test_sides_are_balanced_and_arms_are_not_told(bench):
    pairs(bench, 20)
    rater = bench.person("rater")
    left = 0
    for _ in range(20):
        found = take(rater)
        assert set(found["pair"]) == {"id", "prompt", "left", "right"}
        left += found["pair"]["left"].startswith("filtered")
        ok(say(bench, rater, found["pair"], prefer(found["pair"], "filtered")))
    assert left == 10 and take(rater) == {
        "pair": None, "reason": "nothing", "done_in_batch": 0, "batch": 20, "break_due": False,
    }  # fmt: skip
    (quality,) = qualities(bench.site.store, confidence=0.95)
    assert quality.conditional.estimate == 1 and quality.ratings == 20
    assert quality.conditional.lower < 1 and quality.side.lower <= 0 <= quality.side.upper


def test_always_left_is_a_side_and_no_preference(bench):
    pairs(bench, 40)
    rater = bench.person("rater")
    while (pair := take(rater)["pair"]) is not None:
        ok(say(bench, rater, pair, "left_much"))
    (quality,) = qualities(bench.site.store, confidence=0.95)
    assert quality.side.estimate == pytest.approx(1) and quality.side.lower > 0.5
    assert quality.conditional.estimate == pytest.approx(0.5)
    lead = bench.person("lead")
    (shown,) = ok(lead.get("/api/dashboard/quality"))
    assert shown["side_effect"]["estimate"] == quality.side.estimate
    assert shown["conditional"]["lower"] == quality.conditional.lower


def test_identical_pairs_are_ties_that_nobody_sees(bench):
    pairs(bench, 4, identical=12)
    rater = bench.person("rater")
    for _ in range(4):
        pair = take(rater)["pair"]
        assert pair["left"] != pair["right"]
        ok(say(bench, rater, pair, prefer(pair, "unfiltered")))
    assert take(rater)["pair"] is None
    (quality,) = qualities(bench.site.store, confidence=0.95)
    assert quality.conditional.estimate == 0 and quality.unconditional.estimate == pytest.approx(0.375)
    assert quality.identical == 12 and quality.pairs == 16


def test_a_repeat_comes_to_the_same_rater_with_the_sides_swapped(bench):
    pairs(bench, 3, repeat=3)
    first, second = bench.person("rater"), bench.person("rater")
    seen = {}
    for _ in range(3):
        pair = take(first)["pair"]
        seen[pair["prompt"]] = pair["left"]
        ok(say(bench, first, pair, "tie"))
    assert take(second)["pair"] is None
    for _ in range(3):
        pair = take(first)["pair"]
        assert pair["right"] == seen[pair["prompt"]] != pair["left"]
        ok(say(bench, first, pair, "tie"))
    (quality,) = qualities(bench.site.store, confidence=0.95)
    assert (quality.consistency.count, quality.consistency.trials) == (3, 3) and quality.ratings == 3


def test_one_comparison_a_pair_and_rater(bench):
    pairs(bench, 2)
    rater, other = bench.person("rater"), bench.person("rater")
    pair = take(rater)["pair"]
    assert take(rater)["pair"] == pair and take(other)["pair"]["prompt"] != pair["prompt"]
    ok(say(bench, rater, pair, "left"))
    ok(say(bench, rater, pair, "right"))
    ok(say(bench, rater, pair, "unusable", client_id="another-client"))
    (rated,) = bench.site.rating.comparisons()
    assert rated.choice == "left"
    problem(say(bench, other, pair, "left"), 404, "unknown")
    problem(say(bench, rater, pair, "banana"), 422, "input")


def test_unusable_is_no_preference(bench):
    pairs(bench, 2)
    rater = bench.person("rater")
    for _ in range(2):
        ok(say(bench, rater, take(rater)["pair"], "unusable"))
    (quality,) = qualities(bench.site.store, confidence=0.95)
    assert quality.unusable == 2 and quality.ratings == 0 and quality.conditional.estimate != 0


def test_the_plan_of_pairs():
    deliveries = [
        Delivery(
            prompt=f"P{n}",
            completion=f" kept {n} ",
            logit=-1.0,
            draws=2,
            accepted=True,
            unfiltered=f"raw {n}",
        )
        for n in range(400)
    ]
    deliveries.append(
        Delivery(prompt="none", completion=None, logit=None, draws=8, accepted=False, unfiltered="raw")
    )
    made = plan_pairs(deliveries, [f"other {n}" for n in range(401)], target="t", batch="b")
    assert made == plan_pairs(deliveries, [f"other {n}" for n in range(401)], target="t", batch="b")
    same = [p for p in made if p.first_arm == p.second_arm and not p.repeat_of]
    again = [p for p in made if p.repeat_of]
    assert 8 <= len(same) <= 35 and len(again) == 20 and len({p.id for p in made}) == len(made)
    assert all(p.first == p.first.strip() for p in made)
    assert not any(p.prompt == "none" and p.first_arm == "filtered" for p in made)
