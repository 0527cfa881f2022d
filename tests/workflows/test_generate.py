"""Prompts come through the one reader; prompts that nothing can be made of are no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.errors import InputError
from holdfast.types import Delivery
from holdfast.workflows.generate import _refuse_if_none_worked, read_prompts


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_one_line_is_one_prompt(tmp_path: Path) -> None:
    odd = "One\u2028two\x85three\x0bfour"
    path = written(tmp_path / "a.jsonl", json.dumps({"prompt": odd}, ensure_ascii=False) + "\n\n")
    assert read_prompts(path) == [odd]
    assert read_prompts(written(tmp_path / "a.txt", f"{odd}\n\n x \r\n")) == [odd, " x "]


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt"])
def test_a_byte_order_mark_is_taken_off(tmp_path: Path, name: str) -> None:
    text = '{"prompt": "A."}\n' if name == "a.jsonl" else "A.\n"
    assert read_prompts(written(tmp_path / name, text, "utf-8-sig")) == ["A."]


def test_tables_of_other_kinds(tmp_path: Path) -> None:
    assert read_prompts(written(tmp_path / "a.csv", 'n,prompt\n1,"A, b."\n')) == ["A, b."]
    assert read_prompts(written(tmp_path / "a.json", '[{"prompt": "A."}]')) == ["A."]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('{"prompt": null}', "null"),
        ('{"prompt": 3}', "not a text but int"),
        ('{"prompt": ["a"]}', "not a text but list"),
        ('{"prompt": "\\ud800"}', "UTF-8"),
        ('{"text": "a"}', "no `prompt`"),
        ('"a"', "a JSON str"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_prompt_is_refused_with_its_line(tmp_path: Path, line: str, part: str) -> None:
    path = written(tmp_path / "a.jsonl", '{"prompt": "A."}\n' + line + "\n")
    with pytest.raises(InputError) as raised:
        read_prompts(path)
    assert f"{path}:2: " in raised.value.found and part in raised.value.found


def test_what_is_no_file_of_prompts(tmp_path: Path) -> None:
    for path, part in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.txt", "no such file"),
        (written(tmp_path / "empty.txt", "\n"), "is empty"),
    ):
        with pytest.raises(InputError, match=part):
            read_prompts(path)


def delivery(*errors: str, draws: int, text: str | None = None) -> Delivery:
    return Delivery(
        prompt="A.",
        completion=text,
        logit=None if text is None else 0.0,
        draws=draws,
        accepted=text is not None,
        unfiltered=text or "",
        errors=errors,
    )


def test_only_if_every_prompt_failed_there_is_no_result() -> None:
    failed = delivery("generator: TextTooLongError: 99 tokens", draws=0)
    unscored = delivery("draw 1: no logit", "draw 2: no logit", draws=2)
    with pytest.raises(InputError, match="none of 2 prompts.*TextTooLongError"):
        _refuse_if_none_worked([failed, unscored])
    for other in (delivery(draws=2), delivery("draw 1: no logit", draws=2), delivery(draws=1, text="B.")):
        _refuse_if_none_worked([failed, other])
