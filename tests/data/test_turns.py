"""Groups take turns."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from holdfast.data.turns import in_turns


def test_the_first_of_each_then_the_second():
    assert in_turns(["a1", "a2", "a3", "b1", "c1", "c2"], lambda s: s[0]) == [
        "a1",
        "b1",
        "c1",
        "a2",
        "c2",
        "a3",
    ]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers())))
def test_any_first_part_is_as_even_as_it_can_be(items):
    found = in_turns(items, lambda item: item[0])
    assert Counter(found) == Counter(items)
    for group in {g for g, _ in items}:
        assert [i for i in found if i[0] == group] == [i for i in items if i[0] == group]
    whole = Counter(g for g, _ in items)
    for n in range(len(found)):
        part = Counter(g for g, _ in found[:n])
        most = max(part.values(), default=0)
        assert all(part[g] >= min(most - 1, whole[g]) for g in whole)


def test_one_group_stays_in_order():
    assert in_turns([3, 1, 2], lambda _: "") == [3, 1, 2]
