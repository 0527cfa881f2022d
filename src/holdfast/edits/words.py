"""Words by our own rule on the text, and how they are written: case, sentence starts, a and an.

A word is a run of letters, digits and combining marks, with inner apostrophes and hyphens. The rule does not
depend on any tokeniser, so that an edit means the same to every classifier.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = [
    "BLANKS",
    "Word",
    "article_for",
    "capital",
    "copy_case",
    "gaps",
    "lower_start",
    "sentence_start",
    "words",
]

BLANKS = " \t\n\r\u00a0"
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_UNUSUAL = re.compile(r"[^\w\s\x00-\x7f‘’“”«»—–…·]")
_INNER = "'’-"
_TERMINATORS = ".!?…"
_SKIPPED = "\"'“”‘’«»()[] \t\n\r\u00a0"
_VOWEL_SOUND = re.compile(r"(?:[aeio]|u(?!n[ai]|s[aeiu]|tens|til|kul)|hono|honest|hour|heir)", re.I)
_CONSONANT_SOUND = re.compile(r"(?:one\b|once\b|one-|ones\b|eu|ewe)", re.I)
_UN_WORD = re.compile(r"uni(?:n|m)|una", re.I)
_FUNCTION_WORDS = frozenset(
    "a an the this that these those he she it they we you his her its their our your my all both some any "
    "no each every one two three then now soon there here when while as after before at in on by with from "
    "to of for and but or so if what who where not never".split()
)


class Word(NamedTuple):
    """A word of one side of a snippet: code points [start, stop) and its text."""

    start: int
    stop: int
    text: str


def _is_letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _scan(text: str) -> list[Word]:
    """The rule, character by character, for texts with marks, which `re` does not count as letters."""
    found: list[Word] = []
    position, size = 0, len(text)
    while position < size:
        if not text[position].isalnum():
            position += 1
            continue
        stop = position + 1
        while stop < size:
            inner = text[stop] in _INNER and stop + 1 < size and text[stop + 1].isalnum()
            if not inner and not _is_letter(text[stop]):
                break
            stop += 1
        found.append(Word(position, stop, text[position:stop]))
        position = stop
    return found


def words(text: str) -> list[Word]:
    """The words of `text`, in order; nothing else of the text is a word."""
    if _UNUSUAL.search(text):
        return _scan(text)
    return [Word(m.start(), m.end(), m.group()) for m in _WORD.finditer(text)]


def gaps(text: str, found: list[Word] | None = None) -> list[int]:
    """Insertion points: before each word, and after a word that no blank follows (end, punctuation)."""
    found = words(text) if found is None else found
    points: list[int] = []
    for word in found:
        points.append(word.start)
        if word.stop == len(text) or not (text[word.stop].isspace() or text[word.stop].isalnum()):
            points.append(word.stop)
    return sorted(set(points))


def sentence_start(text: str, position: int) -> bool:
    """True if nothing but blanks, quotes and brackets lies between `position` and a sentence end (or 0)."""
    at = position - 1
    while at >= 0 and text[at] in _SKIPPED:
        at -= 1
    return at < 0 or text[at] in _TERMINATORS


def capital(word: str) -> str:
    """`word` with a capital first letter, the rest untouched."""
    return word[:1].upper() + word[1:]


def lower_start(word: str) -> str:
    """`word` in lower case if it is a function word that only its place made a capital, else untouched."""
    lowered = word[:1].lower() + word[1:]
    return lowered if lowered in _FUNCTION_WORDS else word


def copy_case(model: str, word: str) -> str:
    """`word` written as `model` is: UPPER (two letters or more), Title, else as it came."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return capital(word) if model[:1].isupper() else word


def article_for(word: str) -> str:
    """`a` or `an` before `word`, by the sound its spelling suggests (English)."""
    if _CONSONANT_SOUND.match(word):
        return "a"
    if _VOWEL_SOUND.match(word) or _UN_WORD.match(word):
        return "an"
    return "a"
