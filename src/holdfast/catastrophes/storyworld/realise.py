"""Derivations to text: noun phrases, agreement, articles, capitals, quotes."""

from __future__ import annotations

from typing import Any

from holdfast.catastrophes.storyworld.grammar import Slot, load_grammar
from holdfast.catastrophes.storyworld.parse import NP, Clause, Node

__all__ = ["article", "noun_phrase", "possessive", "sentence"]

_HIS = {"m": "his", "f": "her", "n": "its"}
_NO_AN = ("uni", "one", "use", "euro", "ewe")


def article(word: str) -> str:
    """`a` or `an` before this word."""
    w = word.lower()
    return "an" if w[:1] in "aeiou" and not w.startswith(_NO_AN) or w.startswith(("hour", "heir")) else "a"


def noun_phrase(np: NP, case: str = "obj") -> list[str]:
    """The words of a noun phrase."""
    if np.noun is None:
        if case == "subj":
            return [np.pronoun]
        return ["him" if np.pronoun == "he" else "her"]
    if np.noun.proper:
        return [np.noun.words[0].capitalize()]
    out: list[str] = []
    if np.owner is not None:
        out.extend(noun_phrase(np.owner, "subj"))
        out[-1] += "'s"
    elif np.det:
        out.append(np.det)
    if np.number:
        out.append(np.number)
    out.extend(np.adjs)
    out.extend(np.noun.words)
    return out


def possessive(np: NP | None) -> str:
    """his, her, its or their, after its owner."""
    if np is None:
        return "his"
    if np.plural:
        return "their"
    if np.kind == "person" and np.gender == "n":
        return "their"
    return _HIS[np.gender]


def _walk(node: Node, subject: NP | None, out: list[str]) -> None:
    args = iter(node.args)
    for token in node.form.tokens:
        if not isinstance(token, Slot):
            out.append("were" if token == "was" and subject is not None and subject.plural else token)
            continue
        value: Any = next(args)
        if isinstance(value, NP):
            out.extend(noun_phrase(value, token.type))
        elif isinstance(value, Clause):
            out.extend(noun_phrase(value.subject, "subj"))
            _walk(value.vp, value.subject, out)
            subject = subject or value.subject
        elif isinstance(value, Node):
            _walk(value, subject, out)
        elif token.type == "place":
            out.append(load_grammar().tables.places[value])
        else:
            out.append(str(value))


def _join(words: list[str]) -> str:
    text, opened = "", False
    for i, word in enumerate(words):
        if word == '"':
            text += '"' if opened else (" " if text else "") + '"'
            opened = not opened
            continue
        if word in ",!?;:":
            text += word
            continue
        if word == "a" and i + 1 < len(words):
            word = article(words[i + 1])
        start = not text or text.endswith('"') and opened
        text += ("" if start else " ") + (word[0].upper() + word[1:] if start else word)
    return text + "."


def sentence(node: Node) -> str:
    """A whole sentence, with its capital and its full stop."""
    out: list[str] = []
    _walk(node, None, out)
    return _join([w for chunk in out for w in chunk.split()])
