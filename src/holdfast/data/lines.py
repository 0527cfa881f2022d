"""Strict UTF-8 lines of a file, plain or gzip. Every failure names the file and the line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from holdfast.errors import InputError

__all__ = ["BOM", "ending", "text_lines"]

BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_RESAVE = "save the file again as UTF-8 (in a spreadsheet: 'CSV UTF-8')"


def ending(path: Path) -> str:
    """`.jsonl`, `.csv`, ... in lower case, with a final `.gz` taken off."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    """The file opened for reading bytes; failures of the disk or of gzip become InputError."""
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as file:
            yield cast(IO[bytes], file)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder", expected="a file") from None
    except (gzip.BadGzipFile, zlib.error):
        raise InputError(
            f"{path}: not a gzip file, or damaged", do="take the .gz off, or copy it again"
        ) from None
    except EOFError:
        raise InputError(f"{path}: the gzip file is cut short", do="copy or download it again") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _decode(raw: bytes, path: Path, number: int) -> str:
    """One line as text. Raises InputError naming the byte."""
    if b"\0" in raw:
        raise InputError(
            f"{path}:{number}: a NUL byte",
            expected="text in UTF-8 (a NUL is a sign of UTF-16 or of a binary file)",
            do=_RESAVE,
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}:{number}: byte 0x{raw[error.start]:02x} at column {error.start + 1} is not UTF-8",
            expected="text in UTF-8",
            do=_RESAVE,
        ) from None


def text_lines(path: Path, notes: list[str] | None = None) -> Iterator[str]:
    """The lines of `path` with their ends kept; a byte-order mark is taken off and noted.

    Raises InputError for a missing, empty, damaged, non-UTF-8 or binary file.
    """
    empty = True
    with _reading(path) as file:
        for number, raw in enumerate(file, 1):
            if number == 1 and raw.startswith(_UTF16):
                raise InputError(f"{path}: UTF-16 (by its byte-order mark)", expected="UTF-8", do=_RESAVE)
            text = _decode(raw, path, number)
            if number == 1 and text.startswith(BOM):
                text = text[1:]
                if notes is not None:
                    notes.append("byte-order mark removed")
            empty = empty and not text.strip()
            yield text
    if empty:
        raise InputError(f"{path}: the file is empty")
