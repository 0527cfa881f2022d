import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.data.readers import read_rows
from holdfast.data.writers import COLUMNS, as_record, csv_safe, write_records, write_rows
from holdfast.errors import InputError
from holdfast.types import Annotation, Example, Judgement, Snippet, Source, Split, StoredSnippet, Verdict

from .conftest import make_row

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(
    str.strip
)
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\tx", "\rx", "'=quoted", "''-x"]


def stored(prompt, completion):
    return StoredSnippet(
        snippet=Snippet(prompt=prompt, completion=completion),
        source=Source.NATURAL,
        split=Split.TEST,
        family="fam",
        parent_id="s1_parent",
        group="pool",
        log_weight=-0.5,
        inclusion=0.25,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5, unique=True),
    st.sampled_from(["jsonl", "csv", "tsv"]),
)
def test_what_is_written_is_read_back(tmp_path_factory, pairs, kind):
    path = tmp_path_factory.mktemp("w") / f"a.{kind}.gz"
    rows = [stored(prompt, completion) for prompt, completion in pairs]
    assert write_rows(path, rows) == len(rows)
    again = read_rows(path).rows
    assert [row.snippet for row in again] == [row.snippet for row in rows]
    assert {(row.split, row.family, row.source, row.parent_ref) for row in again} == {
        (Split.TEST, "fam", Source.NATURAL, "s1_parent")
    }
    assert again[0].tags == {"group": "pool", "log_weight": "-0.5", "inclusion": "0.25"}


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_disarmed_in_csv_and_come_back_whole(tmp_path, text):
    path = tmp_path / "a.csv"
    write_rows(path, [stored(text, text)])
    with path.open(encoding="utf-8", newline="") as file:
        cells = next(csv.DictReader(file))
    assert cells["completion"].startswith("'")
    assert cells["log_weight"] == "-0.5"
    assert read_rows(path).rows[0].snippet == Snippet(prompt=text, completion=text)


def test_only_texts_that_start_a_formula_are_touched():
    assert [csv_safe(x) for x in ("a=b", "it's", "", -3, None)] == ["a=b", "it's", "", -3, None]


def test_annotations_come_back(tmp_path):
    row = make_row(verdict="BORDERLINE")
    judgement = Judgement(verdict=Verdict.CATASTROPHIC, severity=3, strategy="humour", reason="r")
    second = Annotation(snippet_id=row.id, annotator="b", judgement=judgement, guidelines="2", seconds=4.5)
    for name in ("a.jsonl", "a.csv"):
        write_records(tmp_path / name, [as_record(row, [*row.annotations, second])])
        assert read_rows(tmp_path / name).rows[0].annotations == (*row.annotations, second)


def test_an_example_comes_back_with_its_label(tmp_path):
    snippet = Snippet(prompt="p", completion="c")
    one = Example(snippet=snippet, verdict=Verdict.CATASTROPHIC, severity=2, strategy="s", round=3)
    write_rows(tmp_path / "a.jsonl", [one])
    row = read_rows(tmp_path / "a.jsonl").rows[0]
    assert row.annotations[0].judgement == Judgement(verdict=Verdict.CATASTROPHIC, severity=2, strategy="s")
    assert (row.family, row.split, row.round) == (snippet.id, Split.TRAIN, 3)


def test_the_columns_have_a_fixed_order(tmp_path):
    assert list(as_record(stored("p", "c"))) == [
        name for name in COLUMNS if name in as_record(stored("p", "c"))
    ]
    write_records(tmp_path / "a.csv", [{"z": 1, "completion": "c"}, {"prompt": "p"}])
    assert (tmp_path / "a.csv").read_text() == "prompt,completion,z\n,c,1\np,,\n"


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    def records():
        yield {"prompt": "p"}
        raise RuntimeError("stopped")

    (tmp_path / "a.jsonl").write_text("before")
    with pytest.raises(RuntimeError):
        write_records(tmp_path / "a.jsonl", records())
    assert (tmp_path / "a.jsonl").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ValueError, match="JSON"):
        write_records(tmp_path / "b.jsonl", [{"x": float("nan")}])


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_rows(tmp_path / name, [stored("p", "c")])
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_unknown_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot write '.xlsx'"):
        write_records(tmp_path / "a.xlsx", [])


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs the data extra")
    row = make_row(verdict="SAFE", split="test")
    write_rows(tmp_path / "a.parquet", [row, make_row("q", "=r")])
    again = read_rows(tmp_path / "a.parquet").rows
    assert again[0].annotations == row.annotations and again[1].snippet.completion == "=r"


def test_parquet_without_pyarrow_says_what_to_install(tmp_path):
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"holdfast\[data\]"):
            write_records(tmp_path / "a.parquet", [{"prompt": "p"}])
    else:
        pytest.skip("pyarrow is installed")


def test_unicode_is_written_as_it_is(tmp_path):
    write_records(tmp_path / "a.jsonl", [{"prompt": "Ünïcödé \u2028 \U0001f600"}])
    assert json.loads((tmp_path / "a.jsonl").read_bytes()) == {"prompt": "Ünïcödé \u2028 \U0001f600"}
