"""Plain text out of text that characters were played with, and what had to be changed to get there.

Invisible characters go, unusual blanks become blanks, letters in disguise become the letters that a reader
sees, stacked marks are cut down. English prose with its quotes, dashes and accents comes out as it went in;
a phrase in Russian or Greek stays what it is. NFKC as a whole would change what is said (powers, fractions),
so only the forms are taken from it that stand for plain letters, figures and punctuation.

Written for English: joiners that Persian, Indic scripts and emoji need are removed as well. What cannot be
undone here: letters left out, swapped or split by ordinary blanks, letters with one accent too many that
exist as characters of their own, figures for letters, and alphabets that `lookalikes` does not list.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from holdfast.edits.lookalikes import plain_form, script, twin

__all__ = ["VERSION", "Change", "Kind", "Normalised", "examine", "normalise"]

VERSION = 1
"""Goes up with every change after which some text comes out differently: thresholds are chosen under it."""


class Kind(StrEnum):
    """Why a part of a text was changed."""

    LAYOUT = "layout"
    """Line ends, blanks, hyphens and apostrophes of another width or make: ordinary typesetting."""
    COMPOSED = "composed"
    """Canonically the same, composed (NFC)."""
    INVISIBLE = "invisible"
    """Controls, format and bidirectional controls, tags, variation selectors, fillers: removed."""
    FORM = "form"
    """Fullwidth, mathematical, circled, raised letters, ligatures: written plainly."""
    LOOKALIKE = "lookalike"
    """A letter of another alphabet that stood for a Latin one."""
    MARKS = "marks"
    """Combining marks without a base, struck through it, or too many of them: removed."""


_ORDINARY = frozenset({Kind.LAYOUT, Kind.COMPOSED})


@dataclass(frozen=True, order=True)
class Change:
    """`old`, at code points [start, stop) of the original, reads `new`."""

    start: int
    stop: int
    old: str
    new: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Normalised:
    """A normalised text with the account of how it was reached."""

    original: str
    text: str
    changes: tuple[Change, ...] = ()
    """In reading order, apart from one another: made in the original, they give `text`."""
    doubts: tuple[str, ...] = ()
    """What is still odd about `text` and could not be mended: a reason to refuse it, perhaps."""

    @property
    def ordinary(self) -> bool:
        """True if nothing but typesetting was changed and no doubt is left: no sign of an attack."""
        return not self.signs

    @property
    def counts(self) -> dict[str, int]:
        """Kind -> places changed, for logs and reason codes."""
        return dict(sorted(Counter(str(kind) for c in self.changes for kind in c.kinds).items()))

    @property
    def signs(self) -> dict[str, int]:
        """As `counts`, without typesetting and with the doubts: what speaks for an attack."""
        found = {kind: n for kind, n in self.counts.items() if kind not in _ORDINARY}
        return found | ({"doubt": len(self.doubts)} if self.doubts else {})

    def origin(self, start: int, stop: int) -> tuple[int, int]:
        """Where in the original code points [start, stop) of `text` come from; changed parts as a whole."""
        first = self._origin(start, False)
        return first, max(first, self._origin(stop, True))

    def _origin(self, at: int, end: bool) -> int:
        ahead = 0  # how far `text` is ahead of the original after the changes before `at`
        for change in self.changes:
            begin = change.start + ahead
            if at < begin or (end and at == begin):
                break
            if at < begin + len(change.new):
                return change.stop if end else change.start
            ahead += len(change.new) - (change.stop - change.start)
        return at - ahead


_Replacement = tuple[int, int, str, Kind]
"""Code points [start, stop) of the text as it stands, what they become, and why."""

_PLAIN = re.compile(r"[\n\t\x20-\x7e£§©«®°»À-ÖØ-öø-ÿ–—‘’“”…€™]*")
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"[\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
_HYPHENS = re.compile(r"[\u2010\u2011]")
_APOSTROPHES = re.compile(r"\u02bc")
_INVISIBLE = re.compile(
    # Controls, the default-ignorable code points of Unicode (unassigned ones too, so that the interpreter's
    # own tables do not matter), interlinear annotation and the object replacement character.
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SHORT = 3
"""Letters a word must have before letters with a use of their own are read as Latin ones."""
_MARKS_LATIN = 2
"""Most marks on one letter: Vietnamese and Yoruba need two."""
_MARKS_OTHER = 4
"""The same for other scripts: pointed Hebrew, Devanagari."""
_LONGEST_STACK = 30
"""Marks in a row that are looked at (UAX #15, stream-safe text): putting n in order takes n squared steps."""


def normalise(text: str) -> str:
    """The text as a reader sees it. Idempotent; never fails."""
    return examine(text).text


def examine(text: str) -> Normalised:
    """`normalise` with what was changed and what is left in doubt; takes any `str`, lone surrogates too."""
    if _PLAIN.fullmatch(text):
        return Normalised(text, text)
    work = _Work(text)
    # To a fixed point: a mark taken away lets others compose, a letter unmasked makes its word a mixed one.
    # Each step only ever leaves fewer characters that it would change, so this ends.
    while sum([work.replace(step(work.text)) for step in _STEPS]):
        pass
    return Normalised(text, work.text, work.changes(), tuple(_doubts(work.text)))


class _Work:
    """A text under change that knows which part of the original each of its characters stands for."""

    def __init__(self, text: str) -> None:
        self.original = self.text = text
        self.spans = [(at, at + 1) for at in range(len(text))]
        self.made: list[tuple[int, int, Kind]] = []

    def replace(self, found: Sequence[_Replacement]) -> int:
        """Make replacements that are in order and apart from one another; returns how many there were."""
        if not found:
            return 0
        text: list[str] = []
        spans: list[tuple[int, int]] = []
        at = 0
        for start, stop, new, kind in found:
            span = (self.spans[start][0], self.spans[stop - 1][1])
            text += [self.text[at:start], new]
            spans += [*self.spans[at:start], *[span] * len(new)]
            self.made.append((*span, kind))
            at = stop
        self.text = "".join([*text, self.text[at:]])
        self.spans = spans + self.spans[at:]
        return len(found)

    def changes(self) -> tuple[Change, ...]:
        """All replacements as changes of the original, those that overlap or touch in one."""
        merged: list[tuple[int, int, set[Kind]]] = []
        for start, stop, kind in sorted(self.made):
            if merged and start <= merged[-1][1]:
                first, last, kinds = merged[-1]
                merged[-1] = (first, max(last, stop), kinds | {kind})
            else:
                merged.append((start, stop, {kind}))
        starts = [span[0] for span in self.spans]
        found: list[Change] = []
        for start, stop, kinds in merged:
            new = self.text[bisect_left(starts, start) : bisect_left(starts, stop)]
            old = self.original[start:stop]
            if new != old:
                found.append(Change(start, stop, old, new, tuple(sorted(kinds))))
        return tuple(found)


def _each(pattern: re.Pattern[str], text: str, new: str, kind: Kind) -> list[_Replacement]:
    return [(m.start(), m.end(), new, kind) for m in pattern.finditer(text)]


def _layout(text: str) -> list[_Replacement]:
    """Line ends, blanks, hyphens, apostrophes."""
    found = _each(_LINE_ENDS, text, "\n", Kind.LAYOUT)
    found += _each(_BLANKS, text, " ", Kind.LAYOUT)
    found += _each(_HYPHENS, text, "-", Kind.LAYOUT)
    return sorted(found + _each(_APOSTROPHES, text, "’", Kind.LAYOUT))


def _invisible(text: str) -> list[_Replacement]:
    """What has no shape of its own."""
    return _each(_INVISIBLE, text, "", Kind.INVISIBLE)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _joins(character: str) -> bool:
    """True for what may compose with the character before it: marks, vowels and finals of Hangul."""
    return not character.isascii() and (
        _is_mark(character) or "\u1160" <= character <= "\u1175" or "\u11a8" <= character <= "\u11c2"
    )


def _stacks(text: str) -> list[_Replacement]:
    """Marks beyond any that a language stacks, before they are put in order."""
    found: list[_Replacement] = []
    row = 0
    for at, character in enumerate(text) if not text.isascii() else ():
        row = row + 1 if not character.isascii() and _is_mark(character) else 0
        if row > _LONGEST_STACK:
            found.append((at, at + 1, "", Kind.MARKS))
    return found


def _composed(text: str) -> list[_Replacement]:
    """NFC, cluster by cluster."""
    if unicodedata.is_normalized("NFC", text):
        return []
    found: list[_Replacement] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            new = unicodedata.normalize("NFC", text[start:at])
            if new != text[start:at]:
                found.append((start, at, new, Kind.COMPOSED))
            start = at
    return found


def _forms(text: str) -> list[_Replacement]:
    """Letters, figures and punctuation that have a plain form."""
    plain = [(at, plain_form(c)) for at, c in enumerate(text)]
    return [(at, at + 1, new, Kind.FORM) for at, new in plain if new is not None]


@dataclass
class _Word:
    """A run of letters and marks, [start, stop), and what its letters are."""

    start: int
    stop: int
    letters: str

    def __post_init__(self) -> None:
        self.odd = [twin(c) for c in self.letters]
        others = [script(c) for c, reading in zip(self.letters, self.odd, strict=True) if reading is None]
        self.latin = others.count("LATIN")
        self.alien = len(others) - self.latin
        """Letters that no Latin one looks like."""
        self.mixed = bool(self.latin) and any(name not in ("", "LATIN") for name in others)

    def reads_latin(self, foreign: bool) -> bool:
        """True if its look-alikes stand for Latin letters; `foreign`: it is among words of an alphabet."""
        if not any(self.odd):
            return False
        if self.latin:
            return self.latin > self.alien
        if foreign or self.alien:
            return False
        return len(self.letters) >= _SHORT or all(t is not None and t.exact for t in self.odd)

    def folds(self, at: int) -> bool:
        """True if letter `at` is to be written as its Latin twin, where the word reads Latin."""
        found = self.odd[at]
        return found is not None and (found.exact or len(self.letters) >= _SHORT)


def _words(text: str) -> list[_Word]:
    """Runs of letters and marks; ASCII words too, which say where a foreign phrase ends."""
    found: list[_Word] = []
    start, at = 0, 0
    while at < len(text):
        if not text[at].isalpha():
            at += 1
            continue
        start = at
        while at < len(text) and (text[at].isalpha() or (not text[at].isascii() and _is_mark(text[at]))):
            at += 1
        found.append(_Word(start, at, "".join(c for c in text[start:at] if c.isalpha())))
    return found


def _foreign(words: Sequence[_Word]) -> list[bool]:
    """Per word: is it in a run of words without Latin letters of which one cannot be read as Latin?

    So `как` stays in a Russian sentence and is taken for a disguise among English words.
    """
    found = [False] * len(words)
    at = 0
    while at < len(words):
        stop = at
        while stop < len(words) and not words[stop].latin:
            stop += 1
        if any(word.alien for word in words[at:stop]):
            found[at:stop] = [True] * (stop - at)
        at = max(stop, at + 1)
    return found


def _lookalikes(text: str) -> list[_Replacement]:
    """Letters of other alphabets in words that are to be read as Latin."""
    if text.isascii():
        return []
    found: list[_Replacement] = []
    words = _words(text)
    for word, foreign in zip(words, _foreign(words), strict=True):
        if not word.reads_latin(foreign):
            continue
        index = -1
        for at in range(word.start, word.stop):
            index += text[at].isalpha()
            reading = word.odd[index] if text[at].isalpha() else None
            if reading is not None and word.folds(index):
                kind = Kind.FORM if reading.raised else Kind.LOOKALIKE
                found.append((at, at + 1, reading.letter, kind))
    return found


def _allowed(base: str) -> int:
    """How many marks of their own may stand on `base` (a letter that may have some built in)."""
    if not base.isalpha():
        return 0
    root, *own = list(unicodedata.normalize("NFD", base))
    if root.isascii() and root.lower() not in "aeiouy":
        return 0
    return max(0, (_MARKS_LATIN if script(root) == "LATIN" else _MARKS_OTHER) - len(own))


def _strikes(mark: str) -> bool:
    """True for marks that cross or enclose their base."""
    return unicodedata.combining(mark) == 1 or unicodedata.category(mark) == "Me"


def _marks(text: str) -> list[_Replacement]:
    """Marks that no base needs."""
    if text.isascii():
        return []
    found: list[_Replacement] = []
    left = 0  # marks the present base may still take; -1: it was not looked at yet
    for at, character in enumerate(text):
        if character.isascii() or not _is_mark(character):
            left = -1
            continue
        if left < 0:
            left = _allowed(text[at - 1 : at])
        if left == 0 or _strikes(character):
            found.append((at, at + 1, "", Kind.MARKS))
        else:
            left -= 1
    return found


_STEPS: tuple[Callable[[str], list[_Replacement]], ...] = (
    _layout,
    _invisible,
    _stacks,
    _composed,
    _forms,
    _lookalikes,
    _marks,
)


def _doubts(text: str) -> list[str]:
    """Reasons to mistrust a normalised text, each once, in reading order."""
    found: dict[str, None] = {}
    for character in text:
        kind = "Cn" if character == "\ufffd" else unicodedata.category(character)
        if kind in ("Co", "Cn", "Cs"):
            found[f"U+{ord(character):04X} has no agreed meaning"] = None
    for word in _words(text):
        if word.mixed and len(word.letters) >= _SHORT:
            found[f"{text[word.start : word.stop]!r} mixes alphabets"] = None
    return list(found)
