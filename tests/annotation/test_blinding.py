from __future__ import annotations

from dataclasses import fields

from holdfast.annotation.blinding import (
    BLOCK,
    HIDDEN,
    blind_order,
    label_payload,
    leaks,
    left_arm,
    opaque_id,
)
from holdfast.types import Snippet, StoredSnippet

KEY = b"0" * 32
SNIPPET = Snippet(prompt="He ran.", completion="He fell.")


def test_a_labelling_payload_tells_the_text_and_nothing_else():
    payload = label_payload(KEY, "me", SNIPPET)
    assert set(payload) == {"id", "prompt", "completion"}
    assert SNIPPET.id not in str(payload)
    assert leaks(payload) == set()


def test_everything_a_stored_snippet_knows_beyond_its_text_is_hidden():
    assert {field.name for field in fields(StoredSnippet)} - {"snippet"} <= HIDDEN


def test_ids_differ_by_person_and_key_and_stay():
    ids = {opaque_id(key, who, SNIPPET.id) for key in (KEY, b"1") for who in ("me", "you")}
    assert len(ids) == 4
    assert opaque_id(KEY, "me", SNIPPET.id) in ids


def test_leaks_are_found_at_any_depth():
    assert leaks({"items": [{"id": "x", "meta": {"Score": 1, "source": "attack"}}]}) == {"Score", "source"}
    assert leaks([1, "source", None]) == set()


def test_sides_are_balanced_in_blocks_and_no_pattern():
    sides = [left_arm(KEY, "me", n, ("filtered", "plain")) for n in range(20 * BLOCK)]
    blocks = [tuple(sides[start : start + BLOCK]) for start in range(0, len(sides), BLOCK)]
    assert all(block.count("plain") == BLOCK // 2 for block in blocks)
    assert len(set(blocks)) > 10
    assert sides != [left_arm(KEY, "you", n, ("filtered", "plain")) for n in range(20 * BLOCK)]


def test_two_labels_come_in_either_order():
    orders = {tuple(blind_order(KEY, "lead", str(n), ["yes", "no"])) for n in range(30)}
    assert orders == {("yes", "no"), ("no", "yes")}
    assert blind_order(KEY, "lead", "1", [1, 2, 3]) == blind_order(KEY, "lead", "1", [1, 2, 3])
