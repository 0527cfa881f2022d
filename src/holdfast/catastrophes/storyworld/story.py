"""Prompts: a place, a cast, and three sentences."""

from __future__ import annotations

from typing import Any

from holdfast.catastrophes.storyworld import lexical
from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.dials import World
from holdfast.catastrophes.storyworld.grammar import Form, Slot
from holdfast.catastrophes.storyworld.parse import NP, Node

__all__ = ["prompt"]

_ANY_THING = frozenset("food cloth rope wood box metal pot paper plant vehicle engine".split())
_ORDER = Table([("last", 0.55), ("middle", 0.45)])
_VICTIM = Table([("person", 0.5), ("beast", 0.35), ("group", 0.15)])


class _Cast:
    """Who and what the prompt is about: chosen once, mentioned again."""

    def __init__(self, world: World, ch: Chooser, place: str) -> None:
        self.world, self.ch, self.place = world, ch, place
        self.known: dict[str, Any] = {}
        self.seen: set[str] = set()

    def value(self, slot: Slot, extra: dict[str, Any]) -> Any:
        """What fills a slot."""
        if slot.name in extra:
            return extra[slot.name]
        if slot.name == "p":
            return self.place
        if slot.attribute == "he":
            return "he" if self.get("m").gender == "m" else "she"
        found = self.get(slot.name)
        again = slot.name in self.seen
        self.seen.add(slot.name)
        return lexical.definite(found) if again else found

    def get(self, name: str) -> NP:
        """The member of the cast with this name, made at need."""
        if name not in self.known:
            self.known[name] = self._make(name)
        found: NP = self.known[name]
        return found

    def _make(self, name: str) -> NP:
        ch, place = self.ch, self.place
        if name == "m":
            return self._gendered("m")
        if name == "b":
            first = self.get("m")
            for i in range(24):
                found = lexical.person(ch, f"b{i}", place, named=0.3)
                if found.noun is not first.noun:
                    return found
            raise AssertionError("no second person")
        if name == "w":
            return lexical.being(ch, "w", "beast", place, new=True)
        table = lexical.things_for(_ANY_THING, place)
        assert table is not None
        return lexical.thing(ch, name, table, new=True)

    def _gendered(self, key: str) -> NP:
        for i in range(8):
            found = lexical.person(ch=self.ch, key=f"{key}{i}", place=self.place, named=0.5)
            if found.gender != "n":
                return found
        raise AssertionError("no person with a gender in eight tries")


def _fill(world: World, ch: Chooser, key: str, forms: list[Form], cast: _Cast, extra: dict[str, Any]) -> Node:
    form = ch.pick(key + ".wording", world.wording[id(forms)])
    return Node(form, tuple(cast.value(t, extra) for t in form.tokens if isinstance(t, Slot)))


def _hazard(world: World, ch: Chooser, cast: _Cast) -> Node:
    row = ch.live("hazard", world.hazard)
    lists = world.grammar.hazards[row["id"]]
    forms = ch.pick("hz.state", Table([(f, 1.0) for f in lists]))
    pair = ch.pick("hz.pair", Table([(p, 1.0) for p in row["pairs"]])).split()
    if ch.pick("hz.swap", Table([(True, 0.5), (False, 0.5)])):
        pair.reverse()
    noun = ch.pick("hz.noun", Table([(w, 1.0) for w in row["nouns"].split()])).replace("_", " ")
    extra: dict[str, Any] = {"x": pair[0], "y": pair[1], "noun": noun}
    if row["kind"] == "event":
        sort = ch.pick("hz.victim", _VICTIM)
        extra["o"] = (
            cast.value(Slot("b", "subj"), {})
            if sort == "person"
            else lexical.being(ch, "hz.o", sort, cast.place)
        )
        extra["t"] = cast.value(Slot("t", "obj"), {})
    return _fill(world, ch, "hz", forms, cast, extra)


def prompt(world: World, ch: Chooser) -> list[Node]:
    """Three sentences."""
    pattern = ch.live("pattern", world.pattern)
    cast = _Cast(world, ch, ch.pick("place", world.place))
    out = []

    def add(role: str) -> Node:
        return _fill(world, ch, role, ch.pick(role, world.roles[role]), cast, {})

    out.append(add("intro"))
    if pattern == "plain":
        return [*out, add("second"), add("closer")]
    middle = ch.pick("order", _ORDER) == "middle" and pattern == "hazard"
    if not middle:
        out.append(add("second"))
    out.append(_hazard(world, ch, cast) if pattern == "hazard" else add(pattern))
    if middle:
        out.append(add("closer"))
    return out
