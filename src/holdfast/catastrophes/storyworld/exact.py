"""Exact probabilities: the rate, the strata of all harm, and the probability of a given snippet.

The verdict depends on few choices (the live ones). A clause is enumerated once, whatever the prompt; a
sentence combines the outcomes of its clauses; so the whole distribution takes well under a second.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from holdfast.catastrophes.storyworld.choose import ForcedSampler, Sampler, Table, enumerate_live
from holdfast.catastrophes.storyworld.complete import Meant, Writer, complete_state, sentence_meaning
from holdfast.catastrophes.storyworld.dials import World, load_world
from holdfast.catastrophes.storyworld.realise import sentence
from holdfast.catastrophes.storyworld.source import record
from holdfast.catastrophes.storyworld.story import prompt
from holdfast.catastrophes.storyworld.world import State, fold
from holdfast.types import Draw, Snippet, Stratum

__all__ = ["Rates", "marginal", "sample_stratum", "strata"]

Outcomes = dict[Meant, float]
Answers = dict[str, Any]
Parts = tuple[tuple[str, str, Meant], ...]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Exact rates of natural snippets under a preset."""

    catastrophic: float
    borderline: float
    safe: float
    strategies: dict[str, float]
    """Strategy -> probability, for catastrophic snippets."""
    lookalikes: dict[str, float]
    """The same for all others."""
    hazard_share: float
    """Share of all catastrophes that only the prompt's hazard makes so."""
    paths: int
    """Combinations of live choices that were walked."""
    seconds: float
    """CPU seconds taken."""


@dataclass(frozen=True)
class _Clauses:
    """Live paths of one kind of clause, by what they mean."""

    outcomes: Outcomes
    paths: dict[Meant, Table[Answers]]
    count: int


@dataclass(frozen=True)
class _Setting:
    """A class of prompts that completions cannot tell apart by their live choices."""

    prob: float
    answers: Answers
    """Live choices of the prompt."""
    frame: str
    hazard: str


def _clauses(walk: Iterator[tuple[float, Answers, Meant]]) -> _Clauses:
    groups: dict[Meant, list[tuple[Answers, float]]] = defaultdict(list)
    count = 0
    for prob, answers, meant in walk:
        count += 1
        if prob > 0:
            groups[meant].append((answers, prob))
    outcomes = {m: sum(p for _, p in rows) for m, rows in groups.items()}
    return _Clauses(outcomes, {m: Table(rows) for m, rows in groups.items()}, count)


class Exact:
    """The live choices of one world, walked once."""

    def __init__(self, world: World) -> None:
        """Walk clauses and prompts."""
        self.world = world
        self.settings = list(_settings(world))
        plain = next(s for s in self.settings if not s.hazard and s.frame == "real")
        state = self.state(plain)
        self.general = self._walk(state, "c", animate=False)
        self.animate = self._walk(state, "c", animate=True)
        self.verbs = _clauses(
            enumerate_live(lambda ch: Writer(world, ch, state).verb("v", state.people[0])[1])
        )
        self.hazards = {
            s.hazard: self._walk(self.state(s), "c", animate=False, forced={"c.src": "hazard"})
            for s in self.settings
            if s.hazard
        }

    def state(self, setting: _Setting) -> State:
        """Some state of this setting."""
        ch = ForcedSampler(0)
        ch.forced = setting.answers
        return fold(prompt(self.world, ch))

    def _walk(self, state: State, key: str, *, animate: bool, forced: Answers | None = None) -> _Clauses:
        def run(ch: Any) -> Meant:
            return Writer(self.world, ch, state).clause(key, animate)[1]

        return _clauses(enumerate_live(run, forced))

    def combinations(self, setting: _Setting) -> Iterator[tuple[float, Any, Parts, Meant]]:
        """(probability, sentence row, (slot, source, meaning) of each clause, meaning of the whole)."""
        table = self.world.sentence
        for forms, row_prob in zip(table.items, table.probs, strict=True):
            slots = [n for n in forms[0].slots if n in ("c", "d", "v")]
            op = forms[0].row.get("op", "real")
            for prob, parts in self._parts(slots, setting.hazard, "v" in slots):
                meant = sentence_meaning([m for _, _, m in parts], op, setting.frame)
                yield row_prob * prob, forms, parts, meant

    def _parts(
        self, slots: list[str], hazard: str, animate: bool, acted: bool = False
    ) -> Iterator[tuple[float, Parts]]:
        if not slots:
            yield 1.0, ()
            return
        name, rest = slots[0], slots[1:]
        for source, share, group in self._groups(name, hazard, animate, acted):
            for meant, prob in group.outcomes.items():
                for other, parts in self._parts(rest, hazard, animate, acted or source == "hazard"):
                    yield share * prob * other, ((name, source, meant), *parts)

    def _groups(
        self, name: str, hazard: str, animate: bool, acted: bool
    ) -> list[tuple[str, float, _Clauses]]:
        if name == "v":
            return [("verb", 1.0, self.verbs)]
        if animate:
            return [("animate", 1.0, self.animate)]
        if not hazard or acted:
            return [("general", 1.0, self.general)]
        share = self.world.dials.act
        return [("hazard", share, self.hazards[hazard]), ("general", 1 - share, self.general)]

    def paths(self, source: str, hazard: str) -> dict[Meant, Table[Answers]]:
        """The live paths of one source of clauses."""
        named = {"verb": self.verbs, "animate": self.animate, "general": self.general}
        return (self.hazards[hazard] if source == "hazard" else named[source]).paths


def _settings(world: World) -> Iterator[_Setting]:
    """The classes of prompts, with their probabilities."""
    for prob, answers, nodes in enumerate_live(partial(prompt, world)):
        state = fold(nodes)
        yield _Setting(prob, answers, state.frame, next(iter(state.hazards), ""))


@cache
def _exact(preset: str) -> Exact:
    return Exact(load_world(preset))


def _classes(exact: Exact) -> list[list[_Setting]]:
    """Settings that differ by the name of their hazard only: one of each class is walked for all."""
    out: dict[tuple[str, bool], list[_Setting]] = defaultdict(list)
    for setting in exact.settings:
        out[(setting.frame, bool(setting.hazard))].append(setting)
    return list(out.values())


def _rename(strategy: str, first: _Setting, setting: _Setting) -> str:
    return f"hazard: {setting.hazard}" if first.hazard and strategy == f"hazard: {first.hazard}" else strategy


@cache
def marginal(preset: str = "demo") -> Rates:
    """Exact rates of a natural snippet: in total, by strategy, and how much of the harm the prompt makes."""
    start = time.process_time()
    exact = _exact(preset)
    levels = [0.0, 0.0, 0.0]
    harm: dict[str, float] = defaultdict(float)
    rest: dict[str, float] = defaultdict(float)
    paths = exact.general.count + exact.animate.count + exact.verbs.count
    for settings in _classes(exact):
        found: dict[Meant, float] = defaultdict(float)
        for prob, _, _, meant in exact.combinations(settings[0]):
            paths += len(settings)
            found[meant] += prob
        for setting in settings:
            for meant, prob in found.items():
                levels[meant.level] += setting.prob * prob
                name = _rename(meant.strategy, settings[0], setting)
                (harm if meant.level == 2 else rest)[name] += setting.prob * prob
    hazard = sum(p for name, p in harm.items() if name.startswith("hazard"))
    return Rates(
        catastrophic=levels[2],
        borderline=levels[1],
        safe=levels[0],
        strategies=dict(sorted(harm.items(), key=lambda x: -x[1])),
        lookalikes=dict(sorted(rest.items(), key=lambda x: -x[1])),
        hazard_share=hazard / levels[2],
        paths=paths,
        seconds=time.process_time() - start,
    )


def _shape(parts: Parts, op: str) -> str:
    """How the harm is wrapped: alone, first or second of two clauses, or under words that introduce it."""
    if op != "real":
        return "wrapped"
    if len(parts) == 1:
        return "alone"
    harmful = [i for i, (_, _, m) in enumerate(parts) if m.level == 2]
    return "both clauses" if len(harmful) == 2 else ("first clause", "second clause")[harmful[0]]


Combination = tuple[Table[_Setting], Any, Parts]


@cache
def _groups(preset: str) -> dict[str, tuple[float, Table[Combination]]]:
    """Stratum -> probability and the combinations in it."""
    exact = _exact(preset)
    rows: dict[str, list[tuple[Combination, float]]] = defaultdict(list)
    for settings in _classes(exact):
        first, total = settings[0], sum(s.prob for s in settings)
        every = Table([(s, s.prob) for s in settings])
        single = [Table([(s, 1.0)]) for s in settings]
        for prob, forms, parts, meant in exact.combinations(first):
            if meant.level < 2 or prob == 0:
                continue
            shape = _shape(parts, forms[0].row.get("op", "real"))
            if first.hazard and meant.strategy == f"hazard: {first.hazard}":
                for s, table in zip(settings, single, strict=True):
                    rows[f"hazard: {s.hazard} / {shape}"].append(((table, forms, parts), s.prob * prob))
            else:
                rows[f"{meant.strategy} / {shape}"].append(((every, forms, parts), total * prob))
    out = {name: (sum(p for _, p in found), Table(found)) for name, found in rows.items()}
    return dict(sorted(out.items(), key=lambda x: -x[1][0]))


def _for(meant: Meant, setting: _Setting, world: World) -> Meant:
    """What an outcome found for one hazard is for the hazard of this setting."""
    severity = world.hazard_severity[setting.hazard] if meant.level else 0
    name = f"hazard: {setting.hazard}" if meant.strategy.startswith("hazard: ") else meant.strategy
    return Meant(meant.level, severity, name)


def _conditional(preset: str, name: str, n: int, seed: int) -> list[Draw]:
    exact = _exact(preset)
    _, table = _groups(preset)[name]
    choose = Sampler(f"{seed}:stratum:{name}")
    ch = ForcedSampler(f"{seed}:stratum words:{name}")
    out: list[Draw] = []
    for _ in range(n):
        settings, forms, parts = choose.pick("combination", table)
        setting = choose.pick("setting", settings)
        forced: Answers = {**setting.answers, "sent": forms}
        for slot, source, meant in parts:
            wanted = _for(meant, setting, exact.world) if source == "hazard" else meant
            answers = choose.pick(slot, exact.paths(source, setting.hazard)[wanted])
            forced.update({slot + k[1:]: v for k, v in answers.items()})
            if slot != "v" and setting.hazard:
                forced[slot + ".src"] = source
        ch.forced = forced
        nodes = prompt(exact.world, ch)
        node, made = complete_state(exact.world, ch, fold(nodes))
        text = Snippet(prompt=" ".join(sentence(x) for x in nodes), completion=sentence(node))
        out.append(Draw(snippet=text, judgement=record(made)))
    return out


def strata(preset: str = "demo") -> list[Stratum]:
    """Strata of all catastrophic snippets, the commonest first: one for each strategy and way to wrap it.

    Every draw of every stratum is CATASTROPHIC, and the probabilities add up to
    `marginal(preset).catastrophic`: P(harm and accepted) = sum over strata of P(stratum) times acceptance.
    """
    return [
        Stratum(name=name, probability=prob, sample=_drawer(preset, name))
        for name, (prob, _) in _groups(preset).items()
    ]


def _drawer(preset: str, name: str) -> Callable[[int, int], list[Draw]]:
    return partial(_conditional, preset, name)


def sample_stratum(stratum: Stratum, n: int, seed: int) -> list[Draw]:
    """`n` independent draws given the stratum."""
    return stratum.sample(n, seed)
