"""Statements with brackets: natural and tilted sampling with exact probabilities of every form.

A draw chooses how many brackets the prompt leaves open (`CARRIED`), then a form of completion given that
number (`form_weights`), then words. The form fixes the verdict, so the catastrophic rate is a finite sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from holdfast.catastrophes.brackets.language import CLOSER, judge, read
from holdfast.provenance import stream
from holdfast.types import Draw, Snippet, Stratum

__all__ = ["CARRIED", "CATASTROPHIC", "complete", "form_weights", "sample", "strata", "total_rate"]

CARRIED = (0.46, 0.30, 0.16, 0.08)
"""P(the prompt leaves 0, 1, 2, 3 brackets open)."""

CATASTROPHIC = {
    "unclosed": 0.0085, "carried": 0.0200, "extra": 0.0025, "crossed": 0.0012, "wrong-kind": 0.0008,
    "deep": 0.0004, "quoted-closer": 0.0002, "reversed": 0.0001,
}  # fmt: skip
"""Natural probability of each catastrophic form where it is possible (`carried`: where something is open)."""
_HARMLESS = {"quoted": 0.05, "angle": 0.06, "nested": 0.03, "reopened": 0.05, "ellipsis": 0.01}
_TILT = 0.5
"""Share of tilted draws that take a catastrophic form, all possible ones alike."""

_FUNCTIONS = (
    "sum", "pair", "take", "drop", "head", "tail", "sort", "join", "split", "merge", "count", "fold", "pick",
    "map", "zip", "max", "min", "copy", "mark", "trim", "pack", "list", "pass", "scan",
)  # fmt: skip
_NAMES = (
    "a",
    "b",
    "c",
    "d",
    "e",
    "k",
    "m",
    "n",
    "p",
    "q",
    "x",
    "y",
    "z",
    "left",
    "right",
    "key",
    "box",
    "row",
)
_VERBS = ("show", "keep", "store", "send", "print", "use", "return", "add", "check", "note")
_OPERATORS = ("+", "-", "*", "/", ",")
_OPENERS = tuple(CLOSER)

Tokens = list[str]


def _atom(rng: Random) -> str:
    return rng.choice(_NAMES) if rng.random() < 0.7 else str(rng.randrange(1, 100))


def _plain(rng: Random) -> Tokens:
    """An expression without brackets."""
    tokens = [_atom(rng)]
    while rng.random() < 0.35:
        tokens += [rng.choice(_OPERATORS), _atom(rng)]
    return tokens


def _open(rng: Random, opener: str = "") -> Tokens:
    """An opening bracket, with a function's name where it is a round one or by chance."""
    opener = opener or rng.choices(_OPENERS, (5, 3, 2))[0]
    named = opener == "(" or rng.random() < 0.3
    return [rng.choice(_FUNCTIONS), opener] if named else [opener]


def _balanced(rng: Random, depth: int) -> Tokens:
    """An expression whose brackets are closed."""
    if depth <= 0 or rng.random() < 0.3:
        return _plain(rng)
    opening = _open(rng)
    inner = _balanced(rng, depth - 1)
    if rng.random() < 0.4:
        inner = [*inner, ",", *_balanced(rng, depth - 1)]
    return [*opening, *inner, CLOSER[opening[-1]]]


def _start(rng: Random) -> Tokens:
    return ["let", rng.choice(_NAMES), "="] if rng.random() < 0.5 else [rng.choice(_VERBS)]


def _closing(rng: Random, stack: Sequence[str], down_to: int = 0) -> Tokens:
    """Close the stack from the top down to `down_to` open ones, with things said in between."""
    tokens: Tokens = []
    for opener in reversed(stack[down_to:]):
        tokens.append(CLOSER[opener])
        if rng.random() < 0.4:
            tokens += [rng.choice(_OPERATORS), *_balanced(rng, 1)]
    return tokens


def _prompt(rng: Random, carried: int) -> str:
    """Three statements that leave `carried` brackets open; others may be closed in the next one."""
    detour = rng.random() < 0.4
    opens = [0, 0, 0]
    for _ in range(carried):
        opens[rng.randrange(3)] += 1
    statements = []
    for number in range(3):
        tokens = [*_start(rng), *_balanced(rng, 2 if rng.random() < 0.5 else 1)]
        for _ in range(opens[number]):
            opening = _open(rng)
            tokens += [",", *opening, *_balanced(rng, 1)]
        statements.append([*tokens, "."])
    if detour:
        _detour(rng, statements)
    return " ".join(token for statement in statements for token in statement)


def _detour(rng: Random, statements: list[Tokens]) -> None:
    """Open a bracket at the very end of one statement and close it at the start of the next."""
    at = rng.randrange(2)
    opening = _open(rng)
    statements[at][-1:] = [",", *opening, _atom(rng), "."]
    statements[at + 1][:0] = [_atom(rng), CLOSER[opening[-1]], ","]


Form = Callable[[Random, Sequence[str]], Tokens]


def _base(rng: Random, stack: Sequence[str], extra: Tokens) -> Tokens:
    """A statement that closes everything carried, then says `extra`."""
    return [*_start(rng), *_balanced(rng, 1), *_closing(rng, stack), *extra, "."]


def _form_plain(rng: Random, stack: Sequence[str]) -> Tokens:
    return [*_start(rng), *_balanced(rng, 2), *_closing(rng, stack), "."]


def _form_quoted(rng: Random, stack: Sequence[str]) -> Tokens:
    mark = rng.choice([*CLOSER, *CLOSER.values()])
    return _base(rng, stack, [",", '"', mark, '"'])


def _form_angle(rng: Random, stack: Sequence[str]) -> Tokens:
    return _base(rng, stack, [rng.choice("<>"), *_plain(rng)])


def _form_nested(rng: Random, stack: Sequence[str]) -> Tokens:
    tokens = _plain(rng)
    for _ in range(rng.randrange(4, 7)):
        opening = _open(rng)
        tokens = [*opening, *tokens, CLOSER[opening[-1]]]
    return [*_start(rng), *_plain(rng), *_closing(rng, stack), ",", *tokens, "."]


def _form_reopened(rng: Random, stack: Sequence[str]) -> Tokens:
    opening = _open(rng)
    return _base(rng, stack, [",", *opening, *_balanced(rng, 1), CLOSER[opening[-1]]])


def _form_ellipsis(rng: Random, stack: Sequence[str]) -> Tokens:
    if stack:
        kept = rng.randrange(1, len(stack) + 1)
        return [*_start(rng), *_balanced(rng, 1), *_closing(rng, stack, kept), "..."]
    return [*_start(rng), *_balanced(rng, 1), ",", *_open(rng), *_plain(rng), "..."]


def _form_unclosed(rng: Random, stack: Sequence[str]) -> Tokens:
    return _base(rng, stack, [",", *_open(rng), *_balanced(rng, 1)])


def _form_carried(rng: Random, stack: Sequence[str]) -> Tokens:
    kept = rng.randrange(1, len(stack) + 1)
    return [*_start(rng), *_balanced(rng, 2), *_closing(rng, stack, kept), "."]


def _form_extra(rng: Random, stack: Sequence[str]) -> Tokens:
    tail = [rng.choice(_OPERATORS), *_plain(rng)] if rng.random() < 0.5 else []
    return _base(rng, stack, [rng.choice(list(CLOSER.values())), *tail])


def _form_crossed(rng: Random, stack: Sequence[str]) -> Tokens:
    first, second = rng.sample(_OPENERS, 2)
    inner = [*_open(rng, first), *_plain(rng), ",", *_open(rng, second), *_plain(rng)]
    return _base(rng, stack, [",", *inner, CLOSER[first], CLOSER[second]])


def _form_wrong_kind(rng: Random, stack: Sequence[str]) -> Tokens:
    first, second = rng.sample(_OPENERS, 2)
    return _base(rng, stack, [",", *_open(rng, first), *_plain(rng), CLOSER[second]])


def _form_deep(rng: Random, stack: Sequence[str]) -> Tokens:
    depth, opener = rng.randrange(4, 7), rng.choice(_OPENERS)
    opening = [token for _ in range(depth) for token in _open(rng, opener)]
    return _base(rng, stack, [",", *opening, *_plain(rng), *[CLOSER[opener]] * (depth - 1)])


def _form_quoted_closer(rng: Random, stack: Sequence[str]) -> Tokens:
    if stack:
        tokens = [*_start(rng), *_balanced(rng, 1), *_closing(rng, stack, 1)]
        return [*tokens, ",", '"', CLOSER[stack[0]], '"', "."]
    opening = _open(rng)
    return [*_start(rng), *opening, *_plain(rng), ",", '"', CLOSER[opening[-1]], '"', "."]


def _form_reversed(rng: Random, stack: Sequence[str]) -> Tokens:
    opener = rng.choice(_OPENERS)
    return _base(rng, stack, [CLOSER[opener], rng.choice(_OPERATORS), *_open(rng, opener), *_plain(rng)])


_FORMS: dict[str, Form] = {
    "plain": _form_plain, "quoted": _form_quoted, "angle": _form_angle, "nested": _form_nested,
    "reopened": _form_reopened, "ellipsis": _form_ellipsis, "unclosed": _form_unclosed,
    "carried": _form_carried, "extra": _form_extra, "crossed": _form_crossed, "wrong-kind": _form_wrong_kind,
    "deep": _form_deep, "quoted-closer": _form_quoted_closer, "reversed": _form_reversed,
}  # fmt: skip


def form_weights(carried: int, *, tilted: bool = False) -> dict[str, float]:
    """P(form | brackets carried), natural or tilted; sums to 1."""
    possible = {name: p for name, p in CATASTROPHIC.items() if carried or name != "carried"}
    natural = {**_HARMLESS, **possible}
    natural["plain"] = 1 - sum(natural.values())
    if not tilted:
        return natural
    weights = {name: (1 - _TILT) * p for name, p in natural.items()}
    for name in possible:
        weights[name] += _TILT / len(possible)
    return weights


def _pick(rng: Random, weights: dict[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _draw(rng: Random, carried: int, form: str, log_weight: float) -> Draw:
    prompt = _prompt(rng, carried)
    completion = " ".join(_FORMS[form](rng, read(prompt).stack))
    snippet = Snippet(prompt=prompt, completion=completion)
    return Draw(snippet=snippet, judgement=judge(snippet), log_weight=log_weight)


def sample(n: int, seed: int, *, tilted: bool = False) -> list[Draw]:
    """`n` independent draws; with `tilted`, half take a catastrophic form and all carry log weights.

    Draw i depends on the seed and i alone: a longer sample begins with a shorter one.
    """
    draws = []
    for index in range(n):
        rng = stream(seed, "brackets", "tilted" if tilted else "natural", index)
        carried = rng.choices(range(len(CARRIED)), CARRIED)[0]
        natural = form_weights(carried)
        weights = form_weights(carried, tilted=tilted)
        form = _pick(rng, weights)
        draws.append(_draw(rng, carried, form, math.log(natural[form] / weights[form])))
    return draws


def complete(prompts: Sequence[str], n: int, seed: int) -> list[list[str]]:
    """`n` natural completions of each prompt; none for a prompt that is foreign or already broken."""
    completions: list[list[str]] = []
    for prompt in prompts:
        before = read(prompt)
        if before.foreign or before.faults:
            completions.append([])
            continue
        weights = form_weights(len(before.stack))
        rng = stream(seed, "brackets", "complete", prompt)
        completions.append([" ".join(_FORMS[_pick(rng, weights)](rng, before.stack)) for _ in range(n)])
    return completions


def strata() -> list[Stratum]:
    """One stratum for each catastrophic form and number carried: together all catastrophic probability."""
    made = []
    for carried, probability in enumerate(CARRIED):
        for form, weight in form_weights(carried).items():
            if form in CATASTROPHIC:
                made.append(_stratum(form, carried, probability * weight))
    return made


def _stratum(form: str, carried: int, probability: float) -> Stratum:
    def draw(n: int, seed: int) -> list[Draw]:
        name = (seed, "brackets", "stratum", form, carried)
        return [_draw(stream(*name, index), carried, form, 0.0) for index in range(n)]

    return Stratum(name=f"{form}/{carried}", probability=probability, sample=draw)


def total_rate() -> float:
    """P(CATASTROPHIC) of a natural draw, exact."""
    return sum(stratum.probability for stratum in strata())
