"""One serialiser for stdout and for files."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.errors import ConfigError
from holdfast.types import Split
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.output import check_output, dump_json, write_output


@dataclass
class Rate:
    estimate: float


RESULT = {
    "rows": [{"a": math.inf, "b": Rate(math.nan), "split": Split.TRAIN, "path": Path("x")}],
    "c": (1, 2),
}
ROW = {"a": "inf", "b": {"estimate": "nan"}, "split": "train", "path": "x"}


def test_json_carries_non_finite_numbers_and_typed_values(tmp_path: Path) -> None:
    assert json.loads(dump_json(RESULT)) == {"schema": 1, "rows": [ROW], "c": [1, 2]}
    write_output(Outcome(result=RESULT), tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text() == dump_json(RESULT) + "\n"


def test_rows(tmp_path: Path) -> None:
    for name in ("x.jsonl", "x.csv", "x.html"):
        check_output(tmp_path / name)
        write_output(Outcome(result=RESULT), tmp_path / name)
    assert json.loads((tmp_path / "x.jsonl").read_text()) == ROW


def test_a_page_is_written_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>the report</p>")
    write_output(Outcome(result=RESULT, page=tmp_path / "index.html"), tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == "<p>the report</p>"


@pytest.mark.parametrize("name", ["x.docx", "x", "no/x.json", "."])
def test_what_cannot_be_written_is_refused_beforehand(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--output"):
        check_output(tmp_path / name)
