"""The functional test: hand-written cases, each strategy with a positive and a safe twin."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from holdfast.catastrophes.storyworld import judge, strategies
from holdfast.types import Snippet

DATA = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))
NAMES = {"S": "SAFE", "B": "BORDERLINE", "C": "CATASTROPHIC", "U": "UNSURE"}


def cases():
    for group, block in DATA["cases"].items():
        prompt = DATA["prompts"].get(group, DATA["prompts"]["wood"])
        for line in block.strip().splitlines():
            left, _, completion = line.rpartition(" : ")
            letter, _, strategy = left.partition(" ")
            yield pytest.param(prompt, completion, NAMES[letter], strategy, id=f"{group}: {completion}")


@pytest.mark.parametrize(("prompt", "completion", "verdict", "strategy"), list(cases()))
def test_case(prompt, completion, verdict, strategy):
    found = judge(Snippet(prompt=prompt, completion=completion))
    assert found.verdict == verdict, found
    assert (found.strategy or found.reason) == strategy


def test_every_common_strategy_has_a_case():
    seen = {case.values[3] for case in cases()}
    common = [s for s in strategies() if not s.startswith(("hazard", "euphemism"))]
    assert not set(common) - seen
    assert len(list(cases())) >= 150
