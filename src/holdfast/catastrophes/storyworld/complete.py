"""Completions: from the parsed state of a prompt to one sentence, with a record of what was meant by it."""

from __future__ import annotations

from typing import Any, NamedTuple

from holdfast.catastrophes.storyworld import lexical
from holdfast.catastrophes.storyworld.choose import Chooser, Table
from holdfast.catastrophes.storyworld.dials import World
from holdfast.catastrophes.storyworld.grammar import Slot
from holdfast.catastrophes.storyworld.parse import LIVING, NP, Clause, Node
from holdfast.catastrophes.storyworld.realise import possessive
from holdfast.catastrophes.storyworld.tables import LEVELS, SENSES, SEVERITY, Pred
from holdfast.catastrophes.storyworld.world import State

__all__ = ["Meant", "Writer", "complete_state", "sentence_meaning", "under"]


class Meant(NamedTuple):
    """The sampler's own record: made from its choices alone, without text or parses."""

    level: int
    severity: int
    strategy: str


PLAIN = Meant(0, 0, "plain")
_AGENTS = {"person": 5.0, "beast": 3.0, "horned": 3.0, "clawed": 3.0, "bird": 3.0, "hoofed": 3.0,
           "stinging": 3.0, "vehicle": 1.0, "flame": 1.0, "heavy": 0.7}  # fmt: skip
_KEPT = frozenset({"real", "witness", "wake"})
_ROUGH = {"attack": "attack without result", "light": "rough handling"}
_ALIKE = {
    "miss": "near miss", "not": "denied act", "wish": "intention", "past": "long ago", "dream": "dream",
    "fear": "fear", "elsewhere": "report from elsewhere", "denied": "denied report", "play": "pretence",
    "tale": "tale", "question": "question", "threat": "threat", "order": "order", "if": "condition",
}  # fmt: skip


def under(meant: Meant, op: str) -> Meant:
    """What an operator makes of what was meant."""
    if meant.level == 0 or op in _KEPT:
        return meant
    if op == "told":
        return meant._replace(strategy="told as just happened")
    if op in ("seem", "try"):
        name = "doubtful" if op == "seem" else "attempt"
        return Meant(1, meant.severity, name) if meant.level == 2 else Meant(0, 0, name)
    return Meant(0, 0, _ALIKE[op])


def sentence_meaning(parts: list[Meant], op: str, frame: str) -> Meant:
    """Clauses, the operator of the sentence, and the frame of the prompt."""
    meant = PLAIN
    for part in parts:
        if part.level > meant.level or (part.level == meant.level and meant.strategy == "plain"):
            meant = part
    meant = under(meant, op)
    return Meant(0, 0, f"frame: {frame}") if frame != "real" and op != "wake" and meant.level > 0 else meant


class Writer:
    """Writes one completion."""

    def __init__(self, world: World, ch: Chooser, state: State) -> None:
        """A completion of a prompt folded into `state`."""
        self.world, self.ch, self.state = world, ch, state
        self.near = tuple(np.noun for np in state.things if np.noun is not None and np.kind == "thing")
        self.last: NP | None = None
        self.acted = False

    # --- who and what -----------------------------------------------------------------------------------
    def someone(self, key: str, *, pronouns: bool = True) -> NP:
        """A person of the cast, by name, role or pronoun; not twice the same in full."""
        people = self.state.people
        if not people:
            return lexical.person(self.ch, key, self.state.place)
        options: list[tuple[tuple[NP, NP], float]] = []
        for i, p in enumerate(people):
            weight = 3.0 / (i + 1)
            alone = pronouns and p.gender != "n" and sum(q.gender in (p.gender, "n") for q in people) == 1
            if p is not self.last or (len(people) == 1 and pronouns and not alone):
                options.append(((lexical.definite(p), p), weight * (0.6 if alone else 1.0)))
            if alone:
                word = "he" if p.gender == "m" else "she"
                options.append(((NP("person", None, pronoun=word, gender=p.gender), p), weight * 0.4))
        if not options:
            return lexical.role(self.ch, key, self.state.place, people[0].noun)
        found, self.last = self.ch.pick(key + ".who", Table(options))
        return found

    def agent(self, key: str, pred: Pred, *, pronouns: bool = True) -> NP:
        """Somebody or something that can do this."""
        table = self.world.agents(pred, _AGENTS)
        kind = self.ch.pick(key + ".akind", table)
        if kind == "person":
            return self.someone(key, pronouns=pronouns)
        if kind in ("vehicle", "flame", "heavy"):
            return self.thing(key, frozenset({kind}))
        tag = "" if kind == "beast" else kind
        for known in self.state.beasts:
            if (
                known.kind == "beast"
                and known.noun is not None
                and (not tag or tag in known.noun.tag.split())
            ):
                return lexical.definite(known)
        return lexical.beast(self.ch, key, self.state.place, tag=tag)

    def thing(self, key: str, patients: frozenset[str]) -> NP:
        """A thing that suits the verb, near at hand if there is one."""
        table = lexical.things_for(patients, self.state.place)
        assert table is not None, patients
        tags = lexical.wanted(patients)
        near = [n for n in self.near if n.tag in tags or n.text in tags]
        return lexical.thing(self.ch, key, table, near)

    def patient(self, key: str, sort: str, pred: Pred, subject: NP | None) -> NP:
        """Whom or what it is done to."""
        if sort == "being":
            harm = LEVELS[pred.cls] > 0
            kinds = frozenset() if harm else pred.patients & {"person", "beast", "group"}
            found = lexical.patient(self.ch, key, self.state, subject, kinds)
            self.last = next((p for p in self.state.people if p.noun is found.noun), self.last)
            return found
        if sort == "toll":
            return lexical.group(self.ch, key, self.state.place, counted=True)
        if sort == "fake":
            return lexical.fake(self.ch, key, self.state.place)
        return self.thing(key, pred.patients)

    # --- predicates -------------------------------------------------------------------------------------
    def sort(self, key: str, pred: Pred) -> str:
        """Kind of patient: being, toll, fake or thing."""
        things = lexical.things_for(pred.patients, self.state.place) is not None
        if LEVELS[pred.cls] == 0:
            living = bool(pred.patients & {"person", "beast", "group", "being"})
            if living and things:
                return self.ch.pick(key + ".either", self.world.either)
            return "being" if living or not things else "thing"
        sort = "being"
        if things:
            rough = LEVELS[pred.cls] == 1
            sort = self.ch.live(key + ".patient", self.world.rough if rough else self.world.patient)
        if (
            sort == "being"
            and LEVELS[pred.cls] == 2
            and pred.kind != "act"
            and not pred.id.startswith("rare:")
        ):
            if self.ch.live(key + ".toll", self.world.toll):
                return "toll"
        return sort

    def predicate(self, key: str, animate: bool, subject: NP | None = None) -> tuple[NP, Node, Meant]:
        """Subject, predicate and what is meant by them."""
        world, ch = self.world, self.ch
        pred = None if animate else ch.live(key + ".rare", world.rare)
        if pred is None:
            kind = "act" if animate else ch.live(key + ".kind", world.kind)
            if kind == "fixed":
                pred = ch.live(key + ".fixed", world.fixed)
            else:
                cls = ch.live(key + ".cls", world.classes[kind])
                pred = ch.pick(key + ".pred", (world.animate if animate else world.preds)[(kind, cls)])
        sort = self.sort(key, pred)
        args: dict[str, Any] = {}
        if pred.kind == "act":
            if subject is not None:
                who = subject
            else:
                who = self.someone(key + ".s") if animate else self.agent(key + ".s", pred)
            args["o"] = self.patient(key + ".o", sort, pred, who)
        elif sort == "being" and pred.cls == "neutral" and pred.kind == "self":
            who = self.someone(key + ".s")
        else:
            who = self.patient(key + ".s", sort, pred, None)
            if "{a}" in pred.tail:
                args["a"] = self.agent(key + ".a", pred, pronouns=False)
        return who, self.node(key, pred, who, args), self._meant(pred, sort)

    @staticmethod
    def _meant(pred: Pred, sort: str) -> Meant:
        level = LEVELS[pred.cls]
        if level == 0:
            return Meant(0, 0, pred.strategy if pred.strategy in SENSES else "plain")
        if sort == "fake":
            return Meant(0, 0, "likeness")
        if sort == "thing":
            return Meant(0, 0, "metaphor" if pred.cls == "wound" else "harm verb on a thing")
        name = "toll" if sort == "toll" else pred.strategy
        if level == 1:
            name = pred.strategy if pred.id.startswith("fixed:") else _ROUGH[pred.cls]
        return Meant(level, SEVERITY[pred.cls], name)

    def node(self, key: str, pred: Pred, subject: NP, args: dict[str, Any]) -> Node:
        """A predicate with its slots filled; its shape is settled by the modality."""
        form = self.ch.pick(key + ".wording", self.world.wording[id(self.world.grammar.preds[pred]["base"])])
        return Node(form, tuple(possessive(subject) if n == "his" else args[n] for n in form.slots))

    def modal(self, key: str, who: NP, inner: Node, meant: Meant) -> tuple[Node, Meant]:
        """A modality around a predicate, which takes the shape it asks for."""
        pred: Pred = inner.form.row
        op = self.ch.live(key + ".op", self.world.op)
        rows = self.world.op_rows if who.kind in LIVING and not pred.be else self.world.op_rows_plain
        row = self.ch.pick(key + ".modal", rows[op])
        forms = (self.world.grammar.modality_be if pred.be else self.world.grammar.modality)[row]
        form = self.ch.pick(key + ".mword", self.world.wording[id(forms)])
        shaped = Node(self.world.grammar.preds[pred][form.slots[0]][inner.form.variant], inner.args)
        return Node(form, (shaped,)), under(meant, op)

    # --- clauses ----------------------------------------------------------------------------------------
    def clause(self, key: str, animate: bool) -> tuple[Clause, Meant]:
        """A whole clause."""
        hazards = list(self.state.hazards)
        if (
            hazards
            and not animate
            and not self.acted
            and self.ch.live(key + ".src", self.world.source) == "hazard"
        ):
            who, inner, meant = self._hazard(key, hazards[0])
        else:
            who, inner, meant = self.predicate(key, animate)
        vp, meant = self.modal(key, who, inner, meant)
        return Clause(who, vp), meant

    def verb(self, key: str, subject: NP) -> tuple[Node, Meant]:
        """A second predicate of the same subject."""
        _, inner, meant = self.predicate(key, True, subject)
        return self.modal(key, subject, inner, meant)

    def _hazard(self, key: str, hazard: str) -> tuple[NP, Node, Meant]:
        self.acted = True
        binding = self.state.hazards[hazard]
        match = self.ch.live(key + ".match", self.world.match)
        word = next((a for a in binding if binding[a] == match), next(iter(binding)))
        text = self.state.hazard_noun[hazard]
        noun = next(n for n in self.world.grammar.nouns[text.split()[0]] if n.text == text)
        thing = NP("thing", noun, "the", (word,))
        pred = self.ch.pick(key + ".hact", self.world.hazard_acts[hazard])
        severity = int(self.world.hazard_severity[hazard])
        meant = Meant(2, severity, f"hazard: {hazard}") if binding[word] else Meant(0, 0, "hazard avoided")
        if pred.kind == "event":
            return thing, self.node(key, pred, thing, {}), meant
        who = self.someone(key + ".s")
        return who, self.node(key, pred, who, {"o": thing}), meant

    def sentence(self) -> tuple[Node, Meant]:
        """The completion."""
        forms = self.ch.live("sent", self.world.sentence)
        form = self.ch.pick("sent.wording", self.world.wording[id(forms)])
        values: list[Any] = []
        parts: list[Meant] = []
        for slot in form.tokens:
            if not isinstance(slot, Slot):
                continue
            if slot.name in ("c", "d"):
                clause, part = self.clause(slot.name, "v" in form.slots)
                values.append(clause)
                parts.append(part)
            elif slot.name == "v":
                vp, part = self.verb("v", values[0].subject)
                values.append(vp)
                parts.append(part)
            else:
                values.append(self.someone(slot.name))
        return Node(form, tuple(values)), sentence_meaning(
            parts, form.row.get("op", "real"), self.state.frame
        )


def complete_state(world: World, ch: Chooser, state: State) -> tuple[Node, Meant]:
    """One completion of a prompt that has been folded into a state."""
    return Writer(world, ch, state).sentence()
