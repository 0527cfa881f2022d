"""Templates to forms: `(a|b)` choices expanded, slots typed, indexed for sampling and for parsing."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from holdfast.catastrophes.storyworld.tables import Noun, Pred, Tables, load_tables
from holdfast.catastrophes.storyworld.trie import Trie

__all__ = ["PRED_FORMS", "Form", "Grammar", "Slot", "expand", "load_grammar"]

PRED_FORMS: tuple[str, ...] = ("base", "past", "pp", "ing", "part")
"""The shapes in which a predicate is written; `part` is what follows "was"."""

_TYPES: dict[str, str] = {
    "o": "obj", "a": "obj", "s": "subj", "c": "CL", "d": "CL", "v": "VP", "m": "subj", "b": "subj",
    "w": "subj", "t": "obj", "u": "obj", "k": "obj", "p": "place", "x": "attr", "y": "attr", "noun": "noun",
    "n": "num", "his": "poss", "base": "base", "past": "past", "pp": "pp", "ing": "ing", "part": "part",
}  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """A hole in a template: `{name}` or `{name.attribute}`."""

    name: str
    type: str
    attribute: str = ""


@dataclass(frozen=True, eq=False)
class Form:
    """One expanded wording of a row."""

    nt: str
    row: Any
    """The Pred, or the table of the data file, that it words."""
    tokens: tuple[str | Slot, ...]
    slots: tuple[str, ...]
    """Names of the slots that carry values, in order."""
    share: float
    """Probability of this wording given its row (and, for predicates, its shape)."""
    variant: int = 0


def _tokens(text: str) -> tuple[str | Slot, ...]:
    out: list[str | Slot] = []
    for word in text.split():
        if word.startswith("{"):
            name, _, attribute = word[1:-1].partition(".")
            out.append(Slot(name, "pron" if attribute else _TYPES[name], attribute))
        else:
            out.append(word)
    return tuple(out)


def expand(text: str) -> list[tuple[str | Slot, ...]]:
    """All wordings of a template: every `(a|b|)` group multiplied out, in order."""
    parts = re.split(r"\(([^()]*)\)", text)
    groups = [p.split("|") if i % 2 else [p] for i, p in enumerate(parts)]
    return [_tokens(" ".join(combo)) for combo in itertools.product(*groups)]


def _forms(nt: str, row: Any, text: str) -> list[Form]:
    variants = expand(text)
    share = 1.0 / len(variants)
    return [
        Form(nt, row, v, tuple(t.name for t in v if isinstance(t, Slot)), share, i)
        for i, v in enumerate(variants)
    ]


@dataclass(frozen=True, eq=False)
class Grammar:
    """The compiled grammar."""

    tables: Tables
    preds: dict[Pred, dict[str, list[Form]]]
    """Predicate -> shape -> wordings (parallel across shapes)."""
    modality: list[list[Form]]
    """Wordings of each modality row; `modality_be` those for predicates with a form of be."""
    modality_be: list[list[Form]]
    sentences: list[list[Form]]
    prompts: list[list[Form]]
    hazards: dict[str, list[list[Form]]]
    tries: dict[str, Trie]
    nouns: dict[str, list[Noun]]
    """First word -> nouns that begin with it, longest first."""
    names: dict[str, Noun]
    hazard_nouns: dict[str, frozenset[str]]


def _rare(tables: Tables) -> list[Pred]:
    out = []
    for i, text in enumerate(tables.raw["rare"]["forms"]):
        heads = dict(zip(("base", "past", "pp", "ing"), text.strip("[]").split("|"), strict=True))
        name = re.sub(r"\{his\} ", "", heads["base"])
        out.append(
            Pred(f"rare:{name}", "self", "kill", heads, strategy=f"euphemism: {name}", rank=i,
                 patients=frozenset({"being"}), be=heads["base"].startswith("be "))
        )  # fmt: skip
    return out


def _pred_forms(pred: Pred) -> dict[str, list[Form]]:
    out = {k: _forms(k, pred, f"{h} {pred.tail}") for k, h in pred.heads.items()}
    if pred.be:
        out["part"] = _forms("part", pred, pred.heads["past"].removeprefix("was ") + " " + pred.tail)
    return out


def _hazard_forms(rows: list[dict[str, Any]]) -> dict[str, list[list[Form]]]:
    return {
        r["id"]: [
            _forms("PROMPT", {"role": "hazard", "hazard": r["id"], "kind": r["kind"], **({})}, text)
            for text in r["state"]
        ]
        for r in rows
    }


def _all_nouns(tables: Tables) -> tuple[dict[str, list[Noun]], dict[str, frozenset[str]]]:
    nouns: dict[str, list[Noun]] = {}
    known = {n.text for n in tables.nouns}
    every = list(tables.nouns)
    hazard_nouns: dict[str, frozenset[str]] = {}
    for row in tables.raw["hazards"]["hazard"]:
        words = row["nouns"].split()
        hazard_nouns[row["id"]] = frozenset(w.replace("_", " ") for w in words)
        for w in words:
            if w.replace("_", " ") not in known:
                known.add(w.replace("_", " "))
                every.append(Noun(tuple(w.split("_")), "thing", "tool"))
    for noun in every:
        nouns.setdefault(noun.words[0], []).append(noun)
    for group in nouns.values():
        group.sort(key=lambda n: -len(n.words))
    return nouns, hazard_nouns


@lru_cache(maxsize=1)
def load_grammar() -> Grammar:
    """Compile the data files once."""
    tables = load_tables()
    raw = tables.raw
    preds = {p: _pred_forms(p) for p in (*tables.preds, *_rare(tables))}
    modality = [_forms("VP", r, r["text"]) for r in raw["modality"]["modality"]]
    modality_be = [
        _forms("VP", r, r["be"]) if "be" in r else plain
        for r, plain in zip(raw["modality"]["modality"], modality, strict=True)
    ]
    sentences = [_forms("SENT", r, r["text"]) for r in raw["sentences"]["sentence"]]
    prompts = [_forms("PROMPT", r, r["text"]) for r in raw["prompts"]["prompt"]]
    hazards = _hazard_forms(raw["hazards"]["hazard"])
    tries = {nt: Trie() for nt in (*PRED_FORMS, "VP", "SENT", "PROMPT")}
    for shapes in preds.values():
        for shape, forms in shapes.items():
            for form in forms:
                tries[shape].add(form)
    for forms in (
        *modality,
        *(f for f, r in zip(modality_be, raw["modality"]["modality"], strict=True) if "be" in r),
    ):
        for form in forms:
            tries["VP"].add(form)
    for nt, lists in (("SENT", sentences), ("PROMPT", prompts), *(("PROMPT", h) for h in hazards.values())):
        for forms in lists:
            for form in forms:
                tries[nt].add(form)
    nouns, hazard_nouns = _all_nouns(tables)
    names = {n.words[0]: n for n in tables.names}
    return Grammar(
        tables, preds, modality, modality_be, sentences, prompts, hazards, tries, nouns, names, hazard_nouns
    )
