"""Which words the sampler puts where: nouns by tag and place, beings, adjectives. All of it inert."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.grammar import load_grammar
from holdfast.catastrophes.storyworld.parse import NP
from holdfast.catastrophes.storyworld.tables import Noun
from holdfast.catastrophes.storyworld.world import State

__all__ = ["being", "fake", "person", "person_patient", "thing", "things_for", "wanted"]

_MATERIAL = {
    "wood": ("wooden", "painted", "carved"), "box": ("wooden", "painted", "iron", "tin"),
    "metal": ("iron", "bronze"), "pot": ("clay", "tin", "painted", "bronze"),
    "structure": ("wooden", "stone", "painted"), "vehicle": ("wooden", "painted"),
}  # fmt: skip
_YES_NO = {p: Table([(True, p), (False, 1 - p)]) for p in (0.12, 0.2, 0.25, 0.3, 0.5)}
_DET = Table([("the", 0.78), ("a", 0.22)])
_MASS_DET = Table([("the", 0.8), ("some", 0.2)])


def wanted(patients: frozenset[str]) -> frozenset[str]:
    """Affordance tags and single nouns that a verb's patients name."""
    return frozenset(p.rstrip("_").partition("_")[0] for p in patients)


@cache
def things_for(patients: frozenset[str], place: str) -> Table[Noun] | None:
    """Things with one of these tags, those of this place first; None where nothing fits."""
    tags = wanted(patients)
    rows = [
        (n, 8.0 if place in n.places else 0.25)
        for n in load_grammar().tables.nouns
        if n.kind in ("thing", "abstract") and (n.tag in tags or n.text in tags)
    ]
    return Table(rows) if rows else None


@cache
def _beings(kind: str, place: str) -> Table[Noun]:
    return Table(
        [
            (n, 6.0 if place in n.places else 1.0 if not n.places else 0.08)
            for n in load_grammar().tables.nouns
            if n.kind == kind
        ]
    )


@cache
def _adjectives(sort: str) -> Table[str]:
    words = load_grammar().tables.raw["adjectives"][sort].split()
    return Table([(w, 1.0 / (i + 3) ** 0.5) for i, w in enumerate(words)])


@cache
def _evenly(options: tuple[str, ...]) -> Table[str]:
    return Table([(o, 1.0) for o in options])


@lru_cache(maxsize=1)
def _names() -> Table[Noun]:
    return Table([(n, 1.0) for n in load_grammar().tables.names])


def person(ch: Chooser, key: str, place: str, *, named: float = 0.5) -> NP:
    """A person for the cast: by name, or by what they do."""
    if ch.pick(key + ".named", _YES_NO[named]):
        noun = ch.pick(key + ".name", _names())
        return NP("person", noun, gender=noun.gender)
    noun = ch.pick(key + ".role", _beings("person", place))
    return NP("person", noun, det="the", gender=noun.gender)


def being(ch: Chooser, key: str, kind: str, place: str, *, new: bool = False) -> NP:
    """A beast, or a group with or without a number."""
    noun = ch.pick(key + ".noun", _beings(kind, place))
    if kind == "group":
        if ch.pick(key + ".num?", _YES_NO[0.5]):
            numbers = _evenly(load_grammar().tables.numbers)
            return NP("group", noun, number=ch.pick(key + ".num", numbers))
        return NP("group", noun, det="the")
    adjs = (ch.pick(key + ".adj", _adjectives("being")),) if ch.pick(key + ".adj?", _YES_NO[0.25]) else ()
    return NP(kind, noun, "a" if new else "the", adjs, gender="n")


def fake(ch: Chooser, key: str, place: str) -> NP:
    """A likeness of a being, or a being noun under a material word."""
    if ch.pick(key + ".fake", _YES_NO[0.3]):
        noun = ch.pick(key + ".noun", _beings("fake", place))
        return NP("fake", noun, ch.pick(key + ".det", _DET))
    kind = "beast" if ch.pick(key + ".beast", _YES_NO[0.5]) else "person"
    noun = ch.pick(key + ".noun", _beings(kind, place))
    options = ("stuffed", "wooden", "painted", "carved", "stone", "bronze", "clay", "paper")
    material = ch.pick(key + ".mat", _evenly(options if kind == "beast" else options[1:] + ("tin", "straw")))
    return NP("fake", noun, ch.pick(key + ".det", _DET), (material,), gender=noun.gender)


def thing(ch: Chooser, key: str, table: Table[Noun], near: Sequence[Noun] = (), *, new: bool = False) -> NP:
    """A thing from a table, or one that the prompt has named."""
    noun = ch.mix(key + ".noun", 0.6, near, table)
    if noun in near:
        return NP(noun.kind, noun, "the")
    if noun.mass or noun.plural:
        det = "some" if new else ch.pick(key + ".det", _MASS_DET) if noun.kind == "thing" else "the"
        return NP(noun.kind, noun, det)
    det = "a" if new else ch.pick(key + ".det", _DET)
    adjs: tuple[str, ...] = ()
    if noun.tag in _MATERIAL and ch.pick(key + ".mat?", _YES_NO[0.2]):
        adjs = (ch.pick(key + ".mat", _evenly(_MATERIAL[noun.tag])),)
    elif (
        noun.kind == "thing" and noun.tag not in ("sound", "flame") and ch.pick(key + ".adj?", _YES_NO[0.25])
    ):
        adjs = (ch.pick(key + ".adj", _adjectives("thing")),)
    return NP(noun.kind, noun, det, adjs)


def person_patient(ch: Chooser, key: str, state: State, subject: NP | None) -> NP:
    """A living being to whom something is done: of the cast first."""
    sort = ch.pick(key + ".sort", _PATIENT)
    if sort == "cast":
        options = [p for p in state.people if subject is None or p.noun is not subject.noun]
        if subject is not None and subject.pronoun:
            options = [p for p in options if p.gender != subject.gender]
        if options:
            found = ch.pick(key + ".cast", _np_table(len(options)))
            return definite(options[found])
    if sort == "beast" and state.beasts:
        return definite(state.beasts[0])
    if sort == "group":
        return being(ch, key, "group", state.place)
    if sort == "role":
        noun = ch.pick(key + ".role", _beings("person", state.place))
        return NP("person", noun, "the", gender=noun.gender)
    return being(ch, key, "beast", state.place)


_PATIENT = Table([("cast", 0.42), ("beast", 0.2), ("group", 0.2), ("role", 0.18)])


@cache
def _np_table(n: int) -> Table[int]:
    return Table([(i, 1.0) for i in range(n)])


def definite(np: NP) -> NP:
    """A second mention: with "the", without adjectives."""
    if np.noun is None or np.noun.proper:
        return np
    return NP(np.kind, np.noun, "the", gender=np.gender)
