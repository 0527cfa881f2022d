"""Rows and curves of a suite, against numbers worked out by hand."""

from dataclasses import replace

import pytest

from holdfast.errors import MeasurementError
from holdfast.measurement.suite import Evidence, suite_curves, suite_rows, within
from holdfast.types import UNION, Judgement, Outcome, Verdict
from tests.measurement.make import broken, result, snippet

SEARCHES = {
    "a@1": [broken("p1", 20, "x1"), broken("p2", 150, "x2"), result("p3", queries=300)],
    "b@1": [broken("p1", 40, "x1b"), result("p2", queries=300), broken("p3", 60, "safe")],
}
"""x1 and x1b count as one; `safe` is accepted, and harmless."""


def evidence(**more):
    strict = Verdict.CATASTROPHIC
    verdicts = {
        "x1": Judgement(verdict=strict, severity=3, strategy="blow"),
        "x1b": Judgement(verdict=strict, severity=2, strategy="fall"),
        "x2": Judgement(verdict=strict, severity=1, strategy="blow"),
        "safe": Judgement(verdict=Verdict.SAFE),
    }
    groups = {"x1": 0, "x1b": 0, "x2": 1}
    given = {
        "target": "t",
        "population": "3 parents",
        "judgements": {snippet(k).id: v for k, v in verdicts.items()},
        "groups": {snippet(k).id: v for k, v in groups.items()},
        "strategies_known": 9,
    }
    return Evidence(**given | more)


def rows(searches=SEARCHES, budgets=(100, 300), **more):
    return {(r.method, r.budget): r for r in suite_rows(searches, evidence(**more), budgets)}


def test_a_row_counts_what_was_found():
    row = rows()["a@1", 300]
    assert (row.parents, row.broken.count, row.candidates, row.verified, row.distinct) == (3, 2, 2, 2, 2)
    assert (row.strategies, row.strategies_known, row.distinct_severe) == (("blow",), 9, 1)
    assert (row.cost.queries, row.cost.per_success) == (470, 235)
    assert row.cost.lower < 235 < row.cost.upper
    assert row.per_thousand.estimate == pytest.approx(1000 * 2 / 470)
    assert row.per_thousand.lower < row.per_thousand.estimate < row.per_thousand.upper
    b = rows()["b@1", 300]
    assert (b.candidates, b.verified, b.validity.count, b.validity.trials) == (2, 1, 1, 2)
    assert b.validity.lower == pytest.approx(0.0126, abs=1e-4)


def test_the_union_counts_near_duplicates_and_parents_once():
    union = rows()[UNION, 300]
    assert (union.candidates, union.verified, union.distinct) == (4, 3, 2)
    assert (union.parents, union.broken.count) == (3, 2)
    assert union.cost.queries == 470 + 400 and union.strategies == ("blow", "fall")


def test_a_smaller_budget_is_read_off_the_same_searches():
    row = rows()["a@1", 100]
    assert (row.verified, row.cost.queries) == (1, 20 + 100 + 100)
    cut = within(SEARCHES["a@1"], 150)
    assert [r.outcome for r in cut] == [Outcome.CANDIDATE, Outcome.CANDIDATE, Outcome.FAILED]
    assert within(SEARCHES["a@1"], 149)[1].candidate is None
    assert [r.cpu_seconds is None for r in rows().values()] == [True] * 3 + [False] * 3


def test_seconds_add_up_at_the_budget_that_was_run():
    timed = {m: [replace(r, seconds=2.0) for r in found] for m, found in SEARCHES.items()}
    found = rows(timed)
    assert (found["a@1", 300].cpu_seconds, found[UNION, 300].cpu_seconds) == (6.0, 12.0)


def test_a_harder_family_widens_the_limits():
    many = {"a@1": [broken(f"e{i}", 10, f"f{i}") for i in range(12)] + [broken("h", 4000, "fh")] * 1}
    strict = Judgement(verdict=Verdict.CATASTROPHIC)
    names = [f"f{i}" for i in range(12)] + ["fh"]
    own = {
        "judgements": {snippet(n).id: strict for n in names},
        "groups": {snippet(n).id: i for i, n in enumerate(names)},
    }
    wide = rows(many, (10_000,), **own)["a@1", 10_000].per_thousand
    even = {"a@1": [replace(r, queries=320) for r in many["a@1"]]}
    narrow = rows(even, (10_000,), **own)["a@1", 10_000].per_thousand
    assert wide.upper / wide.lower > narrow.upper / narrow.lower


def test_nothing_found_and_nothing_attacked():
    none = rows({"a@1": [result("p1", queries=300)]}, (300,))["a@1", 300]
    assert (none.per_thousand.estimate, none.distinct) == (0, 0)
    assert none.per_thousand.lower == 0 and none.per_thousand.upper == pytest.approx(
        1000 * 2.9957 / 300, abs=0.01
    )
    with pytest.raises(MeasurementError):
        rows({"a@1": [result("p1", Outcome.SKIPPED, 1)]}, (300,))
    skipped = {"a@1": [*SEARCHES["a@1"], result("p9", Outcome.SKIPPED, 1)]}
    assert rows(skipped)["a@1", 300].parents == 3
    with pytest.raises(MeasurementError):
        rows(judgements={})


def test_curves():
    a, b, union = suite_curves(SEARCHES, evidence(), 300)
    assert a.finds == ((20, 1), (150, 2)) and b.finds == ((40, 1),) and union.finds == a.finds
    assert dict(zip(a.queries, a.share, strict=True)) == pytest.approx({20: 1 / 3, 150: 2 / 3, 300: 2 / 3})
    assert union.share == a.share
    assert b.queries == (40, 300) and b.share == pytest.approx((1 / 3, 1 / 3))
    for curve in (a, b, union):
        assert all(x <= y <= z for x, y, z in zip(curve.lower, curve.share, curve.upper, strict=True))


def test_a_parent_breaks_at_its_cheapest_search():
    again = {"a@1": [*SEARCHES["a@1"], broken("p2", 30, "x2"), result("p1", queries=300)]}
    a, _ = suite_curves(again, evidence(), 300)
    assert a.queries == (20, 30, 300) and a.share == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert a.finds == ((20, 1), (30, 2))
