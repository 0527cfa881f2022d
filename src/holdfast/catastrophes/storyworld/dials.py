"""Presets: the dials of a world, and the tables of choices that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from holdfast.catastrophes.storyworld.choose import Table
from holdfast.catastrophes.storyworld.grammar import Form, Grammar, load_grammar
from holdfast.catastrophes.storyworld.tables import Pred
from holdfast.errors import UnknownNameError, closest

__all__ = ["Dials", "World", "load_world"]


@dataclass(frozen=True, kw_only=True)
class Dials:
    """The dials of one preset (forms/presets.toml says what each does)."""

    name: str
    hazard: float
    frame: float
    unframe: float
    act: float
    match: float
    being: float
    fake: float
    toll: float
    double: float
    zipf: float
    tilt_match: float
    tilt_being: float
    clause: dict[str, float]
    cls: dict[str, float]
    places: str


class World:
    """The grammar under one preset: every table of choices of the sampler."""

    def __init__(self, dials: Dials, grammar: Grammar) -> None:
        """Build the tables once."""
        self.dials, self.grammar = dials, grammar
        self._agents: dict[Pred, Table[str]] = {}
        d, raw = dials, grammar.tables.raw
        rest = 1.0 - d.hazard - d.frame - d.unframe
        self.pattern = Table(
            [("plain", rest), ("hazard", d.hazard), ("frame", d.frame), ("unframe", d.unframe)],
            [rest, d.hazard * 1.2, d.frame * 0.8, d.unframe],
        )
        places = d.places.split() or list(grammar.tables.places)
        self.place = Table([(p, 1.0) for p in places])
        self.roles = {
            (role, place): self._rows(grammar.prompts, role, place)
            for role in dict.fromkeys(r["role"] for r in raw["prompts"]["prompt"])
            for place in grammar.tables.places
        }
        self._hazards(raw["hazards"]["hazard"])
        self.source = Table([("hazard", d.act), ("general", 1.0 - d.act)])
        self.match = Table([(True, d.match), (False, 1 - d.match)], [d.tilt_match, 1 - d.tilt_match])
        self.toll = Table([(True, d.toll), (False, 1 - d.toll)])
        self.kind = Table([(k, v) for k, v in d.clause.items()])
        other = 1.0 - d.being - d.fake
        self.patient = Table(
            [("being", d.being), ("fake", d.fake), ("thing", other)],
            [d.tilt_being, d.fake, 1 - d.tilt_being - d.fake],
        )
        rough = min(0.5, 5 * d.being)
        self.rough = Table(
            [("being", rough), ("fake", d.fake), ("thing", 1 - rough - d.fake)],
        )
        self.either = Table([("being", 0.55), ("thing", 0.40), ("fake", 0.05)])
        self._sentences()
        self._modality()
        self._predicates()

    @staticmethod
    def _rows(lists: list[list[Form]], role: str, place: str) -> Table[list[Form]]:
        rows = [f for f in lists if f[0].row["role"] == role]
        fit = [f for f in rows if place in f[0].row.get("places", place).split()]
        return Table([(f, float(f[0].row.get("weight", 1))) for f in fit])

    def _hazards(self, rows: list[dict[str, Any]]) -> None:
        grammar = self.grammar
        self.hazard = Table([(r, float(r.get("weight", 1.0))) for r in rows])
        self.hazard_acts = {
            r["id"]: Table([(p, p.weight) for p in grammar.preds if p.hazard == r["id"]]) for r in rows
        }
        self.hazard_rows = {r["id"]: Table([(f, 1.0) for f in grammar.hazards[r["id"]]]) for r in rows}
        self.hazard_pairs = {r["id"]: Table([(str(p), 1.0) for p in r["pairs"]]) for r in rows}
        self.hazard_nouns = {
            r["id"]: Table([(w.replace("_", " "), 1.0) for w in r["nouns"].split()]) for r in rows
        }
        self.hazard_places = {
            r["id"]: Table(
                [(p, 1.0) for p in r["places"].split() if p in self.place.items]
                or [(p, 1.0) for p in self.place.items]
            )
            for r in rows
        }
        self.hazard_severity = {r["id"]: int(r["sev"]) for r in rows}

    def agents(self, pred: Pred, weights: dict[str, float]) -> Table[str]:
        """Kinds of agent that this predicate takes."""
        found = self._agents.get(pred)
        if found is None:
            kinds = [k for k in weights if k in pred.agents] or ["person"]
            found = self._agents[pred] = Table([(k, weights[k]) for k in kinds])
        return found

    def _sentences(self) -> None:
        rows = []
        for forms in self.grammar.sentences:
            two = len(forms[0].slots) > 1 and "c" in forms[0].slots and "s" not in forms[0].slots
            rows.append((forms, float(forms[0].row["weight"]) * (self.dials.double if two else 1.0)))
        self.sentence = Table(rows)
        self.wording = {id(forms): Table([(f, f.share) for f in forms]) for forms in self._all_forms()}

    def _all_forms(self) -> list[list[Form]]:
        g = self.grammar
        out = [*g.sentences, *g.prompts, *g.modality, *g.modality_be]
        out.extend(forms for lists in g.hazards.values() for forms in lists)
        out.extend(shapes["base"] for shapes in g.preds.values())
        return out

    def _modality(self) -> None:
        rows = self.grammar.tables.raw["modality"]["modality"]
        ops = list(dict.fromkeys(r["op"] for r in rows))
        self.op = Table([(op, sum(r["weight"] for r in rows if r["op"] == op)) for op in ops])
        self.op_rows = {
            op: Table([(i, float(r["weight"])) for i, r in enumerate(rows) if r["op"] == op]) for op in ops
        }

        self.op_rows_plain = {
            op: Table(
                [(i, float(r["weight"])) for i, r in enumerate(rows) if r["op"] == op and not r.get("mental")]
            )
            for op in ops
        }

    def _predicates(self) -> None:
        groups: dict[tuple[str, str], list[Pred]] = {}
        rare: list[Pred] = []
        fixed: list[Pred] = []
        for p in self.grammar.preds:
            if p.id.startswith("rare:"):
                rare.append(p)
            elif p.id.startswith("fixed:"):
                fixed.append(p)
            elif not p.hazard:
                groups.setdefault((p.kind, p.cls), []).append(p)
        z = self.dials.zipf
        self.preds = {k: Table([(p, 1.0 / (p.rank + 2) ** z) for p in v]) for k, v in groups.items()}
        self.animate = {
            k: Table([(p, 1.0 / (p.rank + 2) ** z) for p in v if "person" in p.agents])
            for k, v in groups.items()
            if any("person" in p.agents for p in v)
        }
        self.classes = {
            kind: Table([(c, w) for c, w in self.dials.cls.items() if (kind, c) in self.preds])
            for kind in ("act", "pas", "self")
        }
        self.fixed = Table([(p, p.weight) for p in fixed])
        spec: Any = self.grammar.tables.raw["rare"]
        shares = [float(spec["first"]) / float(spec["step"]) ** i for i in range(len(rare))]
        pairs: list[tuple[Pred | None, float]] = [(None, 1.0 - sum(shares))]
        pairs.extend(zip(rare, shares, strict=True))
        self.rare = Table(pairs)


@cache
def load_world(preset: str) -> World:
    """The world under a preset. Raises UnknownNameError."""
    grammar = load_grammar()
    presets = grammar.tables.raw["presets"]
    if preset not in presets:
        raise UnknownNameError(f"no story world preset {preset!r}", expected=closest(preset, list(presets)))
    return World(Dials(name=preset, **{**presets["demo"], **presets[preset]}), grammar)
