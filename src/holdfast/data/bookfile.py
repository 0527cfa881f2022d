"""A plain-text book as paragraphs: licence text, headings, notes and typography taken out of the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.data.lines import text_lines
from holdfast.types import Split

__all__ = ["BOOK_MARK", "BREAK", "Book", "books_of", "paragraphs", "strip_licence"]

BOOK_MARK = "<|book|>"
"""Opens a book: mark, source, title, author, split, apart by tabs; then one paragraph a line."""
BREAK = ""
"""Stands in a list of paragraphs where a heading or a dropped passage was: no window crosses it."""

_START = re.compile(r"\*\*\*\s*START OF (?:THE|THIS) PROJECT GUTENBERG|\*END\*?\s*THE SMALL PRINT", re.I)
_END = re.compile(
    r"\*\*\*\s*END OF (?:THE|THIS) PROJECT GUTENBERG|^\s*End of (?:the |this )?Project Gutenberg", re.I
)
_TITLE = re.compile(r"^Title:\s*(.+?)\s*$")
_NUMBER = re.compile(r"E(?:Book|text)\s*#\s*(\d+)", re.I)
_LINE_END = re.compile(r"[.!?:;,][\"'\u2019\u201d)\]]*$")
_WHOLE = 0.75
"""Share of lines ending in a stop from which on each is taken for a paragraph, where empty lines are rare."""

_NUMERAL = (
    r"(?:[ivxlcdm]+|\d+|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|twenty\S*|thirty\S*|the \w+)"
)
_CHAPTER = re.compile(rf"^(?:chapter|book|part|volume|vol\.|canto|stave|letter|section)\s+{_NUMERAL}\b", re.I)
_FRONT = re.compile(
    r"^(?:contents|table of contents|(?:list of )?illustrations|preface|foreword|introduction|dedication|"
    r"prologue|epilogue|appendix|index|footnotes?|the end|finis|transcriber'?s notes?|produced by|"
    r"e-?text prepared)\b",
    re.I,
)
_ROMAN = re.compile(r"^(?:[IVXLCDM]+|\d+)\.?$")
_RULE = re.compile(r"^[\s*.·•—_=~#-]+$")
_BRACKETED = re.compile(r"\[(?:Illustration|Footnote|Transcriber|Sidenote)[^\]]*\]|\[\d{1,3}\]|\{\d+\}", re.I)
_ITALIC = re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)")
_TYPOGRAPHY = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "—": "--",
        "–": "-",
        "…": "...",
        "\u00a0": " ",
        "\u00ad": "",
    }
)


@dataclass
class Book:
    """One book: where it is from, and its lines."""

    source: str
    title: str = ""
    split: Split | None = None
    lines: list[str] = field(default_factory=list)
    first_line: int = 1
    """Line of the file at which `lines` begins."""
    wrapped: bool = True
    """Whether a paragraph runs over several lines and ends at an empty one; else each line is one."""


def strip_licence(lines: Sequence[str]) -> tuple[int, int]:
    """(start, stop) of the book inside a Project Gutenberg file; the whole where there is no licence text."""
    start, stop = 0, len(lines)
    for number, line in enumerate(lines):
        if _START.search(line):
            start = number + 1
        elif _END.search(line) and number > start:
            stop = number
            break
    return start, stop


def _marked(path: Path, notes: list[str]) -> Iterator[Book]:
    """Books of a file in which lines begin with BOOK_MARK."""
    book: Book | None = None
    for number, line in enumerate(text_lines(path, notes), 1):
        if line.startswith(BOOK_MARK):
            if book is not None:
                yield book
            cells = [cell.strip() for cell in line.rstrip("\n").split("\t")] + [""] * 5
            split = Split(cells[4]) if cells[4] in list(Split) else None
            book = Book(source=cells[1] or f"book-{number}", title=cells[2], split=split, wrapped=False)
            book.first_line = number + 1
        elif book is not None:
            book.lines.append(line.rstrip("\n"))
    if book is not None:
        yield book


def _single(path: Path, notes: list[str]) -> Book:
    lines = [line.rstrip("\r\n") for line in text_lines(path, notes)]
    start, stop = strip_licence(lines)
    head = lines[: max(start, 60)]
    title = next((found.group(1) for line in head if (found := _TITLE.match(line))), "")
    number = next((found.group(1) for line in head if (found := _NUMBER.search(line))), "")
    if (start, stop) != (0, len(lines)):
        notes.append("Project Gutenberg header and footer removed")
    body = lines[start:stop]
    filled = [line for line in body if line.strip()]
    whole = sum(bool(_LINE_END.search(line.rstrip())) for line in filled)
    spaced = (len(body) - len(filled)) * 3 >= len(filled)
    wrapped = spaced or whole < _WHOLE * len(filled)
    source = f"PG{number}" if number else path.name.split(".")[0]
    return Book(source=source, title=title, lines=body, first_line=start + 1, wrapped=wrapped)


def books_of(path: Path, notes: list[str]) -> Iterator[Book]:
    """The books of a file: one, or several opened by BOOK_MARK. Raises InputError (see text_lines)."""
    if next(iter(text_lines(path))).startswith(BOOK_MARK):
        yield from _marked(path, notes)
    else:
        yield _single(path, notes)


def _is_chapter(text: str) -> bool:
    return bool(_CHAPTER.match(text)) and len(text.split()) <= 15 or bool(_ROMAN.match(text))


def _is_dropped(text: str) -> bool:
    """Headings, rules, contents, notes: text that is no running prose."""
    if _RULE.match(text) or (_FRONT.match(text) and len(text.split()) <= 12):
        return True
    letters = [c for c in text if c.isalpha()]
    if not letters or (len(text.split()) <= 15 and all(c.isupper() for c in letters)):
        return True
    return len(text.split()) <= 8 and text[-1] not in ".!?:;,-\"')"


def _clean(text: str, plain: bool) -> str:
    text = _ITALIC.sub(r"\1", _BRACKETED.sub(" ", text))
    return " ".join((text.translate(_TYPOGRAPHY) if plain else text).split())


def _blocks(book: Book) -> Iterator[tuple[int, str]]:
    """(line, raw paragraph); an empty paragraph is a break of a book with one paragraph a line."""
    if not book.wrapped:
        yield from ((book.first_line + i, line.strip()) for i, line in enumerate(book.lines))
        return
    gathered: list[str] = []
    for i, line in enumerate([*book.lines, ""]):
        if line.strip():
            gathered.append(line.strip())
        elif gathered:
            yield book.first_line + i - len(gathered), " ".join(gathered)
            gathered = []


def paragraphs(book: Book, *, plain: bool = True) -> list[tuple[int, int, str]]:
    """(chapter, line, text) of each paragraph; BREAK as text where a heading or a dropped passage stood.

    Chapters count from 0 (before the first heading). `plain` turns curly quotes and dashes into ASCII.
    """
    chapter, found = 0, list[tuple[int, int, str]]()
    for line, raw in _blocks(book):
        text = _clean(raw, plain)
        if text and _is_chapter(text):
            chapter += 1
            found.append((chapter, line, BREAK))
        elif not text or _is_dropped(text):
            found.append((chapter, line, BREAK))
        else:
            found.append((chapter, line, text))
    return found
