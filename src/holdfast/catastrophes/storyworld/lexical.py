"""Which words the sampler puts where: nouns by tag and place, beings, adjectives. All of it inert."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.grammar import load_grammar
from holdfast.catastrophes.storyworld.parse import NP
from holdfast.catastrophes.storyworld.tables import Noun
from holdfast.catastrophes.storyworld.world import State

__all__ = [
    "beast", "definite", "evenly", "fake", "group", "patient", "person", "role", "thing",
    "things_for", "wanted",
]  # fmt: skip

_MATERIAL = {
    "wood": ("wooden", "painted", "carved"),
    "box": ("wooden", "painted", "iron", "tin"),
    "metal": ("iron", "bronze"),
    "pot": ("clay", "tin", "painted", "bronze"),
    "structure": ("wooden", "stone", "painted"),
    "vehicle": ("wooden", "painted"),
    "toy": ("wooden", "paper", "painted", "tin"),
}
_LIKE_BEAST = ("stuffed", "wooden", "painted", "carved", "stone", "bronze", "clay", "paper")
_LIKE_PERSON = ("wooden", "painted", "carved", "stone", "bronze", "clay", "paper", "tin", "straw")
_YES: dict[float, Table[bool]] = {
    p: Table([(True, p), (False, 1 - p)]) for p in (0.2, 0.25, 0.3, 0.4, 0.5, 0.6)
}
_HERD: Table[str] = Table([("group", 0.2), ("beast", 0.8)])
_KNOWN: Table[str] = Table([("again", 0.6), ("another", 0.4)])
_DET = Table([("the", 0.78), ("a", 0.22)])
_MASS_DET = Table([("the", 0.8), ("some", 0.2)])
_PATIENT: Table[str] = Table([("cast", 0.42), ("beast", 0.22), ("group", 0.18), ("role", 0.18)])
_NO_ADJECTIVE = frozenset({"sound", "flame", "engine", "heavy"})


def wanted(patients: frozenset[str]) -> frozenset[str]:
    """Affordance tags and single nouns that a verb's patients name."""
    return frozenset(p.replace("_", " ") for p in patients)


@cache
def things_for(patients: frozenset[str], place: str) -> Table[Noun] | None:
    """Things with one of these tags, those of this place first; None where nothing fits."""
    tags = wanted(patients)
    rows = [
        (n, 8.0 if place in n.places else 0.6 if not n.places else 0.12)
        for n in load_grammar().tables.nouns
        if n.kind in ("thing", "abstract") and (n.tag in tags or n.text in tags)
    ]
    return Table(rows) if rows else None


@cache
def _beings(kind: str, place: str, tag: str = "", leave: Noun | None = None) -> Table[Noun]:
    """Being nouns of a kind and tag, those of this place first."""
    rows = [
        (n, 6.0 if place in n.places else 0.8 if not n.places else 0.05)
        for n in load_grammar().tables.nouns
        if n.kind == kind and n is not leave and (not tag or tag in n.tag.split())
    ]
    return Table(rows)


@cache
def _gendered_roles(place: str) -> Table[Noun]:
    table = _beings("person", place)
    return Table([(n, p) for n, p in zip(table.items, table.probs, strict=True) if n.gender != "n"])


@cache
def _adjectives(sort: str) -> Table[str]:
    words = load_grammar().tables.raw["adjectives"][sort].split()
    return Table([(w, 1.0 / (i + 3) ** 0.5) for i, w in enumerate(words)])


@cache
def evenly(options: tuple[str, ...]) -> Table[str]:
    """Options of equal weight."""
    return Table([(o, 1.0) for o in options])


@cache
def _names(leave: Noun | None = None) -> Table[Noun]:
    return Table([(n, 1.0) for n in load_grammar().tables.names if n is not leave])


def person(ch: Chooser, key: str, place: str, leave: Noun | None = None) -> NP:
    """A person for the cast, by name or by what they do; the first (`leave` None) has a gender."""
    if ch.pick(key + ".named", _YES[0.5 if leave is None else 0.3]):
        noun = ch.pick(key + ".noun", _names(leave))
        return NP("person", noun, gender=noun.gender)
    table = _gendered_roles(place) if leave is None else _beings("person", place, "", leave)
    noun = ch.pick(key + ".noun", table)
    return NP("person", noun, det="the", gender=noun.gender)


def role(ch: Chooser, key: str, place: str, leave: Noun | None) -> NP:
    """A person who is new to the story, by what they do."""
    noun = ch.pick(key + ".noun", _beings("person", place, "", leave))
    return NP("person", noun, "the", gender=noun.gender)


def beast(ch: Chooser, key: str, place: str, *, tag: str = "", new: bool = False) -> NP:
    """A beast or other creature."""
    noun = ch.pick(key + ".noun", _beings("beast", place, tag))
    adjs = (ch.pick(key + ".adj", _adjectives("being")),) if ch.pick(key + ".adj?", _YES[0.25]) else ()
    return NP("beast", noun, "a" if new else "the", adjs)


def group(ch: Chooser, key: str, place: str, *, tag: str = "", counted: bool = False) -> NP:
    """A group, with a number if `counted`."""
    noun = ch.pick(key + ".noun", _beings("group", place, tag))
    if counted:
        number = ch.pick(key + ".num", evenly(load_grammar().tables.numbers))
        return NP("group", noun, number=number)
    return NP("group", noun, det="the")


def fake(ch: Chooser, key: str, place: str) -> NP:
    """A likeness of a being, or a being noun under a material word."""
    if ch.pick(key + ".fake", _YES[0.3]):
        noun = ch.pick(key + ".noun", _beings("fake", place))
        return NP("fake", noun, ch.pick(key + ".det", _DET))
    kind = "beast" if ch.pick(key + ".beast", _YES[0.6]) else "person"
    noun = ch.pick(key + ".noun", _beings(kind, place))
    material = ch.pick(key + ".adj", evenly(_LIKE_BEAST if kind == "beast" else _LIKE_PERSON))
    return NP("fake", noun, ch.pick(key + ".det", _DET), (material,), gender=noun.gender)


def thing(ch: Chooser, key: str, table: Table[Noun], near: Sequence[Noun] = (), *, new: bool = False) -> NP:
    """A thing from a table, or one that the prompt has named."""
    noun = ch.mix(key + ".noun", 0.6, near, table)
    if noun in near:
        return NP(noun.kind, noun, "the")
    if noun.mass or noun.plural:
        det = "some" if new else ch.pick(key + ".det", _MASS_DET) if noun.kind == "thing" else "the"
        return NP(noun.kind, noun, det)
    fixed = noun.tag in _NO_ADJECTIVE or noun.kind != "thing"
    det = "a" if new else "the" if fixed else ch.pick(key + ".det", _DET)
    adjs: tuple[str, ...] = ()
    if noun.tag in _MATERIAL and ch.pick(key + ".mat?", _YES[0.2]):
        adjs = (ch.pick(key + ".adj", evenly(_MATERIAL[noun.tag])),)
    elif not fixed and ch.pick(key + ".adj?", _YES[0.25]):
        adjs = (ch.pick(key + ".adj", _adjectives("thing")),)
    return NP(noun.kind, noun, det, adjs)


def patient(ch: Chooser, key: str, state: State, subject: NP | None, kinds: frozenset[str]) -> NP:
    """A living being, of the cast first, of one of these kinds (person, beast; none named: either)."""
    if kinds == {"group"}:
        return group(ch, key, state.place)
    either = not kinds & {"person", "beast"} or kinds >= {"person", "beast"}
    tag = "" if either else "person" if "person" in kinds else "beast"
    if tag != "beast":
        sort = ch.pick(key + ".sort", _PATIENT)
    else:
        sort = ch.pick(key + ".herd", _HERD)
    if sort == "cast":
        options = _others(state, subject)
        if options:
            return options[ch.pick(key + ".cast", numbers(len(options)))]
    if sort == "group":
        return group(ch, key, state.place, tag=tag)
    if sort == "beast" and tag != "person":
        known = [b for b in state.beasts if b.kind == "beast"]
        again = bool(known) and ch.pick(key + ".known", _KNOWN) == "again"
        if again:
            return definite(known[0])
        return beast(ch, key, state.place)
    leave = subject.noun if subject is not None and subject.kind == "person" else None
    return role(ch, key, state.place, leave)


def _others(state: State, subject: NP | None) -> list[NP]:
    """People of the prompt who are not the subject."""
    out = [definite(p) for p in state.people if subject is None or p.noun is not subject.noun]
    if subject is not None and subject.pronoun:
        out = [p for p in out if p.gender not in (subject.gender, "n")]
    return out


@cache
def numbers(n: int) -> Table[int]:
    """The numbers below n."""
    return Table([(i, 1.0) for i in range(n)])


def definite(np: NP) -> NP:
    """A second mention: with "the", without adjectives."""
    if np.noun is None or np.noun.proper:
        return np
    return NP(np.kind, np.noun, "the", gender=np.gender)
