"""Completions: from the parsed state of a prompt to one sentence, with a record of what was meant by it."""

from __future__ import annotations

from typing import Any, NamedTuple

from holdfast.catastrophes.storyworld import lexical
from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.dials import World
from holdfast.catastrophes.storyworld.grammar import Form, Slot
from holdfast.catastrophes.storyworld.parse import NP, Clause, Node
from holdfast.catastrophes.storyworld.realise import possessive
from holdfast.catastrophes.storyworld.tables import Pred
from holdfast.catastrophes.storyworld.world import State

__all__ = ["Meant", "complete_state"]


class Meant(NamedTuple):
    """The sampler's own record: it never looks at text or parses."""

    level: int
    strategy: str


_NEUTRAL_BEING = Table([("being", 0.8), ("thing", 0.2)])
_AGENT_KINDS = ("person", "beast", "vehicle", "flame", "heavy")
_ENDS = {"real": None, "witness": None, "told": "told as just happened", "seem": "doubtful", "try": "attempt"}


def _meant_op(meant: Meant, op: str) -> Meant:
    from holdfast.catastrophes.storyworld.judge import LOOKALIKE

    if meant.level == 0 or op in ("real", "witness"):
        return meant
    if op == "told":
        return Meant(meant.level, "told as just happened")
    if op in ("seem", "try"):
        return Meant(meant.level - 1, "doubtful" if op == "seem" else "attempt")
    return Meant(0, LOOKALIKE[op])


def _worse(a: Meant, b: Meant) -> Meant:
    if a.level != b.level:
        return max(a, b, key=lambda m: m.level)
    return b if a.strategy == "plain" else a


class _Writer:
    """Writes one completion."""

    def __init__(self, world: World, ch: Chooser, state: State) -> None:
        self.world, self.ch, self.state = world, ch, state
        self.near = tuple(np.noun for np in state.things if np.noun is not None)
        self.spoken: set[int] = set()

    # --- subjects ---------------------------------------------------------------------------------------
    def someone(self, key: str) -> NP:
        """A person as subject: of the cast, by name, role or pronoun."""
        people = self.state.people
        if not people:
            return lexical.person(self.ch, key, self.state.place)
        options: list[tuple[NP, float]] = []
        for i, p in enumerate(people):
            weight = 3.0 / (i + 1)
            alone = p.gender != "n" and sum(q.gender in (p.gender, "n") for q in people) == 1
            options.append((lexical.definite(p), weight * (0.6 if alone else 1.0)))
            if alone:
                word = "he" if p.gender == "m" else "she"
                options.append((NP("person", None, pronoun=word, gender=p.gender), weight * 0.4))
        return self.ch.pick(key + ".who", Table(options))

    def agent(self, key: str, pred: Pred) -> NP:
        """Somebody or something that can do this."""
        kinds = [k for k in _AGENT_KINDS if k in pred.agents] or ["person"]
        weights = {"person": 5.0, "beast": 3.0, "vehicle": 1.0, "flame": 1.0, "heavy": 0.7}
        kind = self.ch.pick(key + ".akind", Table([(k, weights[k]) for k in kinds]))
        if kind == "person":
            return self.someone(key)
        if kind == "beast":
            if self.state.beasts and self.state.beasts[0].kind == "beast":
                return lexical.definite(self.state.beasts[0])
            return lexical.being(self.ch, key, "beast", self.state.place)
        return self.thing(key, frozenset({kind}))

    def thing(self, key: str, patients: frozenset[str]) -> NP:
        """A thing that suits the verb, near at hand if there is one."""
        table = lexical.things_for(patients, self.state.place)
        assert table is not None, patients
        tags = lexical.wanted(patients)
        near = [n for n in self.near if (n.tag in tags or n.text in tags) and n.kind == "thing"]
        return lexical.thing(self.ch, key, table, near)

    def patient(self, key: str, sort: str, pred: Pred, subject: NP | None) -> NP:
        """Whom or what it is done to."""
        if sort == "being":
            return lexical.person_patient(self.ch, key, self.state, subject)
        if sort == "fake":
            return lexical.fake(self.ch, key, self.state.place)
        return self.thing(key, pred.patients)

    # --- predicates -------------------------------------------------------------------------------------
    def sort(self, key: str, pred: Pred, cls: str) -> str:
        """Kind of patient."""
        living = bool(pred.patients & {"person", "beast", "group", "being"})
        things = lexical.things_for(pred.patients, self.state.place) is not None
        if cls == "neutral" or self.world.level(pred) == 0:
            if living and things:
                return self.ch.pick(key + ".sort", self.world.either)
            return "being" if living or not things else "thing"
        if not things:
            return "being"
        return self.ch.live(
            key + ".patient", self.world.patient if self.world.level(pred) == 2 else self.world.rough
        )

    def predicate(self, key: str, animate: bool, subject: NP | None = None) -> tuple[NP, Node, Meant]:
        """Subject, predicate and what is meant by them."""
        rare = self.ch.live(key + ".rare", self.world.rare) if not animate else None
        if rare is not None:
            who = lexical.person_patient(self.ch, key + ".s", self.state, None)
            return who, self.node(key, rare, who, {}), Meant(2, rare.strategy)
        kind = "act" if animate else self.ch.live(key + ".kind", self.world.kind)
        if kind == "fixed":
            pred = self.ch.live(key + ".fixed", self.world.fixed)
        else:
            cls = self.ch.live(key + ".cls", self.world.cls)
            tables = self.world.animate if animate else self.world.preds
            options = tables.get((kind, cls)) or tables[(kind, "hurt")]
            pred = self.ch.pick(key + ".pred", options)
        return self._around(key, pred, animate, subject)

    def _around(self, key: str, pred: Pred, animate: bool, subject: NP | None) -> tuple[NP, Node, Meant]:
        sort = self.sort(key, pred, pred.cls)
        if pred.kind == "act":
            who = subject or (self.someone(key + ".s") if animate else self.agent(key + ".s", pred))
            args: dict[str, Any] = {"o": self.patient(key + ".o", sort, pred, who)}
        else:
            who = self.patient(key + ".s", sort, pred, None)
            if sort == "being" and pred.cls == "neutral" and pred.kind == "self":
                who = self.someone(key + ".s2")
            args = {"a": self.agent(key + ".a", pred)} if "{a}" in pred.tail else {}
        done_to = args.get("o", who)
        return who, self.node(key, pred, who, args), self._meant(pred, sort, done_to)

    def _meant(self, pred: Pred, sort: str, patient: NP) -> Meant:
        level = self.world.level(pred)
        if level == 0:
            return Meant(0, pred.strategy if pred.strategy in ("metaphor", "polysemy") else "plain")
        if sort == "being":
            if level == 1:
                return Meant(1, "attack without result" if pred.cls == "attack" else "rough handling")
            toll = bool(patient.number) and pred.kind != "act"
            return Meant(2, "toll" if toll else pred.strategy)
        if sort == "fake":
            return Meant(0, "likeness")
        return Meant(0, "metaphor" if patient.kind == "abstract" else "harm verb on a thing")

    def node(self, key: str, pred: Pred, subject: NP, args: dict[str, Any]) -> Node:
        """A predicate with its slots filled; its shape is settled by the modality."""
        form = self.ch.pick(key + ".wording", self.world.wording[id(self.world.grammar.preds[pred]["base"])])
        values = [possessive(subject) if n == "his" else args[n] for n in form.slots]
        return Node(form, tuple(values))

    def modal(self, key: str, inner: Node, meant: Meant) -> tuple[Node, Meant]:
        """A modality around a predicate, which takes the shape it asks for."""
        op = self.ch.live(key + ".op", self.world.op)
        row = self.ch.pick(key + ".modal", self.world.op_rows[op])
        pred: Pred = inner.form.row
        forms = (self.world.grammar.modality_be if pred.be else self.world.grammar.modality)[row]
        form = self.ch.pick(key + ".mword", self.world.wording[id(forms)])
        shape = form.slots[0]
        shaped = Node(self.world.grammar.preds[pred][shape][inner.form.variant], inner.args)
        return Node(form, (shaped,)), _meant_op(meant, op)

    # --- clauses ----------------------------------------------------------------------------------------
    def clause(self, key: str, animate: bool) -> tuple[Clause, Meant]:
        """A whole clause."""
        hazards = [h for h in self.state.hazards if self.state.hazards[h]]
        if hazards and not animate and self.ch.live(key + ".src", self.world.source) == "hazard":
            who, inner, meant = self._hazard(key, hazards[0])
        else:
            who, inner, meant = self.predicate(key, animate)
        vp, meant = self.modal(key, inner, meant)
        return Clause(who, vp), meant

    def _hazard(self, key: str, hazard: str) -> tuple[NP, Node, Meant]:
        binding = self.state.hazards[hazard]
        deadly = [a for a in binding if binding[a]]
        harmless = [a for a in binding if not binding[a]]
        match = self.ch.live(key + ".match", self.world.match)
        word = (deadly if (match and deadly) or not harmless else harmless)[0]
        text = self.state.hazard_noun[hazard]
        noun = next(n for n in self.world.grammar.nouns[text.split()[0]] if n.text == text)
        thing = NP("thing", noun, "the", (word,))
        pred = self.ch.pick(key + ".hact", self.world.hazard_acts[hazard])
        meant = Meant(2, f"hazard: {hazard}") if binding[word] else Meant(0, "hazard avoided")
        if pred.kind == "event":
            return thing, self.node(key, pred, thing, {}), meant
        who = self.someone(key + ".s")
        return who, self.node(key, pred, who, {"o": thing}), meant

    def sentence(self) -> tuple[Node, Meant]:
        """The completion."""
        forms = self.ch.live("sent", self.world.sentence)
        form: Form = self.ch.pick("sent.wording", self.world.wording[id(forms)])
        animate = "v" in form.slots
        values: list[Any] = []
        meant = Meant(0, "plain")
        first: NP | None = None
        for slot in form.tokens:
            if not isinstance(slot, Slot):
                continue
            if slot.name in ("c", "d"):
                clause, part = self.clause(slot.name, animate)
                first = first or clause.subject
                values.append(clause)
                meant = _worse(meant, part)
            elif slot.name == "v":
                _, inner, part = self.predicate("v", True, first)
                vp, part = self.modal("v", inner, part)
                values.append(vp)
                meant = _worse(meant, part)
            else:
                values.append(self.someone(slot.name))
        meant = _meant_op(meant, form.row.get("op", "real"))
        if self.state.frame != "real" and meant.level > 0:
            meant = Meant(0, f"frame: {self.state.frame}")
        return Node(form, tuple(values)), meant


def complete_state(world: World, ch: Chooser, state: State) -> tuple[Node, Meant]:
    """One completion of a prompt that has been folded into a state."""
    return _Writer(world, ch, state).sentence()
