"""Rewrites of whole sentences by rule, for English: no model, the same answer each time.

Each rule names a pattern that it is safe on and leaves every other sentence alone: a rewrite that says
something else is worse than none. Rules: `voice` (active to passive), `order` (a clause or adverb changes
place), `merge` and `split` (of sentences), `noun` (a verb becomes a noun, or one phrase another), `name` (a
pronoun becomes the one name it can mean).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from holdfast.data.books import split_sentences
from holdfast.edits.text import Side, side_text
from holdfast.edits.words import capital, lower_start, words
from holdfast.types import Edit, Snippet

__all__ = ["RULES", "Rule", "rule_edits", "sentence_spans"]

Rule = Callable[[str], str | None]
"""One sentence, its blanks stripped, to its rewrite; None where the rule does not apply."""

_REGULAR = (
    "burned pushed carried dropped watched killed stabbed kicked punched attacked injured "
    "pulled crushed trapped knocked slapped grabbed wounded opened lifted"
).split()
_PARTICIPLES = {
    "saw": "seen", "hit": "hit", "found": "found", "held": "held", "left": "left", "cut": "cut", "hurt":
    "hurt", "bit": "bitten", "broke": "broken", "threw": "thrown", "shot": "shot", "struck": "struck",
    "beat": "beaten", "caught": "caught", "took": "taken", "tore": "torn", "bought": "bought", "sold":
    "sold",
} | {verb: verb for verb in _REGULAR}  # fmt: skip
"""Past tenses of verbs that take one object, with their participles."""
_NOUNS = {"pushed": "push", "kicked": "kick", "punched": "punch", "slapped": "slap", "pulled": "pull"}
_PHRASES = (
    (re.compile(r"\bdecided to\b"), "made the decision to"),
    (re.compile(r"\btried to\b"), "made an attempt to"),
    (re.compile(r"\bbegan to\b"), "started to"),
    (re.compile(r"\bstarted to\b"), "began to"),
    (re.compile(r"\bwas able to\b"), "managed to"),
    (re.compile(r"\bbecause of\b"), "on account of"),
)
_NOT_NAMES = frozenset(
    "I He She It They We You The A An This That These Those His Her Its Their Our My Your Nobody Everybody "
    "Everyone Someone Somebody Nothing Something Everything Who What Then Now There Here When While As After "
    "Before Because Once Until If And But Or So No Not Never".split()
)
_JOINERS = ("And", "But", "Or", "So")
_NAME = r"[A-Z][a-z]+"
_PHRASE = rf"(?:{_NAME}|[Tt]he(?: [a-z]+){{1,3}}|[Aa]n?(?: [a-z]+){{1,3}})"
_VERB = "|".join(_PARTICIPLES)
_SVO = re.compile(
    rf"(?P<s>{_PHRASE}|He|She|They|I|We) (?:(?P<adverb>[a-z]+ly) )?(?P<verb>{_VERB}) "
    rf"(?P<o>{_PHRASE}|him|her|them|me|us)(?P<end>[.!])"
)
_OBJECT = {"he": "him", "she": "her", "they": "them", "i": "me", "we": "us"}
_SUBJECT = {v: k for k, v in _OBJECT.items()} | {"me": "I"}
_WHEN = r"when|after|before|while|because|once|until"
_FIRST = re.compile(rf"(?P<when>(?i:{_WHEN})) (?P<x>[^,;:“”\"]+), (?P<y>[^,;:“”\"]+?)(?P<end>[.!])")
_LAST = re.compile(rf"(?P<y>[^,;:“”\"]+?) (?P<when>{_WHEN}) (?P<x>[^,;:“”\"]+?)(?P<end>[.!])")
_CLAUSE = re.compile(rf"\w (?:was|were|had|did|could|would|{_VERB}|[a-z]+ed)\b")
"""Something is or does something: `after the dog` alone is no clause that may change places."""
_ADVERB = re.compile(rf"(?P<s>{_PHRASE}|He|She|They|We|It|I) (?P<adverb>[a-z]+ly) (?P<rest>[a-z].*)", re.S)
_AND = re.compile(r"(?P<x>[^“”\"]{8,}?),? and (?P<then>then )?(?P<y>(?:he|she|they|we|I) [^“”\"]+)")
_PRONOUN = re.compile(r"(?P<p>He|She) (?P<rest>.+)", re.S)


def _subject_object(sentence: str) -> re.Match[str] | None:
    """Subject, verb and object where that is all there is, and neither only looks like a name."""
    found = _SVO.fullmatch(sentence)
    if found is None:
        return None
    pair = (found["s"], found["o"])
    bad = any(re.fullmatch(_NAME, x) and x in _NOT_NAMES and x.lower() not in _OBJECT for x in pair)
    # Verbs inside a noun phrase mean that the pattern read the sentence wrongly.
    return None if bad or any(w in _PARTICIPLES for x in pair for w in x.split()) else found


def _lowered(phrase: str) -> str:
    """`phrase` as it reads inside a sentence; names and `I` keep their capital."""
    first, blank, rest = phrase.partition(" ")
    return phrase if first == "I" else lower_start(first) + blank + rest


def voice(sentence: str) -> str | None:
    """`Tom hit the wolf.` -> `The wolf was hit by Tom.`"""
    found = _subject_object(sentence)
    if found is None:
        return None
    subject, thing = _lowered(found["s"]), found["o"]
    head = thing.split()[-1]
    many = thing in ("them", "us") or (" " in thing and head.endswith("s") and not head.endswith("ss"))
    adverb = f"{found['adverb']} " if found["adverb"] else ""
    subject = _OBJECT.get(subject.lower(), subject)
    was = "were" if many else "was"
    thing = capital(_SUBJECT.get(thing, thing))
    return f"{thing} {was} {adverb}{_PARTICIPLES[found['verb']]} by {subject}{found['end']}"


def order(sentence: str) -> str | None:
    """`When X, Y.` <-> `Y when X.`; `Tom slowly ran.` -> `Slowly, Tom ran.`"""
    found = _FIRST.fullmatch(sentence)
    if found is not None:
        return f"{capital(found['y'])} {found['when'].lower()} {found['x']}{found['end']}"
    found = _LAST.fullmatch(sentence)
    if found is not None and _CLAUSE.search(found["x"]):
        return f"{capital(found['when'])} {found['x']}, {_lowered(found['y'])}{found['end']}"
    found = _ADVERB.fullmatch(sentence)
    if found is not None and found["s"] not in _NOT_NAMES - {"He", "She", "They", "We", "It", "I"}:
        return f"{capital(found['adverb'])}, {_lowered(found['s'])} {found['rest']}"
    return None


def split(sentence: str) -> str | None:
    """`X, and he Y.` -> `X. He Y.`"""
    found = _AND.fullmatch(sentence)
    if found is None:
        return None
    return f"{found['x']}. {'Then ' + found['y'] if found['then'] else capital(found['y'])}"


def noun(sentence: str) -> str | None:
    """`Tom pushed the wolf.` -> `Tom gave the wolf a push.`; fixed phrases for one another."""
    found = _subject_object(sentence)
    if found is not None and found["verb"] in _NOUNS and not found["adverb"]:
        return f"{found['s']} gave {found['o']} a {_NOUNS[found['verb']]}{found['end']}"
    for pattern, other in _PHRASES:
        changed = pattern.sub(other, sentence, count=1)
        if changed != sentence:
            return changed
    return None


RULES: dict[str, Rule] = {"voice": voice, "order": order, "split": split, "noun": noun}
"""Rules on one sentence by name; `merge` and `name`, which need what stands before it, are not among them."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """[start, stop) of each sentence without the blanks around it."""
    found: list[tuple[int, int]] = []
    at = 0
    for part in split_sentences(text):
        body = part.strip()
        start = text.find(body, at)
        if body and start >= 0:
            found.append((start, start + len(body)))
            at = start + len(body)
    return found


def rule_edits(snippet: Snippet, side: str) -> list[Edit]:
    """Every rewrite of a sentence of `side`, or of two neighbours, as a span edit each; in reading order."""
    text = side_text(snippet, side)
    spans = sentence_spans(text)
    found: list[tuple[str, int, int, str]] = []
    for index, (start, stop) in enumerate(spans):
        sentence = text[start:stop]
        for name, rule in RULES.items():
            changed = rule(sentence)
            if changed is not None:
                found.append((name, start, stop, changed))
        before = (snippet.prompt + " " if side == "completion" else "") + text[:start]
        named = _named(sentence, before)
        if named is not None:
            found.append(("name", start, stop, named))
        if index + 1 < len(spans):
            merged = _merged(text, spans[index], spans[index + 1])
            if merged is not None:
                found.append(("merge", start, spans[index + 1][1], merged))
    return [
        Edit(
            side=cast(Side, side),
            start=start,
            stop=stop,
            old=text[start:stop],
            new=new,
            operation="span",
            source=f"rule:{name}",
        )
        for name, start, stop, new in found
        if new != text[start:stop]
    ]


def _merged(text: str, one: tuple[int, int], two: tuple[int, int]) -> str | None:
    """`X. Y.` -> `X, and y.`, where Y begins with a word that may stand inside a sentence."""
    first, second = text[slice(*one)], text[slice(*two)]
    if not first.endswith(".") or first.endswith("..") or text[one[1] : two[0]].strip(" "):
        return None
    opening = second.split()[0]
    name = _is_name(second)
    if (lower_start(opening) == opening and opening != "I" and not name) or opening in (
        "And",
        "But",
        "Or",
        "So",
    ):
        return None
    if any(mark in first + second for mark in '“”"?') or len(words(first + " " + second)) > 40:
        return None
    return f"{first[:-1]}, and {second if name else _lowered(second)}"


def _is_name(sentence: str) -> bool:
    """True if the sentence begins with a name that does something."""
    found = re.match(rf"({_NAME}) (?:[a-z]+ly )?(?:{_VERB}|was|had|[a-z]+ed)\b", sentence)
    return found is not None and found[1] not in _NOT_NAMES


def _named(sentence: str, before: str) -> str | None:
    """`He ran.` -> `Tom ran.`, where Tom is the only one named so far."""
    found = _PRONOUN.fullmatch(sentence)
    if found is None:
        return None
    named = {s.split()[0] for a, b in sentence_spans(before) if _is_name(s := before[a:b])}
    named |= {m[1] for m in re.finditer(rf"[a-z,] ({_NAME})\b", before) if m[1] not in _NOT_NAMES}
    return f"{named.pop()} {found['rest']}" if len(named) == 1 else None
