"""What cannot be scored counts as rejected, and is said."""

from __future__ import annotations

import math
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
from holdfast.workflows.estimate import logits_of, scoring_rate
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
