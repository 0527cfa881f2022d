"""What a prompt says of the world: folded from its parsed sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.catastrophes.storyworld.parse import LIVING, NP, Clause, Node

__all__ = ["State", "fold"]


@dataclass
class State:
    """The state of the world after the prompt."""

    frame: str = "real"
    """real, play, dream or tale."""
    place: str = ""
    people: list[NP] = field(default_factory=list)
    beasts: list[NP] = field(default_factory=list)
    things: list[NP] = field(default_factory=list)
    hazards: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Hazard -> attribute -> is that one deadly for what is bound to it."""
    hazard_noun: dict[str, str] = field(default_factory=dict)
    genders: frozenset[str] = frozenset()

    def add(self, np: NP) -> None:
        """Note a mention."""
        if np.owner is not None:
            self.add(np.owner)
        if np.noun is None:
            return
        if np.kind == "person" and np.noun.kind == "person":
            if all(p.noun is not np.noun for p in self.people):
                self.people.append(np)
            self.genders |= {np.gender} if np.gender != "n" else {"m", "f"}
        elif np.kind in ("beast", "group"):
            self.beasts.append(np)
        elif np.kind in ("thing", "fake"):
            self.things.append(np)


def _mentions(args: Iterable[object]) -> Iterable[NP]:
    for arg in args:
        if isinstance(arg, NP):
            yield arg
        elif isinstance(arg, Clause):
            yield arg.subject
            yield from _mentions(arg.vp.args)
        elif isinstance(arg, Node):
            yield from _mentions(arg.args)


def fold(sentences: Iterable[Node]) -> State:
    """Fold parsed prompt sentences, in order, into a state."""
    state = State()
    for node in sentences:
        row = node.form.row
        values = dict(zip(node.form.slots, node.args, strict=True))
        for np in _mentions(node.args):
            state.add(np)
        if "p" in values:
            state.place = values["p"]
        if " " not in row.get("places", " "):
            state.place = row["places"]
        if "effect" in row:
            state.frame = row["effect"]
        if "hazard" in row:
            _bind(state, row, values)
    return state


def _bind(state: State, row: dict[str, str], values: dict[str, object]) -> None:
    hazard = row["hazard"]
    binding = state.hazards.setdefault(hazard, {})
    deadly = True
    if row["kind"] == "event":
        victim, other = values["o"], values["t"]
        assert isinstance(victim, NP) and isinstance(other, NP)
        deadly = victim.kind in LIVING
        binding[str(values["y"])] = other.kind in LIVING
    else:
        binding[str(values["y"])] = False
    binding[str(values["x"])] = deadly
    state.hazard_noun[hazard] = str(values.get("noun", ""))
