"""Read a user's table into typed rows: strictly, as a stream, with every loss counted and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from holdfast.data.columns import RowBuilder
from holdfast.data.lines import ending
from holdfast.data.rows import ImportedRow, ReadOptions, ReadReport, Skip
from holdfast.data.tables import records
from holdfast.errors import InputError

__all__ = ["BOOK_ENDINGS", "iter_rows", "read_file", "read_rows"]

BOOK_ENDINGS = (".txt", ".text")

_EXAMPLES = 3
_REPEATED = "repeated text"
_REPEATED_ELSEWHERE = "repeated text, in another split: only the first is kept"
_REPEATS = (_REPEATED, _REPEATED_ELSEWHERE)


class _Tally:
    """Counts what is skipped, and keeps the first places of each reason."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.counts: Counter[str] = Counter()
        self.examples: list[Skip] = []

    def skip(self, file: str, line: int, reason: str) -> None:
        skipped = Skip(file=file, line=line, reason=reason)
        if self.strict:
            raise InputError(
                str(skipped), do="correct the row, or read without `strict` to skip and count it"
            )
        self.counts[reason] += 1
        if self.counts[reason] <= _EXAMPLES:
            self.examples.append(skipped)


def _rows(
    path: Path, options: ReadOptions, skip: Callable[[str, int, str], None], notes: list[str]
) -> Iterator[ImportedRow]:
    builder = RowBuilder(str(path), options)
    for count, (line, record) in enumerate(records(path, notes)):
        if options.limit is not None and count >= options.limit:
            return
        built = builder.build(record, line)
        if isinstance(built, str):
            skip(str(path), line, built)
        else:
            yield built


def iter_rows(path: Path, options: ReadOptions | None = None) -> Iterator[ImportedRow]:
    """Stream the usable rows of `path`; rows that `read_rows` would count as skipped are left out.

    Repeated texts are given as often as they occur and parents stay as the file writes them.
    Raises InputError or LabelsError naming file and line.
    """
    options = options or ReadOptions()
    yield from _rows(path, options, _Tally(options.strict).skip, [])


def _joined(first: ImportedRow, again: ImportedRow) -> ImportedRow | None:
    """`first` with what `again` adds: annotations by others; None where it adds nothing."""
    seen = set(first.annotations)
    new = tuple(one for one in again.annotations if one not in seen)
    return replace(first, annotations=first.annotations + new) if new else None


def read_rows(path: Path, options: ReadOptions | None = None) -> ReadReport:
    """All rows of a JSONL, JSON, CSV, TSV (also .gz) or Parquet file, one a snippet.

    A repeated text is counted and skipped, after its further annotations were joined to the first. Parents
    and twins that name a row of the same file are resolved to snippet ids. Raises InputError for a file
    that cannot be read, has no usable row, or loses more than half of its rows; LabelsError for a verdict
    it does not know.
    """
    options = options or ReadOptions()
    tally, notes = _Tally(options.strict), list[str]()
    rows: dict[str, ImportedRow] = {}
    refs: dict[str, str] = {}
    read = joined = 0
    for row in _rows(path, options, tally.skip, notes):
        read += 1
        if row.ref:
            refs.setdefault(row.ref, row.id)
        first = rows.get(row.id)
        if first is None:
            rows[row.id] = row
            continue
        if row.split is not first.split:
            tally.skip(str(path), row.line, _REPEATED_ELSEWHERE)
            continue
        both = _joined(first, row)
        if both is None:
            tally.skip(str(path), row.line, _REPEATED)
        else:
            rows[row.id], joined = both, joined + 1
    if joined:
        notes.append(f"{joined:,} further annotations joined to texts read before")
    read += sum(count for reason, count in tally.counts.items() if reason not in _REPEATS)
    _refuse_losses(path, read, len(rows), tally)
    return ReadReport(
        rows=tuple(_resolved(row, refs) for row in rows.values()),
        file=str(path),
        read=read,
        skipped=dict(tally.counts),
        examples=tuple(tally.examples),
        notes=tuple(notes),
    )


def read_file(path: Path, options: ReadOptions | None = None) -> ReadReport:
    """A book (`.txt`, `.text`) by `read_book`, anything else by `read_rows`; each also with `.gz`."""
    if ending(path) in BOOK_ENDINGS:
        from holdfast.data.books import read_book

        return read_book(path)
    return read_rows(path, options)


def _refuse_losses(path: Path, read: int, kept: int, tally: _Tally) -> None:
    lost = sum(count for reason, count in tally.counts.items() if reason not in _REPEATS)
    shown = "; ".join(str(skip) for skip in tally.examples[:3])
    if not kept:
        raise InputError(f"{path}: no usable row", expected="at least one", do=shown or "look at the file")
    if lost * 2 > read:
        raise InputError(
            f"{path}: {lost:,} of {read:,} rows cannot be used ({shown})",
            expected="most rows with a prompt and a completion",
            do="look at the columns: --map THEIRS=OURS",
        )


def _resolved(row: ImportedRow, refs: dict[str, str]) -> ImportedRow:
    if row.parent_ref is None or row.parent_ref not in refs:
        return row
    parent = refs[row.parent_ref]
    return replace(row, parent_ref=None if parent == row.id else parent)
