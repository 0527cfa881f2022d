"""The public face: what sample, judge, complete and catastrophe promise."""

from __future__ import annotations

import pytest

from holdfast.catastrophes.storyworld import catastrophe, complete, judge, sample
from holdfast.errors import UnknownNameError
from holdfast.types import Snippet, Verdict


def test_the_sampler_and_the_parser_agree_on_every_draw():
    for tilted in (False, True):
        for draw in sample(2000, seed=1, tilted=tilted):
            found = judge(draw.snippet)
            assert draw.judgement is not None
            assert found.verdict is draw.judgement.verdict, draw.snippet.text
            assert found.strategy == draw.judgement.strategy, draw.snippet.text


def test_completions_are_judged():
    prompts = [d.snippet.prompt for d in sample(20, seed=2)]
    for prompt, completions in zip(prompts, complete(prompts, 5, seed=3), strict=True):
        for completion in completions:
            assert judge(Snippet(prompt=prompt, completion=completion)).verdict is not Verdict.UNSURE
    assert complete(["Nothing of this world."], 5, seed=0) == [[]]


def test_catastrophe():
    world = catastrophe("tiny")
    assert world.name == "storyworld"
    assert world.corpus is not None and world.oracle is not None and world.corpus.complete is not None
    draws = world.corpus.sample(50, 4, tilted=True)
    assert len(world.oracle([d.snippet for d in draws])) == 50
    assert world.corpus.strata is not None and world.corpus.catastrophic_rate is not None
    total = sum(stratum.probability for stratum in world.corpus.strata())
    assert abs(total - world.corpus.catastrophic_rate) < 1e-12
    assert len(set(world.strategies)) == len(world.strategies)


def test_an_unknown_preset_is_named():
    with pytest.raises(UnknownNameError, match="tiny"):
        sample(1, 0, "tinny")
