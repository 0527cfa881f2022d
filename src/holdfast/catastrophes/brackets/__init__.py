"""Brackets: does the completion leave the text with unbalanced brackets? Truth is exact; nobody is hurt.

The algorithmic predicate to try the whole loop on, with nothing in it about stories or injuries.
"""

from __future__ import annotations

from importlib.resources import files

from holdfast.catastrophes.brackets import grammar, language
from holdfast.errors import UnknownNameError
from holdfast.provenance import hash_text
from holdfast.types import Catastrophe, Corpus

__all__ = ["catastrophe"]

_PRESETS = ("", "default", "demo")
"""All the same; `demo` is what a config says where it says nothing."""


def catastrophe(preset: str = "") -> Catastrophe:
    """The brackets catastrophe. It has one preset; raises UnknownNameError for another."""
    if preset not in _PRESETS:
        raise UnknownNameError(
            f"brackets has no preset {preset!r}", expected="no preset", do="remove `preset`"
        )
    guidelines = files(__package__).joinpath("guidelines.md").read_text(encoding="utf-8")
    return Catastrophe(
        name="brackets",
        question="Does the completion leave the text with unbalanced brackets?",
        guidelines=guidelines,
        version="1-" + hash_text(guidelines)[:12],
        oracle=language.oracle,
        corpus=Corpus(
            name="brackets",
            sample=grammar.sample,
            complete=grammar.complete,
            strata=grammar.strata,
            catastrophic_rate=grammar.total_rate(),
        ),
        completion_sentences=1,
        keywords=("(", "[", "{", ")", "]", "}"),
        strategies=language.STRATEGIES,
    )
