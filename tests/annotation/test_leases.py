from __future__ import annotations

from holdfast.annotation.leases import PREFETCH, SKIPS, TTL, Item, Late, Waiting, answer, offer


def test_items_come_in_the_order_of_the_queue_those_held_first():
    items = [Item(id=str(n)) for n in range(6)]
    assert offer(items, "me", 0) == ["0", "1", "2"]
    items[4] = Item(id="4", leases={"me": 10.0})
    assert offer(items, "me", 0) == ["4", "0", "1"]
    assert len(offer(items, "me", 0)) == PREFETCH


def test_nobody_is_shown_what_is_not_for_them():
    items = [
        Item(id="labelled", labelled_by=frozenset({"me"})),
        Item(id="skipped", skipped_by=frozenset({"me"})),
        Item(id="own", author="me"),
        Item(id="full", labelled_by=frozenset({"a", "b"})),
        Item(id="taken", wanted=1, leases={"other": TTL}),
        Item(id="hated", skipped_by=frozenset(str(n) for n in range(SKIPS))),
        Item(id="free", leases={"other": TTL}),
    ]
    assert offer(items, "me", 0) == ["free"]


def test_an_ended_lease_is_offered_again():
    item = Item(id="x", wanted=1, leases={"other": TTL})
    assert isinstance(offer([item], "me", TTL - 1), Waiting)
    assert offer([item], "me", TTL) == ["x"]


def test_an_empty_queue_says_why():
    items = [
        Item(id="1", wanted=1, leases={"a": 100.0}),
        Item(id="2", wanted=1, leases={"b": 70.0}),
        Item(id="3", skipped_by=frozenset("abc")),
        Item(id="4", labelled_by=frozenset("ab"), disputed=True),
    ]
    assert offer(items, "me", 40.0) == Waiting(leased=2, retry=30.0, adjudication=2)
    assert offer([], "me", 0) == Waiting(leased=0, retry=None, adjudication=0)


def test_a_late_answer_is_never_refused():
    item = Item(id="x", wanted=2, labelled_by=frozenset({"a"}))
    assert answer(item, "me") is Late.COUNTS
    assert answer(item, "me", ["b"]) is Late.SURPLUS
    assert answer(item, "a", ["b"]) is Late.COUNTS
