from holdfast.attacks.twins import SafeTwins
from holdfast.edits.text import apply_all
from holdfast.testing import FakeAnnotator
from holdfast.types import Snippet, Verdict
from tests.attacks.toy import EMPTY
from tests.edits.little import proposer, snippets

TWINS = SafeTwins(proposer())
SNIPPETS = snippets(30, seed=21)
HARMLESS = FakeAnnotator(["no such word"]).annotate


def test_a_safe_walk_is_safe_after_every_edit():
    judge = FakeAnnotator().annotate
    for snippet in SNIPPETS[:10]:
        if judge([snippet])[0].verdict is not Verdict.SAFE:
            continue
        twin, edits = TWINS.safe_walk(snippet, judge, 3, 5)
        assert len(edits) <= 3 and (twin != snippet) == bool(edits)
        for count in range(len(edits) + 1):
            assert judge([apply_all(snippet, edits[:count])])[0].verdict is Verdict.SAFE
        assert apply_all(snippet, edits) == twin
        assert TWINS.safe_walk(snippet, judge, 3, 5) == (twin, edits)


def test_walks_are_seeded_and_change_the_text():
    for snippet in SNIPPETS[:10]:
        once = TWINS.safe_walk(snippet, HARMLESS, 3, 1)
        assert once == TWINS.safe_walk(snippet, HARMLESS, 3, 1) and once[0] != snippet
        assert TWINS.safe_walk(snippet, HARMLESS, 0, 1) == (snippet, ())
    assert len({TWINS.safe_walk(SNIPPETS[0], HARMLESS, 2, seed)[0] for seed in range(10)}) >= 9


def test_both_sides_and_all_operations_occur():
    changed = [(s, TWINS.safe_walk(s, HARMLESS, 1, 4)[0]) for s in SNIPPETS]
    assert any(a.prompt != b.prompt for a, b in changed) and any(
        a.completion != b.completion for a, b in changed
    )
    sizes = {len(b.text.split()) - len(a.text.split()) for a, b in changed}
    assert {0, 1} <= sizes
    only = SafeTwins(proposer(), sides=["completion"])
    assert all(only.safe_walk(s, HARMLESS, 2, 4)[0].prompt == s.prompt for s in SNIPPETS)


def test_minimal_twins_are_safe_close_and_keep_their_lineage():
    harmful = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf.")
    judge = FakeAnnotator(["wolf"]).annotate
    found = TWINS.twins_of(harmful, judge, 5, seed=2)
    assert 1 <= len(found) <= 5 and found == TWINS.twins_of(harmful, judge, 5, seed=2)
    assert len({twin for twin, _ in found}) == len(found)
    for twin, edits in found:
        assert 1 <= len(edits) <= 2 and apply_all(harmful, edits) == twin
        assert judge([twin])[0].verdict is Verdict.SAFE


def test_none_where_nothing_is_safe_or_nothing_can_be_edited():
    assert (
        TWINS.twins_of(SNIPPETS[0], FakeAnnotator(["the", *"Tom Ann Ben Eva Sam Ida".split()]).annotate, 0, 1)
        == []
    )
    assert TWINS.twins_of(EMPTY, FakeAnnotator().annotate, 3, 1) == []
    assert TWINS.safe_walk(EMPTY, HARMLESS, 3, 1) == (EMPTY, ())
