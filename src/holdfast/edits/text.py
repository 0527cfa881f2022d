"""Edits as span replacements on text: make, apply, invert, move past one another.

A substitution touches its span only; an insertion adds one blank; a deletion takes one neighbouring blank and
no punctuation. Where grammar asks for it the span is widened by one word: a/an before it, or the capital of a
sentence's first word. Text is never made by decoding token ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, cast

from holdfast.edits.words import BLANKS, article_for, capital, copy_case, lower_start, sentence_start, words
from holdfast.errors import InputError
from holdfast.types import Edit, Snippet

__all__ = [
    "apply",
    "apply_all",
    "deletion",
    "drop",
    "insertion",
    "invert",
    "rebase",
    "side_text",
    "substitution",
]

Side = Literal["prompt", "completion"]


def side_text(snippet: Snippet, side: str) -> str:
    """The text of one side. Raises InputError if `side` is neither `prompt` nor `completion`."""
    if side == "completion":
        return snippet.completion
    if side == "prompt":
        return snippet.prompt
    raise InputError(f"side {side!r}", expected="prompt or completion")


def apply(snippet: Snippet, edit: Edit) -> Snippet:
    """`snippet` with the edit made. Raises InputError if the text at the span is not `edit.old`."""
    text = side_text(snippet, edit.side)
    if text[edit.start : edit.stop] != edit.old or not 0 <= edit.start <= edit.stop <= len(text):
        raise InputError(
            f"edit of {edit.side}[{edit.start}:{edit.stop}] finds {text[edit.start : edit.stop]!r}",
            expected=repr(edit.old),
            do="apply edits in the order they were logged",
        )
    changed = text[: edit.start] + edit.new + text[edit.stop :]
    if edit.side == "prompt":
        return Snippet(prompt=changed, completion=snippet.completion)
    return Snippet(prompt=snippet.prompt, completion=changed)


def apply_all(snippet: Snippet, edits: Sequence[Edit]) -> Snippet:
    """The edits one after the other, each relative to the text the one before it left."""
    for edit in edits:
        snippet = apply(snippet, edit)
    return snippet


def invert(edit: Edit) -> Edit:
    """The edit that restores the bytes: `apply(apply(s, e), invert(e)) == s`."""
    operation: Literal["substitute", "insert", "delete", "span"] = edit.operation
    if operation in ("insert", "delete"):
        operation = "delete" if operation == "insert" else "insert"
    return replace(
        edit,
        stop=edit.start + len(edit.new),
        old=edit.new,
        new=edit.old,
        operation=operation,
        source="undo",
    )


def rebase(edit: Edit, over: Edit) -> Edit | None:
    """`edit` as it reads after `over` was applied to the same text; None where the two touch one another."""
    if edit.side != over.side:
        return edit
    if edit.start == edit.stop == over.start == over.stop:
        return None
    if edit.stop <= over.start:
        return edit
    if edit.start >= over.stop:
        shift = len(over.new) - len(over.old)
        return replace(edit, start=edit.start + shift, stop=edit.stop + shift)
    return None


def drop(edits: Sequence[Edit], index: int) -> tuple[list[Edit], Edit] | None:
    """Take edit `index` out of a sequence.

    Returns the shorter sequence and the one edit that turns the full sequence's text into its text; None
    where a later edit touches the one to be dropped.
    """
    kept = list(edits[:index])
    undo = invert(edits[index])
    for edit in edits[index + 1 :]:
        moved, moved_undo = rebase(edit, undo), rebase(undo, edit)
        if moved is None or moved_undo is None:
            return None
        kept.append(moved)
        undo = moved_undo
    return kept, undo


def _article_before(text: str, start: int) -> tuple[int, str] | None:
    """Start and text of an `a` or `an` that stands one blank before `start`."""
    if start < 2 or text[start - 1] not in BLANKS or text[start - 2] not in "aAnN":
        return None
    for size in (1, 2):
        begin = start - 1 - size
        found = text[max(begin, 0) : start - 1]
        if begin >= 0 and found.lower() in ("a", "an") and (begin == 0 or not text[begin - 1].isalnum()):
            if found.lower() == "a" and begin > 0 and text[begin - 1] in "'’-":
                continue
            return begin, found
    return None


def _finish(text: str, edit: Edit) -> Edit:
    """Widen the edit by the article before it, where another word now follows the article."""
    article = _article_before(text, edit.start)
    if article is None:
        return edit
    following = edit.new.strip(BLANKS) or text[edit.stop :].lstrip(BLANKS)
    if not following[:1].isalpha():
        return edit
    begin, found = article
    right = article_for(following)
    if right == found.lower():
        return edit
    right = copy_case(found, right) if len(found) == 1 or not found.isupper() else right.upper()
    gap = text[begin + len(found) : edit.start]
    return replace(edit, start=begin, old=text[begin : edit.stop], new=right + gap + edit.new)


def substitution(text: str, side: str, span: tuple[int, int], word: str, source: str = "") -> Edit | None:
    """Replace the word at `span` by `word`; None where nothing would change.

    At a sentence start the new word gets the capital the old one had; an UPPER word stays UPPER; elsewhere
    the new word keeps the case it came with (a name its capital).
    """
    start, stop = span
    old = text[start:stop]
    if (len(old) > 1 and old.isupper()) or (old[:1].isupper() and sentence_start(text, start)):
        word = copy_case(old, word)
    if word == old or not word:
        return None
    edit = Edit(side=cast(Side, side), start=start, stop=stop, old=old, new=word, source=source)
    return _finish(text, edit)


def insertion(text: str, side: str, position: int, word: str, source: str = "") -> Edit | None:
    """Insert `word` and a blank before the word that starts at `position`, or after the one that ends there.

    A capital moves on at a sentence start, where the word that lost the first place is a function word
    (names keep theirs).
    """
    before = position < len(text) and text[position].isalnum()
    if not word or (not before and (position == 0 or text[position - 1] in BLANKS)):
        return None
    edit = Edit(
        side=cast(Side, side),
        start=position,
        stop=position,
        old="",
        new=f"{word} " if before else f" {word}",
        operation="insert",
        source=source,
    )
    if before and text[position].isupper() and sentence_start(text, position):
        following = words(text[position : position + 40])[0].text
        edit = replace(
            edit,
            stop=position + len(following),
            old=following,
            new=f"{capital(word)} {lower_start(following)}",
        )
        return edit
    return _finish(text, edit) if before else edit


def deletion(text: str, side: str, span: tuple[int, int], source: str = "") -> Edit | None:
    """Delete the word at `span` with one neighbouring blank; the next word takes over a sentence's capital.

    None where it is the only word of the text.
    """
    start, stop = span
    opens = start == 0 or text[start - 1] in BLANKS
    first = start
    if stop < len(text) and text[stop] in BLANKS and (opens or not text[start - 1].isalnum()):
        stop += 1
    elif start > 0 and text[start - 1] in BLANKS:
        start -= 1
    if not any(c.isalnum() for c in text[:start] + text[stop:]):
        return None
    edit = Edit(
        side=cast(Side, side),
        start=start,
        stop=stop,
        old=text[start:stop],
        new="",
        operation="delete",
        source=source,
    )
    if text[first].isupper() and sentence_start(text, first) and stop < len(text) and text[stop].islower():
        return replace(edit, stop=stop + 1, old=text[start : stop + 1], new=text[stop].upper())
    return _finish(text, edit) if start == first else edit
