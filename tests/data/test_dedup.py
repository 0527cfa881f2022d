from hypothesis import given
from hypothesis import strategies as st

from holdfast.data.dedup import Lineage, exact_duplicates, join_families, near_duplicates, shingles

from .conftest import make_row

TEXT = "the captain looked over the rail and saw that the boat had gone down with all her cargo in the night"


def test_exact_duplicates_look_past_case_and_punctuation():
    assert exact_duplicates(["A cat.", "a  CAT", "a dog", "!!", "??", "!!"]) == [(0, 1), (3, 5)]


def test_near_duplicates_are_confirmed_exactly():
    texts = [
        TEXT,
        TEXT + " again",
        TEXT.replace("captain", "mate"),
        "something else altogether, with no such words",
    ]
    pairs = near_duplicates(texts, threshold=0.7)
    assert [(i, j) for i, j, _ in pairs] == [(0, 1), (0, 2), (1, 2)]
    similarity = len(shingles(texts[0]) & shingles(texts[1])) / len(shingles(texts[0]) | shingles(texts[1]))
    assert pairs[0][2] == similarity


def test_near_duplicates_of_little():
    assert near_duplicates([]) == near_duplicates(["a"]) == []
    assert near_duplicates(["so it is", "So it is!"]) == [(0, 1, 1.0)]
    assert near_duplicates(["\U0001f600 you", "\U0001f921 you"]) == []


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=12), max_size=12))
def test_no_pair_of_high_similarity_is_missed(words):
    texts = [" ".join(one) for one in words]
    sets = [shingles(text) for text in texts]
    found = {(i, j) for i, j, _ in near_duplicates(texts, threshold=0.9)}
    for i in range(len(texts)):
        for j in range(i + 1, len(texts)):
            assert ((i, j) in found) == (len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= 0.9)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40))
def test_lineage_is_an_equivalence(pairs):
    lineage = Lineage()
    for a, b in pairs:
        lineage.join(a, b)
    groups = {}
    for name in range(21):
        groups.setdefault(lineage.root(name), set()).add(name)
    assert all(lineage.root(a) == lineage.root(b) for a, b in pairs)
    assert sum(map(len, groups.values())) == 21


def test_families_join_along_chains_and_near_texts():
    rows = [
        make_row(TEXT, "One.", family="c"),
        make_row(TEXT, "One more.", family="b"),
        make_row("x", "y", family="a"),
        make_row("far", "away", family="z"),
    ]
    rows.append(make_row("w", "v", family="d", parent=rows[2].id))
    joined = join_families(rows, near=0.8, also=[("b", "a")])
    assert [row.family for row in joined] == ["a", "a", "a", "z", "a"]
    assert [row.family for row in join_families(rows, near=None)] == ["c", "b", "a", "z", "a"]
