"""Character edits of a word: typing slips, letters of other alphabets, characters that cannot be seen.

Typing slips (`swap drop double neighbour split`) change what a reader sees; a homoglyph or an invisible
character does not, and `normalise` undoes every one that is offered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from random import Random
from typing import cast

from holdfast.edits.lookalikes import TWINS
from holdfast.edits.text import Side, side_text
from holdfast.errors import ConfigError, closest
from holdfast.provenance import stream
from holdfast.types import Edit, Snippet

__all__ = ["INVISIBLE", "KINDS", "CharacterProposer", "kind_of"]

INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u2060\u2063\ufeff\u00ad\u034f\u061c\u180e\ufe0e\ufe0f\U000e0061\U000e0100"
)
"""Zero-width blanks and joiners, direction marks, soft hyphen, grapheme joiner, variation selectors, tag."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_STEPS = ((0, -1), (0, 1), (1, -1), (1, 0), (-1, 0), (-1, 1))
"""Row and column to the keys around one: each row stands half a key to the right of the one above."""
_FULLWIDTH = ord("Ａ") - ord("A")
_BOLD_UPPER, _BOLD_LOWER = 0x1D400 - ord("A"), 0x1D41A - ord("a")


def _near_keys() -> dict[str, str]:
    """Lower-case letter -> the letters on the keys around it."""
    keys = {(row, column): key for row, letters in enumerate(_ROWS) for column, key in enumerate(letters)}
    return {
        key: "".join(keys.get((row + down, column + right), "") for down, right in _STEPS)
        for (row, column), key in keys.items()
    }


_NEAR_KEYS = _near_keys()


def _is_letter(character: str) -> bool:
    """True for A to Z and a to z: what slips and disguises are defined for."""
    return character.isascii() and character.isalpha()


def _inner(word: str) -> range:
    """Places that a reader looks at last: not the first letter, not the last; all in a short word."""
    return range(1, len(word) - 1) if len(word) > 3 else range(len(word))


def _swaps(word: str, rng: Random) -> list[str]:
    places = [i for i in _inner(word) if i + 1 in _inner(word)]
    return [
        word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for i in places
        if _is_letter(word[i]) and _is_letter(word[i + 1])
    ]


def _drops(word: str, rng: Random) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(1, len(word) - 1) if _is_letter(word[i])]


def _doubles(word: str, rng: Random) -> list[str]:
    return [word[: i + 1] + word[i:] for i in range(len(word)) if _is_letter(word[i])]


def _neighbours(word: str, rng: Random) -> list[str]:
    found: list[str] = []
    for i in _inner(word):
        for key in _NEAR_KEYS.get(word[i].lower(), "") if _is_letter(word[i]) else "":
            found.append(word[:i] + (key.upper() if word[i].isupper() else key) + word[i + 1 :])
    return found


def _splits(word: str, rng: Random) -> list[str]:
    return [f"{word[:i]} {word[i:]}" for i in _between(word)]


def _between(word: str) -> list[int]:
    """Places between two letters."""
    return [i for i in range(1, len(word)) if _is_letter(word[i - 1]) and _is_letter(word[i])]


def _homoglyphs(word: str, rng: Random) -> list[str]:
    one = [word[:i] + twin + word[i + 1 :] for i, letter in enumerate(word) for twin in TWINS.get(letter, ())]
    rng.shuffle(one)
    whole = [
        "".join(rng.choice(TWINS[c]) if c in TWINS else c for c in word),
        "".join(chr(ord(c) + _FULLWIDTH) if _is_letter(c) else c for c in word),
        "".join(_bold(c) for c in word),
    ]
    rng.shuffle(whole)
    return _in_turn(one, whole)


def _bold(character: str) -> str:
    """A letter as a mathematical bold one."""
    if not _is_letter(character):
        return character
    return chr(ord(character) + (_BOLD_UPPER if character.isupper() else _BOLD_LOWER))


def _invisibles(word: str, rng: Random) -> list[str]:
    places = _between(word) or [i + 1 for i, c in enumerate(word) if _is_letter(c)]
    if not places:
        return []
    one, whole = [], []
    for unseen in rng.sample(INVISIBLE, len(INVISIBLE)):
        at = rng.choice(places)
        one.append(word[:at] + unseen + word[at:])
        whole.append("".join((unseen if i in places else "") + c for i, c in enumerate(word)))
    return _in_turn(one, whole)


def _in_turn(*lists: Sequence[str]) -> list[str]:
    """One from each list, again and again, until all are used up."""
    return [item for items in zip_longest(*lists) for item in items if item is not None]


_MAKERS: dict[str, Callable[[str, Random], list[str]]] = {
    "swap": _swaps,
    "drop": _drops,
    "double": _doubles,
    "neighbour": _neighbours,
    "split": _splits,
    "homoglyph": _homoglyphs,
    "invisible": _invisibles,
}
_ORDERED = frozenset({"homoglyph", "invisible"})
"""Kinds whose lists come in a seeded order of their own; the others are shuffled."""
KINDS = tuple(_MAKERS)
"""`swap` two letters, `drop` or `double` one, hit a `neighbour` key, `split` by a blank; `homoglyph`: one
letter or the whole word in another alphabet or form; `invisible`: one unseen character, or one a gap."""


def kind_of(edit: Edit) -> str:
    """The kind of an edit that `CharacterProposer` made; empty for others."""
    return edit.source.removeprefix("characters:") if edit.source.startswith("characters:") else ""


class CharacterProposer:
    """Implements `protocols.Proposer`: character edits of words, no insertions."""

    def __init__(self, kinds: Sequence[str] = KINDS) -> None:
        """`kinds`: which of `KINDS` are offered. Raises ConfigError for another name, or for none."""
        for kind in kinds:
            if kind not in _MAKERS:
                raise ConfigError(
                    f"unknown kind of character edit {kind!r}", expected=closest(kind, [*KINDS])
                )
        if not kinds:
            raise ConfigError("no kind of character edit", expected=f"some of {', '.join(KINDS)}")
        self.kinds = tuple(dict.fromkeys(kinds))

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits of the word at [start, stop) of `side`, the kinds in turn; none for a gap."""
        word = side_text(snippet, side)[start:stop]
        rng = stream(seed, "characters", word)
        edits: dict[str, Edit] = {}
        for kind, new in self._options(word, rng):
            if len(edits) >= n:
                break
            if new != word and new not in edits:
                source = f"characters:{kind}"
                edits[new] = Edit(
                    side=cast(Side, side), start=start, stop=stop, old=word, new=new, source=source
                )
        return list(edits.values())

    def _options(self, word: str, rng: Random) -> Iterator[tuple[str, str]]:
        """(kind, new word): the kinds in seeded order, one of each in turn."""
        kinds = rng.sample(self.kinds, len(self.kinds))
        lists = []
        for kind in kinds:
            made = _MAKERS[kind](word, rng)
            lists.append(made if kind in _ORDERED else rng.sample(made, len(made)))
        for round_of in zip_longest(*lists):
            yield from ((kind, new) for kind, new in zip(kinds, round_of, strict=True) if new is not None)
