import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.data.readers import read_rows
from holdfast.data.rows import ReadOptions
from holdfast.data.split import (
    Shares,
    family_splits,
    find_leakage,
    split_of,
    to_stored,
)
from holdfast.errors import LeakageError
from holdfast.types import Example, Snippet, Split, Verdict

from .conftest import make_row

FAMILIES = st.text(max_size=8)


@given(st.lists(FAMILIES, max_size=30), st.lists(FAMILIES, max_size=30))
def test_adding_families_moves_nobody(old, new):
    rows = [make_row(prompt=f"p {i}", family=f"f{name}") for i, name in enumerate(old)]
    more = [make_row(prompt=f"q {i}", family=f"f{name}") for i, name in enumerate(new)]
    before = family_splits(rows, Shares())
    after = family_splits([*more, *rows], Shares())
    assert all(after[family] is split for family, split in before.items())


@given(st.lists(st.tuples(FAMILIES, st.sampled_from(["", "train"])), max_size=40))
def test_splits_are_disjoint_in_families_and_keep_what_the_file_says(pairs):
    rows = [make_row(prompt=f"p {i}", family=f"f{name}", split=said) for i, (name, said) in enumerate(pairs)]
    stored = to_stored(rows, Shares(validation=0.3, test=0.3))
    assert len({one.family for one in stored}) == len({(one.family, one.split) for one in stored})
    assert all(new.split is old.split for old, new in zip(rows, stored, strict=True) if old.split)


@given(FAMILIES)
def test_a_larger_test_share_only_takes_in(family):
    if split_of(family, Shares(test=0.2)) is Split.TEST:
        assert split_of(family, Shares(test=0.5)) is Split.TEST


@settings(max_examples=20)
@given(st.floats(0, 0.45), st.floats(0, 0.45))
def test_shares_are_kept_on_average(validation, test):
    shares = Shares(validation=validation, test=test)
    found = [split_of(f"family-{i}", shares) for i in range(2000)]
    assert abs(found.count(Split.TEST) / 2000 - test) < 0.05
    assert abs(found.count(Split.VALIDATION) / 2000 - validation) < 0.05


def test_the_hash_does_not_change_between_versions():
    shares = Shares()
    assert "".join(split_of(f"family-{i}", shares)[1] for i in range(20)) == "reeerrrarrrerrrrarrr"


def test_shares_leave_training_data():
    with pytest.raises(ValueError, match="below 1"):
        Shares(validation=0.5, test=0.5)


def test_a_family_with_two_splits_is_refused():
    rows = [make_row("a", family="f", split="train", line=3), make_row("b", family="f", split="test", line=9)]
    with pytest.raises(LeakageError, match="train in line 3 and test in line 9"):
        family_splits(rows, Shares())


def test_the_workspace_wins_over_the_hash_and_clashes_with_the_file():
    row = make_row("a", family="f")
    assert family_splits([row], Shares(), {"f": Split.TEST}) == {"f": Split.TEST}
    with pytest.raises(LeakageError, match="test in the workspace"):
        family_splits([make_row("a", family="f", split="train")], Shares(), {"f": Split.TEST})


def test_a_text_that_the_workspace_has_places_its_family():
    rows = [make_row("a", family="new"), make_row("b", family="new")]
    texts = {rows[1].id: Split.TEST}
    assert family_splits(rows, Shares(test=0), texts=texts) == {"new": Split.TEST}
    assert [one.split for one in to_stored(rows, Shares(test=0), texts=texts)] == [Split.TEST] * 2
    with pytest.raises(LeakageError, match="train and test splits"):
        family_splits(rows, Shares(), texts=texts | {rows[0].id: Split.TRAIN})
    with pytest.raises(LeakageError, match="test in the workspace and train in rows"):
        family_splits([*rows, make_row("c", family="new", split="train")], Shares(), texts=texts)


def test_a_parent_may_be_in_the_workspace():
    child = make_row("b", family="f", parent="s1_there")
    assert to_stored([child], Shares(), texts={"s1_there": Split.TRAIN})[0].parent_id == "s1_there"


def test_rows_become_stored_snippets():
    parent = make_row("a", family="f", split="test")
    child = make_row("a", "Five.", family="f", parent=parent.id)
    stray = make_row("a", "Six.", family="f", parent="elsewhere:7")
    stored = to_stored([parent, child, stray], Shares(), round=2)
    assert [one.parent_id for one in stored] == [None, parent.id, None]
    assert {one.split for one in stored} == {Split.TEST}
    assert stored[0].group == "rows.jsonl" and stored[0].round == 2


def example(text, split, family=""):
    return Example(
        snippet=Snippet(prompt="p", completion=text), verdict=Verdict.SAFE, split=split, family=family
    )


def test_leakage_of_texts_families_and_near_duplicates():
    long = "the old man went down to the harbour in the rain to look for his lost boat and found it"
    items = [
        example("same", Split.TRAIN, "f1"),
        example("same", Split.TEST, "f2"),
        example("other", Split.TRAIN, "f3"),
        example("third", Split.VALIDATION, "f3"),
        example(long, Split.TRAIN),
        example(long + " there", Split.TEST),
    ]
    report = find_leakage(items, near=0.8)
    assert (len(report.ids), report.families, len(report.near)) == (1, ("f3",), 1)
    assert report.prompts == 1
    assert not report.clean and str(report).startswith("1 texts, 1 families and 1 near-duplicate pairs")
    assert find_leakage(items[2:3]).clean


def test_real_labels_and_attacks_fit_together_by_prompt(shared_data):
    labels = read_rows(shared_data / "injury-labels" / "labels.jsonl.gz").rows
    path = shared_data / "injury-attacks" / "attacks.jsonl.gz"
    with pytest.raises(LeakageError, match="one split a family"):
        to_stored([*labels, *read_rows(path).rows], Shares())
    attacks = read_rows(path, ReadOptions(columns={"prompt": "family"})).rows
    report = find_leakage(to_stored([*labels, *attacks], Shares()), near=0.8)
    assert report.clean
    assert report.checked == 5699
    assert report.prompts == 37
