"""Text to tokens to all parses. Wider than the sampler: any known noun phrase fits any noun-phrase slot."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from holdfast.catastrophes.storyworld.grammar import Form, Grammar, load_grammar
from holdfast.catastrophes.storyworld.tables import Noun

__all__ = ["LIVING", "MAX_TOKENS", "NP", "Clause", "Node", "parse_sentence", "split_sentences", "tokens_of"]

LIVING = frozenset({"person", "beast", "group"})
"""Kinds of noun phrase that can be harmed."""
MAX_TOKENS = 64
_DETS = frozenset({"the", "a", "some", "his", "her", "its", "their", "this", "that"})
_PRONOUNS = {"he": "m", "him": "m", "she": "f", "her": "f"}
_POSS = frozenset({"his", "her", "its", "their"})


class NP(NamedTuple):
    """A noun phrase."""

    kind: str
    noun: Noun | None
    det: str = ""
    adjs: tuple[str, ...] = ()
    owner: NP | None = None
    pronoun: str = ""
    gender: str = "n"
    number: str = ""

    @property
    def plural(self) -> bool:
        """Whether it takes "were"."""
        return self.noun is not None and self.noun.plural


class Node(NamedTuple):
    """A form with the values of its slots."""

    form: Form
    args: tuple[Any, ...]


class Clause(NamedTuple):
    """A subject and what is said of it."""

    subject: NP
    vp: Node


_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|'s\b")
_MARK = re.compile(r'[.!?"]')


def split_sentences(text: str) -> list[str]:
    """Split at . ! ? outside straight or curly quotes; unbalanced quotes are ignored."""
    text = text.replace("\u201c", '"').replace("\u201d", '"').replace("\u2019", "'").replace("\u2018", "'")
    balanced = text.count('"') % 2 == 0
    out: list[str] = []
    start, inside = 0, False
    for mark in _MARK.finditer(text):
        if mark.group() == '"':
            inside = not inside
        elif not (inside and balanced):
            out.append(text[start : mark.end()])
            start = mark.end()
    out.append(text[start:])
    return [s for s in out if s.strip(' \t\r\n".!?')]


def tokens_of(sentence: str) -> tuple[str, ...] | None:
    """Normalised tokens; None where the sentence holds something that is no word or plain punctuation."""
    low = sentence.lower()
    rest = _WORD.sub(" ", low)
    if rest.strip(' \t\r\n,.!?";:'):
        return None
    found = _WORD.findall(low)
    return tuple("a" if w == "an" else "was" if w == "were" else w for w in found)


class _Parser:
    """One sentence being parsed, with a memo per (nonterminal, position)."""

    def __init__(self, grammar: Grammar, tokens: tuple[str, ...]) -> None:
        self.g, self.t, self.n = grammar, tokens, len(tokens)
        self.memo: dict[tuple[str, int], list[tuple[int, Any]]] = {}
        self.places = _place_index()

    def slot(self, kind: str, i: int) -> list[tuple[int, Any]]:
        """Everything of this type that begins at token i, as (end, value)."""
        if i >= self.n:
            return []
        key = (kind, i)
        found = self.memo.get(key)
        if found is None:
            if kind == "np":
                found = self.noun_phrase(i)
            elif kind == "CL":
                found = self.clause(i)
            elif kind in self.g.tries:
                found = self.walk(kind, i)
            else:
                found = self.word(kind, i)
            self.memo[key] = found
        return found

    def word(self, kind: str, i: int) -> list[tuple[int, Any]]:
        """Slots of one word, and places."""
        w = self.t[i]
        if kind == "place":
            return [(i + len(p), place) for p, place in self.places.get(w, ()) if self.t[i : i + len(p)] == p]
        ok = (
            (kind == "attr" and w in self.g.tables.attributes)
            or (kind == "poss" and w in _POSS)
            or (kind == "pron" and w in _PRONOUNS)
            or (kind == "noun" and w in self.g.nouns)
            or (kind == "num" and w in self.g.tables.numbers)
        )
        return [(i + 1, w)] if ok else []

    def clause(self, i: int) -> list[tuple[int, Any]]:
        """Subject and verb phrase."""
        return [(e, Clause(np, vp)) for j, np in self.slot("np", i) for e, vp in self.slot("VP", j)]

    def walk(self, nt: str, i: int) -> list[tuple[int, Any]]:
        """All forms of a nonterminal from token i."""
        out: list[tuple[int, Any]] = []
        tokens, n = self.t, self.n
        stack: list[tuple[Any, int, tuple[Any, ...]]] = [(self.g.tries[nt].root, i, ())]
        while stack:
            node, j, args = stack.pop()
            for form in node.forms:
                out.append((j, Node(form, args)))
            if j < n:
                child = node.words.get(tokens[j])
                if child is not None:
                    stack.append((child, j + 1, args))
                for kind, target in node.slots:
                    for end, value in self.slot(kind, j):
                        stack.append((target, end, (*args, value)))
        return out

    def noun_phrase(self, i: int) -> list[tuple[int, NP]]:
        """Names, pronouns, "the old miller", "two soldiers", and what belongs to them."""
        w = self.t[i]
        out: list[tuple[int, NP]] = []
        name = self.g.names.get(w)
        if name is not None:
            out.append((i + 1, NP("person", name, gender=name.gender)))
        if w in _PRONOUNS:
            out.append(
                (
                    i + 1,
                    NP("person", None, pronoun="he" if _PRONOUNS[w] == "m" else "she", gender=_PRONOUNS[w]),
                )
            )
        if w in _DETS or w in self.g.tables.numbers:
            out.extend(self._described(i))
        for end, owner in list(out):
            if end < self.n and self.t[end] == "'s" and not owner.pronoun:
                out.extend((e, p) for e, p in self._head(end + 1, "", owner))
        return out

    def _described(self, i: int) -> list[tuple[int, NP]]:
        w = self.t[i]
        if w in self.g.tables.numbers:
            return self._head(i + 1, "", None, w)
        if i + 1 < self.n and self.t[i + 1] in self.g.tables.numbers:
            return self._head(i + 2, w, None, self.t[i + 1])
        return self._head(i + 1, w, None)

    def _head(self, i: int, det: str, owner: NP | None, number: str = "") -> list[tuple[int, NP]]:
        """Adjectives and a noun."""
        adjs: list[str] = []
        tables, out = self.g.tables, []
        while i < self.n:
            for noun in self.g.nouns.get(self.t[i], ()):
                end = i + len(noun.words)
                if self.t[i:end] == noun.words and not (number and not noun.plural):
                    np = self._kind(noun, det, tuple(adjs), owner, number)
                    if np is not None:
                        out.append((end, np))
            w = self.t[i]
            if w in tables.adjectives or w in tables.materials or w == "dead":
                adjs.append(w)
                i += 1
            else:
                break
        return out

    def _kind(self, noun: Noun, det: str, adjs: tuple[str, ...], owner: NP | None, number: str) -> NP | None:
        kind = noun.kind
        if kind == "part":
            if owner is None and det not in _POSS:
                return None
            kind = owner.kind if owner is not None else "person" if det != "its" else "its"
        elif kind in LIVING:
            if "dead" in adjs:
                kind = "dead"
            elif any(a in self.g.tables.materials for a in adjs):
                kind = "fake"
        return NP(kind, noun, det, adjs, owner, "", noun.gender, number)


@lru_cache(maxsize=1)
def _place_index() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    out: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for place, phrase in load_grammar().tables.places.items():
        words = tuple(phrase.lower().split())
        out.setdefault(words[0], []).append((words, place))
    return out


@lru_cache(maxsize=1)
def _droppable_index() -> dict[str, list[tuple[str, ...]]]:
    """First word -> droppable phrases that begin with it, in the order of the tables."""
    out: dict[str, list[tuple[str, ...]]] = {}
    for phrase in load_grammar().tables.droppable:
        out.setdefault(phrase[0], []).append(phrase)
    return out


def _droppable(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """The tokens without fillers and manner adverbs."""
    out: list[str] = []
    i = 0
    phrases = _droppable_index()
    while i < len(tokens):
        for p in phrases.get(tokens[i], ()):
            if tokens[i : i + len(p)] == p:
                i += len(p)
                break
        else:
            out.append(tokens[i])
            i += 1
    return tuple(out)


def parse_sentence(sentence: str, nt: str) -> list[Node]:
    """All parses of a sentence as nonterminal `nt` (PROMPT or SENT); [] where there is none."""
    tokens = tokens_of(sentence)
    if not tokens or len(tokens) > MAX_TOKENS:
        return []
    grammar = load_grammar()
    found = _whole(grammar, tokens, nt)
    if not found:
        fewer = _droppable(tokens)
        if fewer and fewer != tokens:
            found = _whole(grammar, fewer, nt)
    return found


def _whole(grammar: Grammar, tokens: tuple[str, ...], nt: str) -> list[Node]:
    n = len(tokens)
    return [node for end, node in _Parser(grammar, tokens).walk(nt, 0) if end == n]
