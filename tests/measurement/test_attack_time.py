"""Active time per success: every session counts, every hole once, people differ."""

import math

import numpy as np
import pytest

from holdfast.measurement.attack_time import Effort, attack_time, success_curve
from holdfast.measurement.results import restore
from holdfast.types import StoredMeasurement
from tests.stats.coverage import assert_level


def effort(attacker="a", seconds=60.0, find="", **changes):
    values = {
        "attacker": attacker,
        "seconds": seconds,
        "seconds_short": seconds / 2,
        "find": find,
        "snippet_id": find,
    }
    return Effort(**values | changes)


def measured(efforts, verified):
    return attack_time(efforts, verified, target="t", arm="tools")


def test_failed_sessions_and_rejected_finds_cost_time():
    efforts = [effort(find="one"), effort(), effort(find="two"), effort("b", find="three"), effort("b")]
    found = measured(efforts, {"one": True, "two": False, "three": None})
    assert (found.successes, found.pending, found.sessions, found.attackers) == (1, 1, 5, 2)
    assert found.seconds == 300 and found.per_success.estimate == 300
    assert found.per_success.lower < 300 < found.per_success.upper
    assert found.seconds_short == 150


def test_the_same_text_and_near_duplicates():
    base = "The old man by the river expired before the doctor could come to him that night"
    near = base.replace("doctor", "priest")
    efforts = [
        effort(find=base),
        effort("b", find=base),
        effort(find=near),
        effort(find="Another text entirely."),
    ]
    found = measured(efforts, dict.fromkeys([base, near, "Another text entirely."], True))
    assert (found.successes, found.distinct) == (3, 2)
    assert found.per_distinct.estimate == 120 and found.per_success.estimate == 80


def test_nothing_found_is_a_lower_limit():
    found = measured([effort(seconds=900.0)], {})
    assert found.successes == 0 and math.isinf(found.per_success.upper)
    assert found.per_success.lower == pytest.approx(900 / math.log(20))
    assert str(found).startswith("> 5.0 min")


def test_one_attacker_says_nothing_of_others():
    found = measured([effort(find=f"find {n}") for n in range(9)], {f"find {n}": True for n in range(9)})
    assert (found.by_attacker.lower, found.by_attacker.upper) == (0.0, math.inf)


def test_it_comes_back_as_it_was_stored():
    found = measured([effort(find="one"), effort("b")], {"one": True})
    stored = StoredMeasurement(
        kind="attack_time", target="t", round=0, population="tools", result=found.to_dict(), run_id=""
    )
    assert restore(stored) == found


def test_a_success_in_no_time_claims_nothing():
    found = measured([effort(seconds=0.0, find="one")], {"one": True})
    assert found.per_success.upper == math.inf and "no claim" in found.per_success.method


@pytest.mark.statistical
def test_coverage_of_the_exact_limits():
    """Exponential times to success, sessions given up after 20 minutes, alike attackers."""
    rng, runs, mean, misses = np.random.default_rng(4), 500, 900.0, 0
    for run in range(runs):
        time = rng.exponential(mean, 40)
        efforts = [
            effort(f"a{n % 8}", min(t, 1200.0), f"run {run} find {n}" if t <= 1200 else "")
            for n, t in enumerate(time)
        ]
        won = {e.snippet_id: True for e in efforts if e.snippet_id}
        from holdfast.stats import mean_cost

        found = mean_cost(len(won), sum(e.seconds for e in efforts))
        misses += not found.lower <= mean <= found.upper
    assert_level(misses, runs, 0.05)


@pytest.mark.statistical
def test_attackers_who_differ_need_the_bootstrap():
    """12 attackers whose means differ fourfold: exact limits are too short, the bootstrap's hold better."""
    rng, runs = np.random.default_rng(8), 80
    misses = {"exact": 0, "bootstrap": 0}
    truth = 1 / np.mean(1 / np.geomspace(300, 1200, 3))  # equal time each: rates average
    for run in range(runs):
        efforts, won = [], {}
        for person in range(12):
            mean = rng.choice(np.geomspace(300, 1200, 3))
            spent = 0.0
            while spent < 6000:
                t = float(rng.exponential(mean))
                text = f"{run} {person} {spent}" if spent + t <= 6000 else ""
                efforts.append(effort(f"p{person}", min(t, 6000 - spent), text))
                spent += t
                if text:
                    won[text] = True
        found = measured(efforts, won)
        for name, limits in (("exact", found.per_success), ("bootstrap", found.by_attacker)):
            misses[name] += not limits.lower <= truth <= limits.upper
    assert misses["bootstrap"] <= 0.15 * runs < misses["exact"], misses


def test_the_success_curve_by_hand():
    """Spells: a 60+60 success, then 60 running; b 30 success, then 90 running. S(30) = 3/4, S(120) = 0."""
    efforts = [
        effort("a"),
        effort("b", 30.0, find="two"),
        effort("a", find="one"),
        effort("b", 90.0, find="rejected"),
        effort("a"),
    ]
    curve = success_curve(efforts, {"one": True, "two": True, "rejected": False})
    assert (curve.events, curve.attempts) == (2, 4)
    assert curve.times == (30.0, 60.0, 90.0, 120.0) and curve.at_risk == (4, 3, 2, 1)
    assert curve.survival == pytest.approx((0.75, 0.75, 0.75, 0.0))
    assert curve.lower[0] < 0.75 < curve.upper[0] and curve.median == 120.0
    assert success_curve([effort(seconds=0.0)], {}) is None
    none = success_curve([effort(), effort("b", 20.0)], {})
    assert (none.events, none.attempts) == (0, 2) and set(none.survival) == {1.0}
    assert math.isinf(none.median)


@pytest.mark.statistical
def test_the_success_curve_covers_the_truth():
    """Exponential times, mean 100, in sessions of 50 at most; one attacker stops: P(T > 100) = 1/e."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(200):
        efforts, verified = [], {}
        for number in range(40):
            left = float(rng.exponential(100))
            while left > 50:
                efforts.append(effort("a", 50.0))
                left -= 50
            efforts.append(effort("a", left, find=f"find {number}"))
            verified[f"find {number}"] = True
        curve = success_curve([*efforts, effort("b", 70.0)], verified)
        at = sum(t <= 100 for t in curve.times) - 1
        inside += curve.lower[at] <= math.exp(-1) <= curve.upper[at]
    assert 180 <= inside <= 199  # 95 % of 200, and four standard deviations
