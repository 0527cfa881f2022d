from __future__ import annotations

import math

import pytest

from holdfast.errors import StoreError, UnknownNameError
from holdfast.types import STATES, Round, RoundState


def test_a_round_goes_forward_only(store):
    store.open_round(Round(number=1, target="baseline"))
    for state in STATES:
        store.set_round_state(1, state)
        store.set_round_state(1, state)
        assert store.round(1).state is state
    with pytest.raises(StoreError, match="cannot go back to trained"):
        store.set_round_state(1, RoundState.TRAINED)
    assert store.round(1).state is RoundState.MEASURED


def test_opening_again_is_harmless_on_the_same_target_only(store):
    store.open_round(Round(number=1, target="baseline"))
    store.set_round_state(1, RoundState.ATTACKED)
    store.open_round(Round(number=1, target="baseline"))
    assert store.rounds() == [Round(number=1, target="baseline", state=RoundState.ATTACKED)]
    with pytest.raises(StoreError, match="'baseline' already, not on 'other'"):
        store.open_round(Round(number=1, target="other"))


def test_rounds_are_in_order(store):
    for number in (2, 1):
        store.open_round(Round(number=number, target="baseline"))
    assert [one.number for one in store.rounds()] == [1, 2]


def test_unknown_rounds(store):
    with pytest.raises(UnknownNameError, match="no round 3"):
        store.round(3)
    with pytest.raises(UnknownNameError, match="no round 3"):
        store.set_round_state(3, RoundState.ATTACKED)


def test_measurements_keep_what_json_has_no_number_for(store):
    result = {"per_success": math.inf, "cells": ({"lower": -math.inf},), "trials": 10**20, "exact": None}
    values = {"target": "baseline", "round": 1, "population": "test", "run_id": "r"}
    id = store.add_measurement(kind="attack_cost", result=result, **values)
    store.add_measurement(kind="failure_rate", result={}, **values | {"target": "round-1"})
    (found,) = store.measurements(kind="attack_cost")
    assert found.result == result | {"cells": [{"lower": -math.inf}]}
    assert (found.id, found.target, found.population, found.run_id) == (id, "baseline", "test", "r")
    assert found.at is not None
    assert [one.kind for one in store.measurements(round=1)] == ["attack_cost", "failure_rate"]
    assert [one.kind for one in store.measurements(target="round-1")] == ["failure_rate"]
