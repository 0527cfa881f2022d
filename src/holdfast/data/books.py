"""A book into snippets: three sentences as the prompt, the next one as the completion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.data.bookfile import BREAK, Book, books_of, paragraphs
from holdfast.data.rows import ImportedRow, ReadReport, Skip
from holdfast.errors import InputError
from holdfast.types import Snippet, Source

__all__ = ["BookOptions", "read_book", "split_sentences"]

_ENDS = re.compile(r"[.!?][\"')\]]*$")
_BEGINS = re.compile(r"^[\"'(\[]*[^\W_a-z]")
_FRAGMENT = re.compile(r"^[\"')\]]*[a-z]")


@dataclass(frozen=True, kw_only=True)
class BookOptions:
    """How a book is cut. The limits are those of the story collection that the method was tried on."""

    prompt_sentences: int = 3
    step: int = 1
    """Sentences between the starts of two snippets; a sentence is a completion once at most."""
    sentence_words: tuple[int, int] = (2, 55)
    prompt_words: tuple[int, int] = (10, 105)
    completion_words: tuple[int, int] = (3, 40)
    balanced: bool = True
    """Drop snippets that begin or end inside a quotation."""
    plain: bool = True
    """Curly quotes and long dashes become ASCII."""
    family: Literal["auto", "book", "section"] = "auto"
    """`section`: chapters, cut further at `section_sentences`; `auto`: sections of one book, else books."""
    section_sentences: int = 300
    """Longest section; no snippet crosses from one into the next."""
    language: str = "en"
    """For the sentence splitter (ISO 639)."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: int
    opened: bool
    """A quotation is open before it."""
    closed: bool
    """None is open after it."""
    line: int


def split_sentences(paragraph: str, language: str = "en") -> list[str]:
    """The sentences of one paragraph (sentencex), with what begins in lower case joined to the one before."""
    from sentencex import segment

    found: list[str] = []
    for piece in segment(language, paragraph):
        text = piece.strip()
        if found and _FRAGMENT.match(text):
            found[-1] = f"{found[-1]} {text}"
        elif text:
            found.append(text)
    return found


def _sentences(text: str, line: int, language: str) -> Iterator[_Sentence]:
    inside = False
    for sentence in split_sentences(text, language):
        opened, inside = inside, inside ^ (sentence.count('"') % 2 == 1)
        yield _Sentence(sentence, len(sentence.split()), opened, not inside, line)


def _usable(sentence: _Sentence, limits: tuple[int, int]) -> bool:
    within = limits[0] <= sentence.words <= limits[1]
    return within and bool(_ENDS.search(sentence.text)) and bool(_BEGINS.match(sentence.text))


def _runs(book: Book, options: BookOptions, lost: Counter[str]) -> Iterator[tuple[str, list[_Sentence]]]:
    """(section, sentences in a row with nothing dropped between them)."""
    run: list[_Sentence] = []
    section, chapter, length = 0, 0, 0
    for found, line, text in paragraphs(book, plain=options.plain):
        new = found != chapter or length >= options.section_sentences
        if new or text == BREAK:
            yield f"{book.source}#{section}", run
            run = []
        if new:
            section, chapter, length = section + 1, found, 0
        if text == BREAK:
            continue
        for sentence in _sentences(text, line, options.language):
            length += 1
            if _usable(sentence, options.sentence_words):
                run.append(sentence)
            else:
                lost["sentence too long, too short or not whole"] += 1
                yield f"{book.source}#{section}", run
                run = []
    yield f"{book.source}#{section}", run


def _reason(window: Sequence[_Sentence], options: BookOptions) -> str:
    """Why a window is not a snippet; empty if it is one."""
    if options.balanced and (window[0].opened or not window[-1].closed):
        return "begins or ends inside a quotation"
    if options.balanced and sum(one.text.count('"') for one in window) % 2:
        return "a quotation is not closed"
    words = sum(one.words for one in window[:-1])
    if not options.prompt_words[0] <= words <= options.prompt_words[1]:
        return "prompt too long or too short"
    if not options.completion_words[0] <= window[-1].words <= options.completion_words[1]:
        return "completion too long or too short"
    return ""


def _snippet(window: Sequence[_Sentence]) -> Snippet:
    return Snippet(prompt=" ".join(one.text for one in window[:-1]), completion=window[-1].text)


def read_book(path: Path, options: BookOptions | None = None) -> ReadReport:
    """Snippets of a plain-text book (`.txt`, also `.gz`), or of several in one file.

    A Project Gutenberg header and footer, headings, notes and illustrations are taken out. Windows
    cross paragraphs but no heading and no dropped sentence. A snippet that repeats an earlier one's last
    prompt sentence and completion is counted and left out. Raises InputError for a file that cannot be read
    or gives no snippet.
    """
    options = options or BookOptions()
    if options.step < 1 or options.prompt_sentences < 1:
        raise ValueError(
            f"step {options.step}, {options.prompt_sentences} prompt sentences: expected 1 or more"
        )
    lost, notes = Counter[str](), list[str]()
    rows: list[ImportedRow] = []
    seen: set[tuple[str, str]] = set()
    books = list(books_of(path, notes))
    by_book = options.family == "book" or (options.family == "auto" and len(books) > 1)
    width, read = options.prompt_sentences + 1, 0
    for book in books:
        for section, run in _runs(book, options, lost):
            for start in range(0, len(run) - width + 1, options.step):
                window, read = run[start : start + width], read + 1
                key = (window[-2].text, window[-1].text)
                reason = _reason(window, options) or ("repeated text" if key in seen else "")
                if reason:
                    lost[reason] += 1
                    continue
                seen.add(key)
                rows.append(_row(book, book.source if by_book else section, window, str(path)))
    if not rows:
        raise InputError(
            f"{path}: no snippet in {read:,} windows of {width} sentences",
            expected="running prose with paragraphs apart by empty lines",
            do="; ".join(f"{count:,} {reason}" for reason, count in lost.most_common(3)),
        )
    skipped = dict(lost)
    examples = (
        (Skip(file=str(path), line=0, reason=f"{lost.most_common(1)[0][0]}, most often"),) if lost else ()
    )
    return ReadReport(
        rows=tuple(rows), file=str(path), read=read, skipped=skipped, examples=examples, notes=tuple(notes)
    )


def _row(book: Book, family: str, window: Sequence[_Sentence], file: str) -> ImportedRow:
    return ImportedRow(
        snippet=_snippet(window),
        family=family,
        split=book.split,
        kind="natural",
        source=Source.NATURAL,
        tags={"source": book.source, **({"title": book.title} if book.title else {})},
        file=file,
        line=window[0].line,
    )
