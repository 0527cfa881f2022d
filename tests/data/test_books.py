import textwrap
from collections import Counter
from itertools import pairwise

import pytest

from holdfast.data.bookfile import BOOK_MARK
from holdfast.data.books import BookOptions, read_book, split_sentences
from holdfast.errors import InputError
from holdfast.types import Source, Split

BOOK = """\
\ufeffThe Project Gutenberg EBook of A Small Book, by Nobody

Title: A Small Book
Release Date: May, 2001 [EBook #4321]

*** START OF THIS PROJECT GUTENBERG EBOOK A SMALL BOOK ***

Produced by Somebody

CONTENTS

CHAPTER I. THE HILL

The hill was steep and bare in the early light of the
morning. A man came up it with a _heavy_ bundle on his back. He
stopped at every turn of the road to look behind him.

\u201cYou are late,\u201d said the boy at the gate. \u201cI know it,\u201d said the man.

[Illustration: The gate]

He put the bundle down beside the wall and sat upon it.[12]
The boy looked at him with wide eyes and said nothing at all.

CHAPTER II

*       *       *       *       *

They went into the house together when the rain began. Dr. Brown
was sitting by the fire with his feet on the fender. He did not turn
his head when the door opened. The boy hung up his wet cap upon the nail.

*** END OF THIS PROJECT GUTENBERG EBOOK A SMALL BOOK ***

This licence text is not part of the book. It must not be read. It is not a story. It ends here.
"""


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text(BOOK, encoding="utf-8")
    return path


def texts(report):
    return [row.snippet.text for row in report.rows]


def test_licence_headings_notes_and_typography_are_taken_out(book):
    report = read_book(book)
    joined = " ".join(texts(report))
    for word in ("licence", "GUTENBERG", "Produced", "CHAPTER", "Illustration", "[12]", "_heavy_", "\u201c"):
        assert word not in joined
    assert '"You are late," said the boy at the gate.' in joined
    assert "a heavy bundle" in joined
    assert {row.tags["title"] for row in report.rows} == {"A Small Book"}
    assert {row.tags["source"] for row in report.rows} == {"PG4321"}
    assert all(row.source is Source.NATURAL and row.split is None for row in report.rows)


def test_three_sentences_and_the_next_across_paragraphs_but_not_chapters(book):
    report = read_book(book)
    first = report.rows[0].snippet
    assert first.prompt.startswith("The hill was steep") and first.prompt.count(".") == 3
    assert first.completion == '"You are late," said the boy at the gate.'
    assert not any("eyes" in text and "rain" in text for text in texts(report))
    assert Counter(row.family for row in report.rows) == {"PG4321#1": 2, "PG4321#2": 1}


def test_a_sentence_is_a_completion_once(book):
    for step in (1, 2):
        completions = [row.snippet.completion for row in read_book(book, BookOptions(step=step)).rows]
        assert len(completions) == len(set(completions))
    with pytest.raises(ValueError, match="step 0"):
        read_book(book, BookOptions(step=0))


def test_limits_are_kept_and_losses_counted(tmp_path):
    long = "He " + "walked on and on " * 20 + "home."
    text = (
        f"One man sat. Two men stood there. Three men ran away. No. Four men came back. {long} It was late.\n"
    )
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(InputError, match="no snippet in 0 windows of 4"):
        read_book(path)
    path.write_text(text + text)
    report = read_book(path)
    assert texts(report) == ["It was late. One man sat. Two men stood there. Three men ran away."]
    assert report.skipped == {"sentence too long, too short or not whole": 4}


def test_quotations_stay_whole():
    assert split_sentences('"Stop!" he cried. "Wait for me. I am Dr. Smith." Then he ran.') == [
        '"Stop!" he cried.',
        '"Wait for me. I am Dr. Smith."',
        "Then he ran.",
    ]
    assert split_sentences('"Oh!" cried she. and so on.') == ['"Oh!" cried she. and so on.']


def test_snippets_never_begin_or_end_inside_a_quotation(tmp_path):
    body = (
        'The old man began his tale at once. "It was a dark night in the hills. We had no light at all.\n\n'
        '"Then the wind rose and the trees bent low. We ran for the hut." He drank his ale slowly. '
        "He looked around the silent room. Nobody spoke a single word. The fire sank low in the grate.\n"
    )
    path = tmp_path / "a.txt"
    path.write_text(body)
    for row in read_book(path).rows:
        assert row.snippet.text.count('"') % 2 == 0


def test_several_books_in_one_file_keep_their_splits_and_families(tmp_path):
    sentences = [
        f"The {word} man went down the road alone." for word in "old young tall small fat thin".split()
    ]
    lines = []
    for number, split in enumerate(["train", "test"], 1):
        lines += [f"{BOOK_MARK}\tB{number}\tTitle {number}\tA\t{split}"]
        lines += [s.replace("road", f"road {number}") for s in sentences]
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n")
    report = read_book(path)
    assert {(row.family, row.split) for row in report.rows} == {("B1", Split.TRAIN), ("B2", Split.TEST)}
    assert len(report.rows) == 6


def test_long_books_are_cut_into_sections(tmp_path):
    text = "\n\n".join(f"The number {i} was written on the wall of the house." for i in range(100))
    path = tmp_path / "a.txt"
    path.write_text(text)
    report = read_book(path, BookOptions(section_sentences=20))
    assert {row.family for row in report.rows} == {f"a#{i}" for i in range(5)}
    by_family = {}
    for row in report.rows:
        numbers = {word for word in row.snippet.text.split() if word.isdigit()}
        by_family.setdefault(row.family, set()).update(numbers)
    assert all(not a & b for a, b in pairwise(by_family.values()))


def test_repeated_windows_are_dropped(tmp_path):
    verse = "The sea is wide and deep. The wind is cold upon the shore. The men are gone. The boats are lost."
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(textwrap.fill(verse, 70) for _ in range(3)))
    report = read_book(path)
    assert report.skipped["repeated text"] > 0
    assert len({(row.snippet.prompt, row.snippet.completion) for row in report.rows}) == len(report.rows) == 4


def test_a_book_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.txt:1: byte 0xe9"):
        read_book(tmp_path / "a.txt")


def test_a_real_book(shared_data, tmp_path):
    import gzip

    with gzip.open(shared_data / "stories" / "text.txt.gz", "rt", encoding="utf-8") as file:
        lines = []
        for line in file:
            if line.startswith(BOOK_MARK) and lines:
                break
            lines.append(line)
    path = tmp_path / "book.txt"
    path.write_text("".join(lines), encoding="utf-8")
    report = read_book(path)
    sentences = sum(len(split_sentences(line)) for line in lines[1:])
    assert len(report.rows) > 0.7 * sentences
    assert all(row.snippet.text.count('"') % 2 == 0 for row in report.rows)
    assert all(3 <= len(row.snippet.completion.split()) <= 40 for row in report.rows)
