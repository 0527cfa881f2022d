from hypothesis import given
from hypothesis import strategies as st

from holdfast.data.dedup import Lineage, near_duplicates, shingles

TEXT = "the captain looked over the rail and saw that the boat had gone down with all her cargo in the night"


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
