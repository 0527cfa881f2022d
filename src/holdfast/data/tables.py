"""Records of a table file: JSONL, JSON, CSV, TSV (each also .gz) and Parquet, read as a stream."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.data.lines import ending, text_lines
from holdfast.errors import InputError

__all__ = ["ENDINGS", "Record", "records"]

Record = tuple[int, dict[str, Any]]
"""(line counted from 1, the record)."""

ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def records(path: Path, notes: list[str] | None = None) -> Iterator[Record]:
    """Yield the records of `path`, by its ending. Raises InputError naming file and line."""
    kind = ending(path)
    if kind in (".jsonl", ".ndjson"):
        return _json_lines(path, notes)
    if kind in _DELIMITERS:
        return _delimited(path, _DELIMITERS[kind], notes)
    if kind == ".json":
        return _json_array(path, notes)
    if kind == ".parquet":
        return _parquet(path)
    raise InputError(
        f"{path}: cannot read a table from a file that ends in {kind or 'nothing'!r}",
        expected=", ".join(ENDINGS) + ", each but the last also with .gz (.txt is read as a book)",
    )


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not usable JSON ({error})") from None


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: a JSON {type(value).__name__}", expected="an object with named columns")
    return value


def _json_lines(path: Path, notes: list[str] | None) -> Iterator[Record]:
    for number, line in enumerate(text_lines(path, notes), 1):
        if line.strip():
            where = f"{path}:{number}"
            yield number, _object(_parse(line, where), where)


def _json_array(path: Path, notes: list[str] | None) -> Iterator[Record]:
    values = _parse("".join(text_lines(path, notes)), str(path))
    if not isinstance(values, list):
        raise InputError(f"{path}: a JSON {type(values).__name__}", expected="an array of objects, or .jsonl")
    for number, value in enumerate(values, 1):
        yield number, _object(value, f"{path}: element {number}")


def _header(names: list[str], path: Path) -> list[str]:
    names = [name.strip() for name in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(f"{path}:1: column {twice[0]!r} appears twice", expected="each column once")
    return names


def _delimited(path: Path, delimiter: str, notes: list[str] | None) -> Iterator[Record]:
    """Rows of a CSV or TSV with quoting as in RFC 4180; the line is where the row ends."""
    reader = csv.reader(text_lines(path, notes), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(
                f"{path}:{reader.line_num}: {error}",
                expected="fields quoted as in RFC 4180",
                do="look for a quote that is not closed, or a quote inside a field that is not doubled",
            ) from None
        if cells is None:
            return
        if not cells:
            continue
        if header is None:
            header = _header(cells, path)
        elif len(cells) != len(header):
            raise InputError(
                f"{path}:{reader.line_num}: {len(cells)} fields",
                expected=f"{len(header)}, as in the header",
                do="quote fields that hold the delimiter",
            )
        else:
            yield reader.line_num, dict(zip(header, cells, strict=True))


def _parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise InputError(f"{path}: Parquet needs pyarrow", do="pip install 'holdfast[data]'") from None
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    number = 0
    for batch in file.iter_batches():
        for record in batch.to_pylist():
            number += 1
            yield number, record
    if not number:
        raise InputError(f"{path}: the file is empty")
