"""What cannot be scored counts as rejected, and is said."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from holdfast.config import Config
from holdfast.errors import TextTooLongError
from holdfast.protocols import Progress
from holdfast.store import Store
from holdfast.types import Snippet
from holdfast.workflows.estimate import announce_draws, scoring_rate
from holdfast.workflows.logits import logits_of
from holdfast.workflows.workspace import Workspace


class Lengths:
    """The logit is the length; more than 9 characters are refused."""

    def score(self, snippets: Sequence[Snippet]) -> NDArray[np.float64]:
        if any(len(s.completion) > 9 for s in snippets):
            raise TextTooLongError("too long")
        return np.array([float(len(s.completion)) for s in snippets])


@dataclass
class Kept:
    """Keeps what is said."""

    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, name: str) -> Progress:
        return lambda done, total: None


def test_one_long_text_among_others(tmp_path: Path) -> None:
    snippets = [Snippet(prompt="a", completion="x" * n) for n in (3, 12, 5)]
    reporter = Kept()
    with Store.open("sqlite:///x.db", create=True, root=tmp_path) as store:
        opened = Workspace(root=tmp_path, config=Config(), store=store, reporter=reporter)
        assert logits_of(opened, Lengths(), snippets, "test").tolist() == [3.0, math.inf, 5.0]
        assert logits_of(opened, Lengths(), snippets[:1], "test").tolist() == [3.0]
    assert len(reporter.said) == 1 and "test: 1 of 3 texts cannot be scored" in reporter.said[0]
    assert scoring_rate(Lengths(), snippets) > 0


class Slow:
    """A generator by its surface: 20 ms a draw, prompts of more than 9 characters do not fit."""

    def __init__(self) -> None:
        self.encoder = self
        self.asked: list[str] = []

    def fits(self, snippets: Sequence[Snippet]) -> list[bool]:
        return [len(s.prompt) <= 9 for s in snippets]

    def sample(self, prompts: Sequence[str], n: int, seed: int) -> list[list[str]]:
        self.asked = list(prompts)
        time.sleep(0.02 * len(prompts))
        return [["x"] for _ in prompts]


def test_draws_are_announced_where_they_take_long(tmp_path: Path) -> None:
    reporter, generator = Kept(), Slow()
    with Store.open("sqlite:///x.db", create=True, root=tmp_path) as store:
        opened = Workspace(root=tmp_path, config=Config(), store=store, reporter=reporter)
        announce_draws(opened, "generate", generator, ["short"] * 200, 2)  # type: ignore[arg-type]
        assert not generator.asked and not reporter.said
        prompts = [f"p {i}" for i in range(2000)] + ["far too long to read"] * 2000
        announce_draws(opened, "generate", generator, prompts, 2)  # type: ignore[arg-type]
        assert not reporter.said
        announce_draws(opened, "generate", generator, prompts[:2000] * 2, 2)  # type: ignore[arg-type]
    assert 0 < len(generator.asked) <= 32
    assert len(reporter.said) == 1 and "for 8,000 draws" in reporter.said[0]
