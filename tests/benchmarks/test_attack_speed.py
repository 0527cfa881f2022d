"""The pure parts of the speed benchmark; its timings are its own affair."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.models.encoding import Encoded
from holdfast.types import Snippet

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PARENT = Snippet(prompt="The old man sat.", completion="He cut the dog.")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_raw_batches_are_of_equal_length_and_hold_everything():
    import attack_speed

    encoded = [Encoded(ids=(i, *range(length))) for i, length in enumerate((3, 5, 3, 3, 5, 7))]
    tensors = attack_speed.batches(encoded, 2, 0)
    assert [tuple(t["input_ids"].shape) for t in tensors] == [(2, 4), (1, 4), (2, 6), (1, 8)]
    assert all(t["attention_mask"].all() for t in tensors)
    assert sorted(int(row[0]) for t in tensors for row in t["input_ids"]) == list(range(6))


def test_what_is_compared_is_measured_in_turn():
    import attack_speed

    order = []
    works = {name: lambda n=name: order.append(n) for name in "ab"}
    found = attack_speed.interleaved(works, repeats=2)
    assert order == ["a", "b"] * 3 and {k: len(v) for k, v in found.items()} == {"a": 2, "b": 2}


def test_listed_words_keep_their_place_after_edits():
    import speed_textattack

    from holdfast.edits.text import apply

    lists = {
        "prompt": [["A"], ["young", "old", "tall"], ["dog"], ["lay"]],
        "completion": [[], ["saw"], [], []],
    }
    fixed = speed_textattack.Fixed(lists)
    edits = fixed.propose(PARENT, "prompt", 4, 7, 9, seed=0)
    assert {e.new for e in edits} == {"young", "tall"}
    longer = apply(PARENT, next(e for e in edits if e.new == "young"))
    assert [e.new for e in fixed.propose(longer, "prompt", 14, 17, 9, seed=0)] == ["lay"]
    assert fixed.propose(PARENT, "prompt", 4, 4, 9, seed=0) == []
    assert len(fixed.propose(PARENT, "prompt", 4, 7, 1, seed=0)) == 1


def test_costs_are_per_broken_parent():
    import speed_textattack

    rows = [
        {"block": 0, "holdfast": [True, 1.0, 10], "textattack": [True, 4.0, 40]},
        {"block": 1, "holdfast": [True, 1.0, 20], "textattack": [False, 8.0, 60]},
    ]
    found = speed_textattack.compared(rows, 2)
    assert found["holdfast"] == {"broken": 2, "seconds": 1.0, "queries": 15.0}
    assert found["textattack"] == {"broken": 1, "seconds": 12.0, "queries": 100.0}
    assert found["ratio"] == 12.0 and found["blocks"] == [4.0, 8.0]
