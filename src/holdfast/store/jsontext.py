"""JSON text that carries nan and inf without loss, and refuses what it would change in silence.

A float that JSON has no number for is written `{"$float": "inf"}`; a dict that has that very key is written
`{"$dict": [[key, value], ...]}`, so that every value reads back as it was. Tuples become lists.
"""

from __future__ import annotations

import json
import math
from numbers import Integral, Real
from typing import Any

from holdfast.errors import InputError

__all__ = ["decode", "dump_json", "encode", "load_json"]

_FLOAT, _DICT = "$float", "$dict"


def encode(value: Any) -> Any:
    """`value` in JSON's own types. Raises InputError for a key that is no string, or another type."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return number if math.isfinite(number) else {_FLOAT: repr(number)}
    if isinstance(value, list | tuple):
        return [encode(one) for one in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise InputError("a result has a key that is not a string", expected="dicts with string keys")
        if _FLOAT in value or _DICT in value:
            return {_DICT: [[key, encode(one)] for key, one in value.items()]}
        return {str(key): encode(one) for key, one in value.items()}
    raise InputError(
        f"a result holds a {type(value).__name__}", expected="str, int, float, bool, None, list or dict"
    )


def decode(value: Any) -> Any:
    """The inverse of `encode`, up to tuples, which come back as lists."""
    if isinstance(value, list):
        return [decode(one) for one in value]
    if isinstance(value, dict):
        if value.keys() == {_FLOAT}:
            return float(value[_FLOAT])
        if value.keys() == {_DICT}:
            return {key: decode(one) for key, one in value[_DICT]}
        return {key: decode(one) for key, one in value.items()}
    return value


def dump_json(value: Any) -> str:
    """`value` as ASCII JSON text: the escapes also carry NUL and lone surrogates."""
    return json.dumps(encode(value), allow_nan=False, separators=(",", ":"))


def load_json(text: str) -> Any:
    """What `dump_json` wrote."""
    return decode(json.loads(text))
