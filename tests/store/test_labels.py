from __future__ import annotations

import pytest

from holdfast.errors import StoreError
from holdfast.types import Verdict
from tests.store.values import annotation, snippet, stored


def test_several_annotators_and_a_change_of_mind_are_all_kept(store):
    store.add_snippets([stored(1), stored(2)])
    written = [
        annotation(1, "a"),
        annotation(2, "a"),
        annotation(1, "b", Verdict.UNSURE),
        annotation(1, "a", Verdict.CATASTROPHIC),
    ]
    assert store.add_annotations(written[:3]) == 3
    assert store.add_annotations(iter(written[3:])) == 1
    found = store.annotations()
    assert list(found) == [snippet(1).id, snippet(2).id]
    said = [(one.annotator, one.judgement.verdict) for one in found[snippet(1).id]]
    assert said == [("a", Verdict.SAFE), ("b", Verdict.UNSURE), ("a", Verdict.CATASTROPHIC)]
    assert all(one.at is not None for one in found[snippet(1).id])
    assert [len(x) for x in store.annotations([snippet(1).id, "unknown"], annotator="a").values()] == [2]
    assert store.annotations([]) == {}
    assert list(store.annotation_counts().items()) == [("a", 3), ("b", 1)]


def test_an_unknown_snippet_refuses_all_of_them(store):
    store.add_snippets([stored(1)])
    with pytest.raises(StoreError, match=snippet(2).id):
        store.add_annotations([annotation(1), annotation(2)])
    assert store.annotations() == {}


def test_a_request_sent_again_writes_nothing_twice(store):
    store.add_snippets([stored(1), stored(2)])
    written = [annotation(1), annotation(2)]
    assert store.add_annotations(written, keys=["k1", "k2"]) == 2
    assert store.add_annotations(written, keys=["k1", "k3"]) == 1
    assert sum(map(len, store.annotations().values())) == 3
    with pytest.raises(StoreError, match="1 keys for 2"):
        store.add_annotations(written, keys=["k4"])


def test_ten_thousand_at_once(store):
    many = [stored(n) for n in range(10_000)]
    store.add_snippets(many)
    assert store.add_annotations(annotation(n) for n in range(10_000)) == 10_000
    assert len(store.annotations([one.id for one in many])) == 10_000
