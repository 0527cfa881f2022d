from __future__ import annotations

import math

import pytest

from holdfast.errors import UnknownNameError
from tests.store.values import checkpoint, threshold


def test_the_latest_checkpoint_of_a_name_counts(store):
    store.add_checkpoint(checkpoint("generator", kind="generator"))
    store.add_checkpoint(checkpoint())
    store.add_checkpoint(checkpoint())
    store.add_checkpoint(checkpoint(sha256="1" * 64))
    assert store.checkpoint("baseline").sha256 == "1" * 64
    assert [one.name for one in store.checkpoints()] == ["generator", "baseline"]
    assert [one.name for one in store.checkpoints("classifier")] == ["baseline"]


def test_going_back_to_an_earlier_checkpoint_counts_too(store):
    old, new = checkpoint(), checkpoint(sha256="1" * 64)
    for ref in (old, new, old):
        store.add_checkpoint(ref)
    assert store.checkpoint("baseline") == old


def test_an_unknown_checkpoint_names_the_closest(store):
    store.add_checkpoint(checkpoint())
    with pytest.raises(UnknownNameError, match="did you mean 'baseline'"):
        store.checkpoint("baselin")


def test_the_latest_threshold_counts_and_all_are_kept(store):
    store.add_checkpoint(checkpoint())
    for value in (0.5, -2.0, math.inf):
        store.add_threshold("baseline", threshold(value))
    assert store.threshold("baseline") == threshold(math.inf)
    assert [one.value for one in store.thresholds("baseline")] == [0.5, -2.0, math.inf]


def test_thresholds_belong_to_checkpoints(store):
    store.add_checkpoint(checkpoint())
    with pytest.raises(UnknownNameError, match="holdfast calibrate baseline"):
        store.threshold("baseline")
    with pytest.raises(UnknownNameError):
        store.add_threshold("baselin", threshold())
    assert store.thresholds("baselin") == []
