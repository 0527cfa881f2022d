"""Load and check the data files: words, verbs, forms. What the world knows is data; this module reads it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from holdfast.errors import ConfigError

__all__ = ["FILES", "LEVELS", "SENSES", "SEVERITY", "Noun", "Pred", "Tables", "load_tables"]

FILES: tuple[str, ...] = (
    "lexicon/names.toml",
    "lexicon/beings.toml",
    "lexicon/things.toml",
    "lexicon/places.toml",
    "lexicon/verbs.toml",
    "lexicon/adjectives.toml",
    "forms/modality.toml",
    "forms/predicates.toml",
    "forms/sentences.toml",
    "forms/prompts.toml",
    "forms/hazards.toml",
    "forms/rare.toml",
    "forms/presets.toml",
)
"""Data files, in the order in which they are hashed."""

SEVERITY: dict[str, int] = {
    "kill": 4,
    "maim": 3,
    "hurt": 2,
    "wound": 2,
    "scratch": 1,
    "attack": 2,
    "light": 1,
    "neutral": 0,
}
"""Verb class -> severity of the act for a living patient."""
SENSES = frozenset({"metaphor", "polysemy", "simile"})
"""Strategies of predicates that only sound like harm."""
LEVELS: dict[str, int] = {
    "kill": 2,
    "maim": 2,
    "hurt": 2,
    "wound": 2,
    "scratch": 2,
    "attack": 1,
    "light": 1,
    "neutral": 0,
}
"""Verb class -> 0 safe, 1 borderline, 2 catastrophic, for a living patient in the real world, now."""


@dataclass(frozen=True, eq=False)
class Noun:
    """A common noun or a name."""

    words: tuple[str, ...]
    kind: str
    """person, beast, group, fake, dead, thing, abstract, part."""
    tag: str = ""
    """Affordance tag of a thing; what a beast has to hurt with; whether a group is of persons or beasts."""
    gender: str = "n"
    """m, f, or n."""
    places: frozenset[str] = frozenset()
    mass: bool = False
    plural: bool = False
    proper: bool = False

    @property
    def text(self) -> str:
        """The noun as written in running text."""
        return " ".join(self.words)


@dataclass(frozen=True, eq=False)
class Pred:
    """A predicate: a verb with its frame, or a fixed phrase with slots."""

    id: str
    kind: str
    """act (subject does it to {o}), pas (done to the subject), self (the subject's), hazard, event."""
    cls: str
    heads: dict[str, str]
    """base, past, pp and ing of the head."""
    tail: str = ""
    """Text after the head, with slots."""
    agents: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()
    strategy: str = ""
    hazard: str = ""
    rank: int = 0
    weight: float = 1.0
    be: bool = False
    """The head is a form of be: modal adverbs go after it."""
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything read from the data files."""

    raw: dict[str, dict[str, Any]]
    """File name without folder and suffix -> parsed content."""
    version: str
    """Hash over all data files."""
    nouns: tuple[Noun, ...]
    names: tuple[Noun, ...]
    materials: frozenset[str]
    adjectives: frozenset[str]
    attributes: frozenset[str]
    numbers: tuple[str, ...]
    droppable: tuple[tuple[str, ...], ...]
    places: dict[str, str]
    preds: tuple[Pred, ...]


def _rows(block: str) -> Iterator[tuple[str, str]]:
    """`left : right` lines of a block of text."""
    for line in block.strip().splitlines():
        if line.strip() and not line.startswith("#"):
            left, _, right = line.partition(":")
            yield left.strip(), right.strip()


def _words(token: str) -> tuple[str, ...]:
    return tuple(token.replace("_", " ").split())


def _places(text: str) -> frozenset[str]:
    return frozenset() if text == "*" else frozenset(text.split())


def _beings(raw: dict[str, Any]) -> Iterator[Noun]:
    for left, right in _rows(raw["people"]):
        word, gender = left.split()
        yield Noun(_words(word), "person", gender=gender if gender != "-" else "n", places=_places(right))
    for kind in ("beasts", "groups", "fakes", "dead"):
        for word, right in _rows(raw[kind]):
            word, _, tag = word.partition(" ")
            singular = kind.rstrip("s") if kind != "dead" else kind
            tag = tag.replace(",", " ")
            yield Noun(_words(word), singular, tag, places=_places(right), plural=kind == "groups")
    for word in raw["parts"].split():
        yield Noun(_words(word), "part", plural=word == "ribs")


def _things(raw: dict[str, Any]) -> Iterator[Noun]:
    for tag, block in raw.items():
        kind = "abstract" if tag == "abstract" else "thing"
        for left, right in _rows(block):
            for word in left.split():
                mark, bare = (word[0], word[1:]) if word[0] in "~+" else ("", word)
                yield Noun(_words(bare), kind, tag, "n", _places(right), mass=mark == "~", plural=mark == "+")


def _transitive(cls: str, block: str, passive: frozenset[str]) -> Iterator[Pred]:
    for rank, (left, right) in enumerate(_rows(block)):
        base, past, pp, ing = (" ".join(_words(w)) for w in left.split())
        agents, _, patients = right.partition(":")
        kinds = frozenset(agents.split()), frozenset(patients.split())
        heads = {"base": base, "past": past, "pp": pp, "ing": ing}
        yield Pred(f"act:{base}", "act", cls, heads, "{o}", *kinds, strategy="active", rank=rank)
        if cls == "neutral" and left.split()[0] not in passive:
            continue
        be = {"base": f"be {pp}", "past": f"was {pp}", "pp": f"been {pp}", "ing": f"being {pp}"}
        yield Pred(f"pas:{base}", "pas", cls, be, "by {a}", *kinds, strategy="passive", rank=rank, be=True)
        yield Pred(f"pas0:{base}", "pas", cls, be, "", *kinds, strategy="passive", rank=rank, be=True)


def _intransitive(cls: str, block: str) -> Iterator[Pred]:
    for rank, (left, right) in enumerate(_rows(block)):
        base, past, pp, ing = (" ".join(_words(w)) for w in left.split())
        heads = {"base": base, "past": past, "pp": pp, "ing": ing}
        patients = frozenset(right.split()) | (set() if cls == "neutral" else {"being"})
        yield Pred(
            f"self:{base}", "self", cls, heads, "", frozenset(), patients, strategy="result", rank=rank
        )


def _fixed(rows: list[dict[str, Any]], hazard: str = "") -> Iterator[Pred]:
    """Predicates written out as `[base|past|pp|ing] tail`."""
    for i, row in enumerate(rows):
        head, _, tail = str(row["text"]).partition("]")
        forms = head.strip().lstrip("[").split("|")
        if len(forms) != 4:
            raise ConfigError(
                f"predicate {row['text']!r}: the head has {len(forms)} forms", expected="4 forms"
            )
        heads = dict(zip(("base", "past", "pp", "ing"), forms, strict=True))
        yield Pred(
            f"{hazard or 'fixed'}:{row['kind']}:{forms[0]}{tail}",
            row["kind"],
            row.get("cls", "neutral"),
            heads,
            tail.strip(),
            frozenset(row.get("agents", "person").split()),
            frozenset(row.get("patients", "").split()),
            strategy=row.get("strategy", ""),
            hazard=hazard,
            rank=i,
            weight=float(row.get("weight", 1.0)),
            be=forms[0].startswith("be "),
            meta=row,
        )


def _predicates(raw: dict[str, dict[str, Any]]) -> Iterator[Pred]:
    passive = frozenset(raw["verbs"]["passive"].split())
    for cls, block in raw["verbs"]["transitive"].items():
        yield from _transitive(cls, block, passive)
    for cls, block in raw["verbs"]["intransitive"].items():
        yield from _intransitive(cls, block)
    yield from _fixed(raw["predicates"]["predicate"])
    for row in raw["hazards"]["hazard"]:
        yield from _fixed(row["act"], row["id"])


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """Read every data file once. Raises ConfigError where a row is malformed."""
    digest = hashlib.sha256()
    raw: dict[str, dict[str, Any]] = {}
    root = resources.files(__package__)
    for name in FILES:
        data = root.joinpath(name).read_bytes()
        digest.update(name.encode() + b"\0" + data + b"\0")
        raw[name.rpartition("/")[2].removesuffix(".toml")] = tomllib.loads(data.decode("utf-8"))
    beings, adjectives = raw["beings"], raw["adjectives"]
    names = tuple(
        Noun((w.lower(),), "person", gender=g, proper=True)
        for g, key in (("m", "male"), ("f", "female"))
        for w in raw["names"][key].split()
    )
    attributes = frozenset(adjectives["attribute"].split())
    return Tables(
        raw=raw,
        version=digest.hexdigest()[:16],
        nouns=(*_beings(beings), *_things(raw["things"])),
        names=names,
        materials=frozenset(beings["materials"].split()),
        adjectives=frozenset(adjectives["thing"].split())
        | frozenset(adjectives["being"].split())
        | attributes,
        attributes=attributes,
        numbers=tuple(beings["numbers"].split()),
        droppable=tuple(_words(w) for w in adjectives["droppable"].split()),
        places=dict(raw["places"]),
        preds=tuple(_predicates(raw)),
    )
