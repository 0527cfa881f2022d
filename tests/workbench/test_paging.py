"""Lists that grow come a part at a time, whole over all parts, none twice."""

from __future__ import annotations

import pytest

from holdfast.types import Annotation, Judgement, Verdict
from holdfast.types.bench import Gold
from holdfast.workbench.paging import MOST, part

from .conftest import ok, stored
from .test_attack import begin, hand_in


def walked(client, path, size, rows="rows"):
    """All rows of a list by parts of `size`, and the total that every part has to give."""
    found, totals, offset = [], set(), 0
    while True:
        page = ok(client.get(path, params={"offset": offset, "limit": size}))
        totals.add(page["total"])
        assert len(page[rows]) <= size
        if not page[rows]:
            break
        found += page[rows]
        offset += size
    assert totals == {len(found)}
    return found


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [
        (0, 3, [0, 1, 2]),
        (148, 3, [148, 149]),
        (150, 3, []),
        (-5, 2, [0, 1]),
        (3, 0, [3]),
        (0, 10_000, list(range(MOST))),
    ],
)
def test_a_part_keeps_within_its_bounds(offset, limit, expected):
    assert list(part(list(range(150)), offset, limit)) == expected


def test_people_by_parts(bench):
    admin = bench.person("admin")
    others = []
    for _ in range(4):
        bench.clock.forward(seconds=1)
        others.append(bench.person("labeller", ready=False))
    found = walked(admin, "/api/people", 2)
    assert [one["pseudonym"] for one in found] == [admin.pseudonym, *(one.pseudonym for one in others)]
    assert len(ok(admin.get("/api/people"))["rows"]) == 5


def test_known_items_by_parts_newest_first(bench):
    lead = bench.person("lead")
    items = [stored(n) for n in range(5)]
    bench.site.store.add_snippets(items)
    for one in items:
        bench.clock.forward(minutes=1)
        known = Gold(
            snippet_id=one.id, verdict=Verdict.SAFE, severity=0, note="", author="lead", at=bench.clock.now
        )
        bench.site.known.keep(known, served=True)
    found = walked(lead, "/api/adjudicate/gold", 2)
    assert [one["prompt"] for one in found] == [one.snippet.prompt for one in reversed(items)]


def test_finds_by_parts_and_all_are_counted(bench):
    attacker, other = bench.person("attacker"), bench.person("attacker")
    for n in range(3):
        ok(hand_in(bench, attacker, begin(bench, attacker), f"The man expired {n}."))
    ok(hand_in(bench, other, begin(bench, other), "The dog expired."))
    oldest = bench.site.attacking.finds(worker=attacker.pseudonym)[-1].snippet
    for who in ("amber-otter", "grey-finch"):
        said = Annotation(
            snippet_id=oldest.id,
            annotator=who,
            judgement=Judgement(verdict=Verdict.CATASTROPHIC, severity=3),
            guidelines="1",
        )
        bench.site.store.add_annotations([said])
    found = walked(attacker, "/api/attack/submissions", 2)
    assert [one["completion"] for one in found] == [f"The man expired {n}." for n in (2, 1, 0)]
    newest = ok(attacker.get("/api/attack/submissions", params={"limit": 1}))
    assert (newest["total"], newest["verified"], len(newest["rows"])) == (3, 1, 1)


def test_labellers_by_parts(bench):
    lead = bench.person("lead")
    items = [stored(n) for n in range(2)]
    bench.site.store.add_snippets(items)
    names = [bench.person("labeller", ready=False).pseudonym for _ in range(3)]
    said = [
        Annotation(
            snippet_id=one.id,
            annotator=name,
            judgement=Judgement(verdict=Verdict.SAFE),
            guidelines="1",
            at=bench.clock.now,
        )
        for one in items
        for name in names
    ]
    bench.site.store.add_annotations(said)
    found = walked(lead, "/api/dashboard/raters", 2, "raters")
    assert [one["pseudonym"] for one in found] == sorted(names)
