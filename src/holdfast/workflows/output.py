"""`-o file`: the ending says how a result is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast.errors import ConfigError
from holdfast.workflows.outcome import Outcome

__all__ = ["rows_of", "write_output"]


def rows_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a result: its first list of dicts, else the result as one row."""
    for value in result.values():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            return value
    return [result]


def write_output(outcome: Outcome, path: Path) -> None:
    """Write the result; raises ConfigError for an ending nobody knows."""
    from holdfast.data.writers import write_records

    suffix = path.suffix.lower()
    if suffix == ".json":
        path.write_text(
            json.dumps({"schema": 1, **outcome.result}, default=str, indent=1) + "\n", encoding="utf-8"
        )
    elif suffix in (".csv", ".jsonl", ".parquet"):
        write_records(path, rows_of(outcome.result))
    elif suffix == ".html":
        path.write_text(_html(rows_of(outcome.result)), encoding="utf-8")
    else:
        raise ConfigError(
            f"--output {path}: ending {suffix!r}", expected=".json, .jsonl, .csv, .html or .parquet"
        )


def _html(rows: list[dict[str, Any]]) -> str:
    from html import escape

    columns = list(dict.fromkeys(key for row in rows for key in row))
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(column, '')))}</td>" for column in columns) + "</tr>"
        for row in rows
    )
    return f"<!doctype html><meta charset=utf-8><title>Holdfast</title><table><tr>{head}</tr>{body}</table>\n"
