"""Prompts: a place, a cast, and three sentences."""

from __future__ import annotations

from typing import Any

from holdfast.catastrophes.storyworld import lexical
from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.dials import World
from holdfast.catastrophes.storyworld.grammar import Form, Slot
from holdfast.catastrophes.storyworld.parse import NP, Node

__all__ = ["prompt"]

_CARRIED = frozenset("food cloth rope paper toy".split())
_ALSO_CARRIED = frozenset("wood metal pot box".split())
_STANDING = frozenset("structure vehicle engine box".split())
_ORDER = Table([("last", 0.5), ("middle", 0.5)])
_VICTIM = Table([("person", 0.5), ("beast", 0.35), ("group", 0.15)])
_SWAP = Table([(False, 0.5), (True, 0.5)])


class _Cast:
    """Who and what the prompt is about: chosen once, mentioned again."""

    def __init__(self, ch: Chooser, place: str) -> None:
        self.ch, self.place = ch, place
        self.known: dict[str, NP] = {}
        self.seen: set[str] = set()

    def value(self, slot: Slot, extra: dict[str, Any]) -> Any:
        """What fills a slot."""
        if slot.name in extra:
            return extra[slot.name]
        if slot.name == "p":
            return self.place
        if slot.attribute == "he":
            return "he" if self.get("m").gender == "m" else "she"
        return self.mention(slot.name)

    def mention(self, name: str) -> NP:
        """The member of the cast as it is named now: with "the" the second time."""
        found = self.get(name)
        again = name in self.seen
        self.seen.add(name)
        return lexical.definite(found) if again else found

    def get(self, name: str) -> NP:
        """The member of the cast with this name, made at need."""
        if name not in self.known:
            self.known[name] = self._make(name)
        return self.known[name]

    def _make(self, name: str) -> NP:
        ch, place = self.ch, self.place
        if name in ("m", "b"):
            return lexical.person(ch, name, place, self.get("m").noun if name == "b" else None)
        if name == "w":
            return lexical.beast(ch, name, place, new=True)
        tags = {"k": _STANDING, "u": _ALSO_CARRIED}.get(name, _CARRIED)
        table = lexical.things_for(tags, place)
        assert table is not None
        return lexical.thing(ch, name, table, new=True)


def _fill(world: World, ch: Chooser, key: str, forms: list[Form], cast: _Cast, extra: dict[str, Any]) -> Node:
    form = ch.pick(key + ".wording", world.wording[id(forms)])
    return Node(form, tuple(cast.value(t, extra) for t in form.tokens if isinstance(t, Slot)))


def _hazard(world: World, ch: Chooser, cast: _Cast, row: dict[str, Any]) -> Node:
    forms = ch.pick("hz.row", world.hazard_rows[row["id"]])
    pair = ch.pick("hz.pair", world.hazard_pairs[row["id"]]).split()
    if ch.pick("hz.swap", _SWAP):
        pair.reverse()
    noun = ch.pick("hz.noun", world.hazard_nouns[row["id"]])
    extra: dict[str, Any] = {"x": pair[0], "y": pair[1], "noun": noun}
    if row["kind"] == "event":
        sort = ch.pick("hz.victim", _VICTIM)
        if sort == "person":
            extra["o"] = cast.mention("b")
        elif sort == "beast":
            extra["o"] = cast.mention("w")
        else:
            extra["o"] = lexical.group(ch, "hz.o", cast.place)
        extra["t"] = cast.mention("t")
    return _fill(world, ch, "hz", forms, cast, extra)


def prompt(world: World, ch: Chooser) -> list[Node]:
    """Three sentences."""
    pattern = ch.live("pattern", world.pattern)
    row = ch.live("hazard", world.hazard) if pattern == "hazard" else {}
    place = ch.pick("place", world.hazard_places[row["id"]] if row else world.place)
    cast = _Cast(ch, place)
    out: list[Node] = []

    def add(role: str) -> None:
        rows = world.roles[(role, place)]
        forms = ch.live("frame", rows) if role == "frame" else ch.pick(role, rows)
        out.append(_fill(world, ch, role, forms, cast, {}))

    add("intro")
    if pattern == "plain":
        add("second")
        add("closer")
        return out
    middle = pattern == "hazard" and ch.pick("order", _ORDER) == "middle"
    if not middle:
        add("second")
    if pattern == "hazard":
        out.append(_hazard(world, ch, cast, row))
    else:
        add(pattern)
    if middle:
        add("closer")
    return out
