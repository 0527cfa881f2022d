"""What reaches an adjudicator."""

from __future__ import annotations

from itertools import pairwise

import pytest

from holdfast.annotation.adjudication import audit_due
from holdfast.annotation.blinding import mixed_in
from holdfast.annotation.leases import PREFETCH
from holdfast.types import Verdict
from tests.store.values import annotation

KEY = b"0" * 32
SAFE, BAD, UNSURE = Verdict.SAFE, Verdict.CATASTROPHIC, Verdict.UNSURE


def due(number, *verdicts, share=0.05, names="abcdef", required=2):
    said = [annotation(1, name, verdict) for name, verdict in zip(names, verdicts, strict=False)]
    return audit_due(f"item {number}", said, required=required, key=KEY, share=share)


def test_a_share_of_what_labels_settle_is_audited():
    found = [due(n, SAFE, SAFE) for n in range(10_000)]
    assert 410 <= sum(found) <= 590  # four standard deviations
    assert found == [due(n, BAD, BAD) for n in range(10_000)], "whatever the labels say"
    assert found != [
        audit_due(f"item {n}", [annotation(1, "a")], required=1, key=b"1" * 32, share=0.05)
        for n in range(10_000)
    ]


@pytest.mark.parametrize("verdicts", [(SAFE,), (SAFE, BAD), (UNSURE, UNSURE), ()])
def test_what_labels_leave_open_is_not(verdicts):
    assert not due(1, *verdicts, share=1.0)
    assert due(1, SAFE, SAFE, share=1.0) and not due(1, SAFE, SAFE, share=0.0)


def test_what_a_program_or_an_adjudicator_judged_is_not():
    for name in ("oracle:x", "adjudicator:lead"):
        assert not due(1, SAFE, SAFE, share=1.0, names=["a", name], required=1)


def test_one_place_in_each_block_is_mixed_in():
    for share, size in ((0.05, 20), (0.03, 33), (0.125, 8)):
        places = [n for n in range(20 * size) if mixed_in(KEY, "gold", "me", n, share)]
        assert [n // size for n in places] == list(range(20))
        assert len({n % size for n in places}) > 3
        assert min(b - a for a, b in pairwise(places)) > PREFETCH, "one is answered before the next is due"
        assert places != [n for n in range(20 * size) if mixed_in(KEY, "again", "me", n, share)]
    assert not any(mixed_in(KEY, "gold", "me", n, 0) for n in range(100))
