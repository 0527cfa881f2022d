from __future__ import annotations

import random

from holdfast.training.audit import ascent_z, audit
from tests.models import tiny


def texts(n: int) -> list[str]:
    r = random.Random(0)
    return ["".join(r.choices("abcdefghijklmnop", k=8)) + f" word {i}" for i in range(n)]


def test_shuffled_text_is_in_order() -> None:
    found = audit(texts(2000), sources=[f"book {i % 50}" for i in range(2000)])
    assert found.warnings == [] and abs(found.order_z) < 4
    assert found.families == 50 and found.largest[0][1] == 0.02
    assert found.to_dict()["texts"] == 2000


def test_sorted_and_cut_text_is_seen() -> None:
    cut = sorted(texts(20000))[:2000]
    warnings = " ".join(audit(cut).warnings)
    assert "alphabetical order" in warnings and "letters" in warnings


def test_one_book_and_copies_and_few() -> None:
    warnings = " ".join(audit(["the same"] * 50 + [""], sources=["Alex Rider"] * 51).warnings)
    assert "Alex Rider" in warnings and "copies" in warnings and "empty" in warnings and "only 51" in warnings


def test_takes_snippets() -> None:
    assert audit([tiny.snippet(i, False) for i in range(30)]).texts == 30
    assert audit([]).texts == 0


def test_ascents_of_known_orders() -> None:
    assert ascent_z(["a", "b", "c", "d"]) > 2
    assert ascent_z(["d", "c", "b", "a"]) < -2
    assert ascent_z(["a", "a"]) == 0
