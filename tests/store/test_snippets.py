from __future__ import annotations

import pytest

from holdfast.errors import LeakageError, StoreError
from holdfast.types import Source, Split
from tests.store.values import annotation, snippet, stored


def test_new_ones_are_added_in_order_and_known_ones_ignored(store):
    many = [stored(n) for n in (3, 1, 2)]
    assert store.add_snippets(many) == 3
    assert store.add_snippets([*many, stored(4)]) == 1
    assert store.snippets() == [*many, stored(4)]
    assert store.add_snippets([]) == 0


def test_the_first_lineage_wins(store):
    store.add_snippets([stored(1, family="a", group="first")])
    assert store.add_snippets([stored(1, family="b", group="second", round=3)]) == 0
    assert [one.group for one in store.snippets()] == ["first"]


def test_the_first_lineage_wins_within_one_call(store):
    assert store.add_snippets([stored(1, group="first"), stored(1, group="second")]) == 1
    assert [one.group for one in store.snippets()] == ["first"]


def test_an_ignored_lineage_binds_no_family(store):
    store.add_snippets([stored(1, family="a")])
    store.add_snippets([stored(1, family="b")])
    assert store.add_snippets([stored(2, family="b", split=Split.TEST)]) == 1


def test_a_family_in_two_splits_is_refused_and_nothing_written(store):
    store.add_snippets([stored(1, family="a")])
    with pytest.raises(LeakageError, match="family 'a' is in the train split"):
        store.add_snippets([stored(2), stored(3, family="a", split=Split.TEST)])
    assert store.count_snippets() == 1


def test_a_family_in_two_splits_within_one_call_is_refused(store):
    with pytest.raises(LeakageError):
        store.add_snippets([stored(1, family="a"), stored(2, family="a", split=Split.VALIDATION)])
    assert store.count_snippets() == 0


def test_a_known_text_in_another_split_is_refused(store):
    store.add_snippets([stored(1, family="a")])
    with pytest.raises(LeakageError, match=snippet(1).id):
        store.add_snippets([stored(1, family="b", split=Split.TEST)])
    with pytest.raises(LeakageError):
        store.add_snippets([stored(9, family="c"), stored(9, family="d", split=Split.TEST)])


def test_filters(store):
    store.add_snippets(
        [
            stored(1),
            stored(2, source=Source.ATTACK, round=1, parent_id=snippet(1).id, family="family 1"),
            stored(3, split=Split.TEST, group="other"),
        ]
    )

    def found(**where):
        assert store.count_snippets(**where) == len(store.snippets(**where))
        return [int(one.snippet.completion.split()[-1][:-1]) for one in store.snippets(**where)]

    assert found() == [1, 2, 3]
    assert found(source=Source.ATTACK) == [2]
    assert found(split=Split.TRAIN) == [1, 2]
    assert found(round=0) == [1, 3]
    assert found(group="other") == [3]
    assert found(family="family 1") == [1, 2]
    assert found(ids=[snippet(3).id, snippet(1).id, "unknown", snippet(1).id]) == [1, 3]
    assert found(ids=[]) == []
    assert found(ids=[snippet(1).id, snippet(3).id], split=Split.TEST) == [3]
    assert found(limit=2) == [1, 2]
    assert found(ids=[snippet(3).id, snippet(2).id], limit=1) == [2]


def test_many_more_ids_than_a_statement_may_hold(store):
    many = [stored(n) for n in range(20_000)]
    assert store.add_snippets(many) == 20_000
    ids = [one.id for one in reversed(many)]
    assert store.snippets(ids=ids) == many
    assert store.count_snippets(ids=ids) == 20_000


def test_unannotated(store):
    store.add_snippets([stored(n) for n in range(4)])
    store.add_annotations([annotation(0), annotation(1, "oracle:x"), annotation(1)])

    def found(**where):
        return [one.family[-1] for one in store.unannotated(**where)]

    assert found() == ["2", "3"]
    assert found(annotator="oracle:x") == ["0", "2", "3"]
    assert found(annotator="nobody", limit=2) == ["0", "1"]
    assert found(split=Split.TEST) == []
    assert found(source=Source.NATURAL, group="pool") == ["2", "3"]


def test_inclusion_is_the_one_thing_that_changes(store):
    store.add_snippets([stored(1), stored(2)])
    store.set_inclusion({snippet(2).id: 0.25})
    assert [one.inclusion for one in store.snippets()] == [1.0, 0.25]
    with pytest.raises(StoreError, match="no snippet"):
        store.set_inclusion({snippet(1).id: 0.5, "unknown": 0.5})
    assert [one.inclusion for one in store.snippets()] == [1.0, 0.25]
    store.set_inclusion({})


def test_snippets_and_their_annotations_come_together_or_not_at_all(store):
    good, lost = annotation(1), annotation(2)
    with pytest.raises(StoreError):
        store.add_snippets([stored(1)], annotations=[good, lost])
    assert store.count_snippets() == 0 and not store.annotations()
    assert store.add_snippets([stored(1)], annotations=[good]) == 1
    assert list(store.annotations()) == [stored(1).id]
