from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given

from holdfast.errors import InputError
from holdfast.store import decode, dump_json, encode, load_json
from tests.store.values import json_values


def same(a, b):
    """Equal, of the same types, and nan is nan."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(json_values)
def test_every_value_comes_back_as_it_was(value):
    assert same(load_json(dump_json(value)), value)
    assert same(decode(encode(value)), value)


@given(json_values)
def test_the_text_is_json_that_any_parser_reads(value):
    def refuse(name):
        raise AssertionError(name)

    text = dump_json(value)
    assert text.isascii()
    json.loads(text, parse_constant=refuse)


def test_infinity_is_no_string():
    assert load_json(dump_json({"per_success": math.inf, "name": "inf"})) == {
        "per_success": math.inf,
        "name": "inf",
    }


def test_tuples_become_lists_and_numpy_numbers_plain_ones():
    assert load_json(dump_json({"a": (1, (2,)), "b": np.float64(0.5), "c": np.int64(3)})) == {
        "a": [1, [2]],
        "b": 0.5,
        "c": 3,
    }


@pytest.mark.parametrize("value", [{1: "a"}, {"a": object()}, b"bytes", {1, 2}])
def test_what_json_would_change_in_silence_is_refused(value):
    with pytest.raises(InputError):
        dump_json(value)
