"""Write rows as JSONL (canonical), CSV, TSV or Parquet, by the file's ending; whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from holdfast.data.lines import ending
from holdfast.data.rows import ImportedRow
from holdfast.errors import InputError
from holdfast.types import Annotation, Example, StoredSnippet

__all__ = ["COLUMNS", "as_record", "csv_safe", "write_records", "write_rows"]

COLUMNS = (
    "id", "prompt", "completion", "verdict", "severity", "strategy", "annotations", "split", "family",
    "parent", "kind", "round", "inclusion", "log_weight", "group",
)  # fmt: skip
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_safe(value: Any) -> Any:
    """A text cell that a spreadsheet would run as a formula, with an apostrophe before it; others as they
    are.

    (OWASP, "CSV injection".) Our reader takes the apostrophe off again where the row's id proves it is ours.
    """
    if isinstance(value, str) and value.lstrip("'").startswith(_FORMULA):
        return "'" + value
    return value


def _annotation(one: Annotation) -> dict[str, Any]:
    record: dict[str, Any] = {
        "annotator": one.annotator,
        "verdict": one.judgement.verdict.value,
        "severity": one.judgement.severity,
        "guidelines": one.guidelines,
    }
    optional = {
        "strategy": one.judgement.strategy,
        "reason": one.judgement.reason,
        "seconds": one.seconds,
        "at": one.at.isoformat() if one.at else None,
    }
    return record | {key: value for key, value in optional.items() if value not in ("", None)}


def as_record(
    row: Example | StoredSnippet | ImportedRow, annotations: Sequence[Annotation] = ()
) -> dict[str, Any]:
    """The columns of one row, in the order of COLUMNS; reading them back gives snippet, split and family."""
    record: dict[str, Any] = {
        "id": row.snippet.id,
        "prompt": row.snippet.prompt,
        "completion": row.snippet.completion,
    }
    if isinstance(row, Example):
        record |= {"verdict": row.verdict.value, "severity": row.severity, "strategy": row.strategy}
        record |= {"family": row.family_id}
    else:
        record |= {"family": row.family}
    if isinstance(row, StoredSnippet):
        record |= {"parent": row.parent_id, "group": row.group}
        record |= {"inclusion": row.inclusion, "log_weight": row.log_weight}
    if isinstance(row, ImportedRow):
        record |= {"parent": row.parent_ref, **row.tags}
        annotations = annotations or row.annotations
    record |= {"split": row.split.value if row.split else None, "kind": row.source.value, "round": row.round}
    if annotations:
        record["annotations"] = [_annotation(one) for one in annotations]
    kept = {key: value for key, value in record.items() if value not in ("", None)}
    first = [key for key in COLUMNS if key in kept or key in ("prompt", "completion")]
    return {key: record[key] for key in [*first, *sorted(kept.keys() - set(first))]}


def write_rows(path: Path, rows: Iterable[Example | StoredSnippet | ImportedRow]) -> int:
    """Write typed rows; the number written. Format by ending; raises InputError for one that is not known."""
    return write_records(path, (as_record(row) for row in rows))


def write_records(path: Path, records: Iterable[Mapping[str, Any]], *, overwrite: bool = True) -> int:
    """Write records to `.jsonl`, `.csv`, `.tsv` (also `.gz`) or `.parquet`; the number written.

    The file appears only once it is complete. Raises InputError for another ending, for a folder that is not
    there and, without `overwrite`, for a file whose content would change.
    """
    kind = ending(path)
    if kind == ".jsonl":
        return _replace(path, lambda file: _write_jsonl(file, records), overwrite)
    if kind in _DELIMITERS:
        columns = _DELIMITERS[kind]
        return _replace(path, lambda file: _write_delimited(file, list(records), columns), overwrite)
    if kind == ".parquet":
        return _replace(path, lambda file: _write_parquet(file, list(records)), overwrite)
    raise InputError(
        f"{path}: cannot write {kind or 'no ending'!r}", expected=".jsonl, .csv, .tsv or .parquet"
    )


def _replace(path: Path, write: Any, overwrite: bool) -> int:
    if not path.parent.is_dir():
        raise InputError(f"{path}: no folder {path.parent}", do="make the folder, or name a file elsewhere")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as raw:
            if path.name.lower().endswith(".gz"):
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
                    count = write(file)
            else:
                count = write(raw)
        if not overwrite and path.exists() and Path(name).read_bytes() != path.read_bytes():
            raise InputError(
                f"{path} is there already and holds something else",
                expected="a new file",
                do="name another file, or move this one away: labels in it would be lost",
            )
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return int(count)


def _write_jsonl(file: IO[bytes], records: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    for record in records:
        file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        count += 1
    return count


def _columns(records: Sequence[Mapping[str, Any]]) -> list[str]:
    names = {name for record in records for name in record}
    return [name for name in COLUMNS if name in names] + sorted(names - set(COLUMNS))


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _write_delimited(file: IO[bytes], records: Sequence[Mapping[str, Any]], delimiter: str) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    rows = [{name: csv_safe(_cell(value)) for name, value in record.items()} for record in records]
    returns = any(isinstance(cell, str) and "\r" in cell for row in rows for cell in row.values())
    # csv.writer (before Python 3.13) leaves a lone carriage return unquoted; the unix dialect quotes all
    dialect = csv.unix_dialect if returns else csv.excel
    names = _columns(records)
    writer = csv.DictWriter(text, names, dialect=dialect, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    text.detach()
    return len(records)


def _write_parquet(file: IO[bytes], records: Sequence[Mapping[str, Any]]) -> int:
    try:
        import pyarrow  # type: ignore[import-not-found, import-untyped, unused-ignore]
        import pyarrow.parquet as parquet  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise InputError("writing Parquet needs pyarrow", do="pip install 'holdfast[data]'") from None
    names = _columns(records)
    columns = {name: [_cell(record.get(name)) for record in records] for name in names}
    parquet.write_table(pyarrow.table(columns), file)
    return len(records)
