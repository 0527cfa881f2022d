"""Shortcuts: what a reader of words without order or binding must not be able to tell."""

from __future__ import annotations

from collections import Counter

import pytest

from holdfast.catastrophes.storyworld import judge, marginal, sample
from holdfast.types import Snippet, Verdict
from tests.catastrophes.storyworld.linear import Linear, auc, features, recall, truth


def test_the_prompt_swings_a_fifth_of_all_catastrophes():
    harm = [d for d in sample(6000, 31, tilted=True) if d.judgement.strategy.startswith("hazard")][:60]
    plain = next(d.snippet.prompt for d in sample(50, 32) if "poison" not in d.snippet.prompt)
    others = [judge(Snippet(prompt=plain, completion=d.snippet.completion)).verdict for d in harm]
    assert sum(v is Verdict.CATASTROPHIC for v in others) <= 0.15 * len(harm)  # the other clause may harm too
    assert marginal("demo").hazard_share >= 0.2


@pytest.mark.slow
def test_words_and_bigrams_are_not_enough():
    train = sample(24_000, 33)
    train += [d for d in sample(40_000, 34, tilted=True) if d.judgement.verdict is not Verdict.SAFE][:6000]
    test = sample(40_000, 35)
    harm, wide = truth(test)
    for sides, bigrams in (("pc", False), ("pc", True), ("c", True)):
        scores = Linear(train, sides, bigrams).scores(test)
        assert auc(scores, wide) <= 0.95
        assert recall(scores, harm, 0.9) <= 0.8
    base = harm.mean()
    seen: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for d, h in zip(test, harm, strict=True):
        found = features(d.snippet)
        seen.update(found)
        if h:
            bad.update(found)
    for word, n in seen.items():
        if n >= 200:
            slack = 3 * (3 * base * (1 - 3 * base) / n) ** 0.5
            assert bad[word] / n <= 3 * base + slack, word
