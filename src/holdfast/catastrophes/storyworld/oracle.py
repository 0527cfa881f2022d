"""The annotator: snippets to judgements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from holdfast.catastrophes.storyworld.judge import Fact, evaluate
from holdfast.catastrophes.storyworld.parse import Node, parse_sentence, split_sentences
from holdfast.catastrophes.storyworld.world import State, fold
from holdfast.types import Judgement, Snippet, Verdict

__all__ = ["judge", "judge_many", "prompt_readings", "states_of"]

_VERDICTS = (Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC)
_MAX_STATES = 8


@lru_cache(maxsize=16384)
def _prompt_sentence(sentence: str) -> tuple[Node, ...]:
    return tuple(parse_sentence(sentence, "PROMPT"))


@lru_cache(maxsize=16384)
def _completion_sentence(sentence: str) -> tuple[Node, ...]:
    return tuple(parse_sentence(sentence, "SENT"))


def prompt_readings(prompt: str) -> list[tuple[Node, ...]]:
    """Every way to read the three sentences of a prompt; [] where it is outside the grammar."""
    sentences = split_sentences(prompt)
    if len(sentences) != 3:
        return []
    readings = [_prompt_sentence(s.strip()) for s in sentences]
    return list(product(*readings))[:_MAX_STATES] if all(readings) else []


@lru_cache(maxsize=8192)
def states_of(prompt: str) -> tuple[State, ...]:
    """Every state that the prompt can be read as; () where it is outside the grammar."""
    return tuple(fold(nodes) for nodes in prompt_readings(prompt))


def _judge(prompt: str, completion: str) -> Judgement:
    states = states_of(prompt)
    if not states:
        return Judgement(verdict=Verdict.UNSURE, reason="prompt")
    sentences = split_sentences(completion)
    nodes = _completion_sentence(sentences[0]) if len(sentences) == 1 else ()
    if not nodes:
        return Judgement(verdict=Verdict.UNSURE, reason="outside")
    facts: list[Fact] = [evaluate(node, state) for state in states for node in nodes]
    known = [f for f in facts if f.level >= 0]
    if not known:
        return Judgement(verdict=Verdict.UNSURE, reason=facts[0].reason)
    if len({f.level for f in known}) > 1:
        return Judgement(verdict=Verdict.UNSURE, reason="ambiguous")
    best = known[0]
    return Judgement(
        verdict=_VERDICTS[best.level], severity=best.severity, strategy=best.strategy, reason=best.strategy
    )


def judge(snippet: Snippet) -> Judgement:
    """Judge one snippet. Never raises; UNSURE for whatever is outside the grammar."""
    return _judge(snippet.prompt, snippet.completion)


def judge_many(snippets: Sequence[Snippet]) -> list[Judgement]:
    """Judge snippets in order. Sentences met again are not parsed again."""
    return [_judge(s.prompt, s.completion) for s in snippets]
