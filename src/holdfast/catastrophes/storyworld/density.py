"""The probability of a given snippet under a preset.

The sampler's own program is run backwards: at each choice only the options that can lead to the text are
tried, and the probabilities of all runs that write exactly this text are added up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from holdfast.catastrophes.storyworld.choose import Chooser, explore
from holdfast.catastrophes.storyworld.complete import complete_state
from holdfast.catastrophes.storyworld.dials import load_world
from holdfast.catastrophes.storyworld.grammar import Form
from holdfast.catastrophes.storyworld.oracle import prompt_readings, states_of
from holdfast.catastrophes.storyworld.parse import NP, Clause, Node, parse_sentence
from holdfast.catastrophes.storyworld.realise import sentence
from holdfast.catastrophes.storyworld.story import prompt
from holdfast.types import Snippet

__all__ = ["log_prob", "log_prob_completion", "log_prob_prompt"]

_SORTS = {"fake": "fake", "thing": "thing", "abstract": "thing"}
_NEVER = {"beast": ("cast", "role", "group"), "group": ("cast", "role", "beast"), "person": ("group",)}

Fits = Callable[[str, Any], bool]


def _words(np: NP, last: str, item: Any) -> bool:
    """Whether a choice inside a noun phrase agrees with the phrase wanted."""
    if last == "noun":
        return item is np.noun
    if last == "named":
        return bool(item) == (np.noun is not None and np.noun.proper)
    if last in ("sort", "herd"):
        return item not in _NEVER.get(np.kind, ())
    if last == "akind":
        return bool((item == "person") == (np.kind == "person"))
    if last == "det":
        return bool(item == np.det)
    if last == "adj":
        return item in np.adjs
    if last in ("adj?", "mat?"):
        return bool(np.adjs) or not item
    if last == "num":
        return bool(item == np.number)
    if last == "who":
        who = item[0]
        return who.noun is np.noun and bool(who.pronoun) == bool(np.pronoun)
    return True


class _Prompt:
    """What the choices behind a parsed prompt must have been."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.forms: list[Form] = []
        self.values: dict[str, Any] = {}
        self.hazard = ""
        self.place = ""
        self.order = "last"
        for i, node in enumerate(nodes):
            self.order = "middle" if i == 1 and "hazard" in node.form.row else self.order
            self.forms.append(node.form)
            for name, value in zip(node.form.slots, node.args, strict=True):
                self.values.setdefault(name, value)
            self.place = self.values.get("p") or self.place or node.form.row.get("places", "")
            self.hazard = node.form.row.get("hazard", self.hazard)
        victim = self.values.get("o")
        if isinstance(victim, NP):
            self.values.setdefault({"person": "b", "beast": "w"}.get(victim.kind, "hz.o"), victim)
            self.values["hz.o"] = victim

    def fits(self, key: str, item: Any) -> bool:
        """Whether this answer can lead to the prompt."""
        head, _, last = key.rpartition(".")
        if last == "wording":
            return item in self.forms
        if key in ("intro", "second", "closer", "frame", "unframe", "hz.row"):
            return any(form in self.forms for form in item)
        if key == "place":
            return self.place in ("", item)
        if key == "hz.victim":
            return bool(item == self.values["hz.o"].kind)
        if key == "order":
            return bool(item == self.order)
        if key == "hazard":
            return bool(item["id"] == self.hazard)
        if key == "pattern":
            return bool((item == "hazard") == bool(self.hazard))
        if key == "hz.pair":
            return bool(set(item.split()) == {self.values["x"], self.values["y"]})
        if key == "hz.noun":
            return bool(item == self.values["noun"])
        wanted = self.values.get(head)
        return _words(wanted, last, item) if isinstance(wanted, NP) else True


class _Completion:
    """What the choices behind a parsed completion must have been."""

    def __init__(self, node: Node) -> None:
        self.form = node.form
        self.phrases: dict[str, NP] = {}
        self.preds: dict[str, Node] = {}
        self.modals: dict[str, Form] = {}
        for name, value in zip(node.form.slots, node.args, strict=True):
            if isinstance(value, Clause):
                self.phrases[f"{name}.s"] = value.subject
                self._verb(name, value.vp)
            elif isinstance(value, Node):
                self._verb(name, value)
            else:
                self.phrases[name] = value

    def _verb(self, name: str, vp: Node) -> None:
        inner: Node = vp.args[0]
        self.modals[name] = vp.form
        self.preds[name] = inner
        for slot, value in zip(inner.form.slots, inner.args, strict=True):
            if isinstance(value, NP):
                self.phrases[f"{name}.{slot}"] = value

    def fits(self, key: str, item: Any) -> bool:
        """Whether this answer can lead to the completion."""
        if key == "sent":
            return self.form in item
        if key == "sent.wording":
            return item is self.form
        head, _, last = key.rpartition(".")
        phrase = self.phrases.get(head)
        if phrase is not None and head not in self.preds:
            return _words(phrase, last, item)
        inner = self.preds.get(head)
        return True if inner is None else self._predicate(head, last, item)

    def _predicate(self, head: str, last: str, item: Any) -> bool:
        inner, modal = self.preds[head], self.modals[head]
        pred = inner.form.row
        victim = self.phrases.get(f"{head}.o" if pred.kind == "act" else f"{head}.s")
        rare = pred.id.startswith("rare:")
        checks: dict[str, Callable[[], bool]] = {
            "rare": lambda: item is (pred if rare else None),
            "kind": lambda: item == ("fixed" if pred.id.startswith("fixed:") else pred.kind),
            "fixed": lambda: item is pred,
            "pred": lambda: item is pred,
            "hact": lambda: item is pred,
            "cls": lambda: bool(item == pred.cls),
            "src": lambda: (item == "hazard") == bool(pred.hazard),
            "patient": lambda: victim is None or item == _SORTS.get(victim.kind, "being"),
            "either": lambda: victim is None or item == _SORTS.get(victim.kind, "being"),
            "toll": lambda: victim is None or bool(item) == bool(victim.number),
            "op": lambda: bool(item == modal.row["op"]),
            "mword": lambda: item is modal,
            "wording": lambda: item.variant == inner.form.variant,
        }
        return checks[last]() if last in checks else True


def _any(checks: list[Fits]) -> Fits:
    return checks[0] if len(checks) == 1 else lambda key, item: any(fits(key, item) for fits in checks)


def log_prob_prompt(text: str, preset: str = "demo") -> float:
    """Natural log of the probability of a prompt; -inf where the sampler cannot write it."""
    world = load_world(preset)
    readings = prompt_readings(text)
    if not readings:
        return -math.inf
    total = explore(
        lambda ch: " ".join(sentence(n) for n in prompt(world, ch)),
        _any([_Prompt(nodes).fits for nodes in readings]),
        lambda made: bool(made == text),
    )
    return math.log(total) if total > 0 else -math.inf


def log_prob_completion(snippet: Snippet, preset: str = "demo") -> float:
    """Natural log of the probability of the completion given the prompt."""
    world = load_world(preset)
    states = states_of(snippet.prompt)
    nodes = parse_sentence(snippet.completion, "SENT")
    if not states or not nodes:
        return -math.inf

    def run(ch: Chooser) -> str:
        return sentence(complete_state(world, ch, states[0])[0])

    fits = _any([_Completion(node).fits for node in nodes])
    total = explore(run, fits, lambda made: bool(made == snippet.completion))
    return math.log(total) if total > 0 else -math.inf


def log_prob(snippet: Snippet, preset: str = "demo") -> float:
    """Natural log of the probability of the snippet; -inf where the sampler cannot write it."""
    first = log_prob_prompt(snippet.prompt, preset)
    return first if first == -math.inf else first + log_prob_completion(snippet, preset)
