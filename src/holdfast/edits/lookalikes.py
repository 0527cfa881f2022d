"""Letters of other alphabets that are drawn like a Latin letter, and letters that are Latin in another form.

The tables are our own choice of plain facts: which letters share a shape in common fonts. They serve English
text, cover Cyrillic, Greek, Armenian, Cherokee, Lisu and the phonetic letters, and are not complete: whoever
looks longer finds more. Compatibility forms (fullwidth, mathematical, circled) come from `unicodedata`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

__all__ = ["TWINS", "Twin", "plain_form", "script", "twin"]

_CYRILLIC = (
    "A0410 B0412 C0421 E0415 G050C H041D I0406 I04C0 J0408 K041A M041C O041E P0420 Q051A S0405 T0422 W051C "
    "X0425 Y0423 Y04AE a0430 c0441 d0501 e0435 h04BB i0456 j0458 l04CF o043E p0440 q051B s0455 v0475 w051D "
    "x0445 y0443 y04AF"
)
_GREEK = (
    "A0391 B0392 C03F9 E0395 H0397 I0399 J037F K039A M039C N039D O039F P03A1 T03A4 X03A7 Y03A5 Z0396 c03F2 "
    "j03F3 o03BF"
)
_LATIN = "a0251 g0261 i0131 j0237"
_ARMENIAN = "O0555 S054F U054D g0581 h0570 n0578 o0585 q0566 u057D"
_CHEROKEE = (
    "A13AA B13F4 C13DF D13A0 E13AC G13C0 H13BB J13AB K13E6 L13DE M13B7 P13E2 R13A1 S13DA T13A2 V13D9 W13B3 "
    "Y13A9 Z13C3 i13A5"
)
_LISU = (
    "AA4EE BA4D0 CA4DA DA4D3 EA4F0 FA4DD GA4D6 HA4E7 JA4D9 KA4D7 LA4E1 MA4DF NA4E0 OA4F3 PA4D1 RA4E3 SA4E2 "
    "TA4D4 UA4F4 VA4E6 WA4EA XA4EB YA4EC ZA4DC"
)
_NEAR = (
    "a03B1 b0432 b044C b042C e03B5 e0454 h043D i03B9 k03BA k043A m043C n03B7 n043F p03C1 r0433 t03C4 t0442 "
    "u03C5 v03BD w03C9 w0461 x03C7 y03B3 "
    "a1D00 b0299 c1D04 d1D05 e1D07 fA730 g0262 h029C i026A i0269 j1D0A k1D0B l029F m1D0D n0274 o1D0F p1D18 "
    "r0280 sA731 t1D1B u1D1C u028B v1D20 w1D21 y028F z1D22"
)
"""Alike in a word, but with a use of their own where they stand alone (alpha, a Russian preposition)."""

_LETTER_NAMES = (
    "NEGATIVE SQUARED LATIN CAPITAL LETTER ",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER ",
    "PARENTHESIZED LATIN SMALL LETTER ",
    "PARENTHESIZED LATIN CAPITAL LETTER ",
)
_FORMS = frozenset(
    {"<font>", "<wide>", "<narrow>", "<small>", "<vertical>", "<circle>", "<square>", "<compat>"}
)
_OTHER_ALPHABETS = frozenset({"<font>", "<narrow>"})
"""Forms that are also resolved where the plain letter is not ASCII: mathematical Greek, half-width kana."""
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "LISU")


class Twin(NamedTuple):
    """What a look-alike reads as."""

    letter: str
    """Latin; with the accents of the original."""
    exact: bool
    """False: only alike within a word of Latin letters, see `_NEAR`."""
    raised: bool = False
    """A superscript or subscript letter: another form, not another letter."""


def _pairs(table: str) -> list[tuple[str, str]]:
    """(look-alike, Latin letter) of entries such as `A0410`."""
    return [(chr(int(entry[1:], 16)), entry[0]) for entry in table.split()]


_EXACT = dict(_pairs(" ".join([_CYRILLIC, _GREEK, _LATIN, _ARMENIAN, _CHEROKEE, _LISU])))
_NEARLY = dict(_pairs(_NEAR))


def _by_letter() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for odd, letter in _EXACT.items():
        found.setdefault(letter, []).append(odd)
    return {letter: tuple(odd) for letter, odd in found.items()}


TWINS = _by_letter()
"""Latin letter -> the letters of other alphabets that no reader tells from it, most alike first."""


@lru_cache(maxsize=8192)
def script(character: str) -> str:
    """`LATIN`, `GREEK`, `CYRILLIC`, `ARMENIAN`, `CHEROKEE` or `LISU`; empty for whatever else."""
    first = unicodedata.name(character, "").split(" ", 1)[0]
    return first if first in _SCRIPTS else ""


@lru_cache(maxsize=8192)
def twin(character: str) -> Twin | None:
    """What a letter looks like, if it is a look-alike; its accents stay on the Latin letter."""
    if character.isascii():
        return None
    parts = unicodedata.decomposition(character).split()
    if len(parts) == 2 and parts[0] in ("<super>", "<sub>"):
        plain = unicodedata.normalize("NFKD", character)
        return Twin(plain, False, True) if plain.isascii() and plain.isalpha() else None
    base, *marks = list(unicodedata.normalize("NFD", character))
    for table in (_EXACT, _NEARLY):
        if base in table:
            letter = unicodedata.normalize("NFC", table[base] + "".join(marks))
            return Twin(letter, table is _EXACT)
    return None


@lru_cache(maxsize=8192)
def plain_form(character: str) -> str | None:
    """The plain characters that a fullwidth, mathematical, circled, ligature or similar form stands for.

    None where it has none, or where the plain form would not say the same: powers, fractions, trade marks,
    circled figures, signs such as the degree.
    """
    if character.isascii():
        return None
    name = unicodedata.name(character, "")
    for prefix in _LETTER_NAMES:
        letter = name.removeprefix(prefix)
        if len(letter) == 1 and letter != name:
            return letter.lower() if " SMALL " in prefix else letter
    tag, _, _ = unicodedata.decomposition(character).partition(" ")
    if tag not in _FORMS:
        return None
    plain = unicodedata.normalize("NFKC", character)
    if tag == "<circle>" and not plain.isalpha():
        return None
    if tag == "<compat>":
        return plain if plain == "." or (plain.isascii() and plain.isalnum()) else None
    if plain.isascii() and plain.isprintable() and plain.strip():
        return plain
    return plain if tag in _OTHER_ALPHABETS and plain.isalnum() and plain != character else None
