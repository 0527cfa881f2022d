"""Results as JSON, and `-o file`: the ending says how a result is written."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from holdfast.errors import ConfigError
from holdfast.workflows.outcome import Outcome

__all__ = ["check_output", "dump_json", "jsonable", "rows_of", "write_output"]

ENDINGS = (".json", ".jsonl", ".csv", ".html", ".parquet")


def jsonable(value: Any) -> Any:
    """Typed results as plain JSON values; non-finite floats become strings, which JSON can carry."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(v) for v in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def dump_json(value: Any) -> str:
    """Exactly one document, with `"schema": 1`."""
    return json.dumps({"schema": 1, **jsonable(value)}, ensure_ascii=False, allow_nan=False, indent=1)


def rows_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a result: its first list of dicts, else the result as one row."""
    for value in result.values():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return value
    return [result]


def check_output(path: Path) -> None:
    """Raise ConfigError where no result could be written to `path`: asked before hours of work, not after."""
    suffix, folder = path.suffix.lower(), path.absolute().parent
    if suffix not in ENDINGS:
        raise ConfigError(f"--output {path}: ending {suffix!r}", expected=", ".join(ENDINGS))
    if not folder.is_dir():
        raise ConfigError(
            f"--output {path}: no folder {folder}", expected="a folder that exists", do=f"mkdir -p {folder}"
        )
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise ConfigError(
            f"--output {path}: cannot be written", expected="a file, in a folder that you may write to"
        )
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ConfigError(f"--output {path}: Parquet needs pyarrow", do="pip install 'holdfast[data]'")


def write_output(outcome: Outcome, path: Path) -> None:
    """Write the result to a path that `check_output` lets pass."""
    from holdfast.data.writers import write_records

    suffix = path.suffix.lower()
    if suffix == ".json":
        path.write_text(dump_json(outcome.result) + "\n", encoding="utf-8")
    elif suffix == ".html" and outcome.page is not None:
        shutil.copyfile(outcome.page, path)
    elif suffix == ".html":
        path.write_text(_html(rows_of(jsonable(outcome.result))), encoding="utf-8")
    else:
        write_records(path, rows_of(jsonable(outcome.result)))


def _html(rows: list[dict[str, Any]]) -> str:
    from html import escape

    columns = list(dict.fromkeys(key for row in rows for key in row))
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(column, '')))}</td>" for column in columns) + "</tr>"
        for row in rows
    )
    return f"<!doctype html><meta charset=utf-8><title>Holdfast</title><table><tr>{head}</tr>{body}</table>\n"
