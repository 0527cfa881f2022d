"""Whatever a file holds, reading it gives a report or one of our own errors."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.data.books import read_book
from holdfast.data.readers import read_file
from holdfast.errors import InputError

NAMES = ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.jsonl.gz", "a.csv.gz"]
CALM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMED = st.sampled_from(
    "prompt completion verdict label severity annotations annotator split fold source family parent kind "
    "round id".split()
)


def read(path):
    try:
        report = read_file(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert report.rows
        assert all(row.snippet.completion.strip() for row in report.rows)


@CALM
@given(st.sampled_from(NAMES), st.binary(max_size=200), st.booleans())
def test_bytes(tmp_path, name, content, packed):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if packed and name.endswith(".gz") else content)
    read(path)


@CALM
@given(st.sampled_from(NAMES), st.text(alphabet="ab,\"\t\n\r{}[]:.'promtclein ", max_size=120))
def test_text(tmp_path, name, content):
    path = tmp_path / name
    data = content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    read(path)


@CALM
@given(st.lists(st.dictionaries(NAMED, VALUES, max_size=8), min_size=1, max_size=4))
def test_records(tmp_path, records):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    read(path)


@CALM
@given(
    st.lists(
        st.sampled_from(['"Stop!" ', "He ran. ", "CHAPTER I\n\n", "\n\n", "a b c d e. ", "* * *\n", "\ufeff"])
    )
)
def test_books(tmp_path, parts):
    path = tmp_path / "a.txt"
    path.write_text("".join(parts), encoding="utf-8")
    try:
        report = read_book(path)
    except InputError:
        return
    assert all(row.snippet.text.count('"') % 2 == 0 for row in report.rows)


def test_deep_json_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(InputError, match="not usable JSON"):
        read_file(path)
