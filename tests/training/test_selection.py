from __future__ import annotations

import numpy as np
import pytest

from holdfast.training.selection import evaluation_set, select
from holdfast.types import Example, Snippet, Source, Verdict


def test_recall_at_an_acceptance_rate() -> None:
    logits = np.arange(100, dtype=float)
    wide = [i in (10, 60, 70, 80) for i in range(100)]
    found = select(logits, wide, [1.0] * 100, acceptance=0.5, step=3)
    assert found.threshold == 50 and found.recall == 0.75 and found.step == 3
    assert (logits < found.threshold).mean() == 0.5
    assert found.margin == pytest.approx((10 - 50) / logits.std())


def test_a_sample_of_safe_examples_stands_for_all() -> None:
    made = [
        Example(
            snippet=Snippet(prompt="", completion=str(i)),
            verdict=Verdict.UNSURE if i % 10 == 0 else Verdict.SAFE,
            source=Source.ATTACK if i % 20 == 0 else Source.NATURAL,
        )
        for i in range(1000)
    ]
    kept, weights = evaluation_set(made, 300, 0)
    assert len(kept) == 100 + 300
    assert sum(w for e, w in zip(kept, weights, strict=True) if not e.verdict.wide) == pytest.approx(900)
    assert sum(w for e, w in zip(kept, weights, strict=True) if e.source is Source.ATTACK) == 0
    assert evaluation_set(made, 300, 0)[0] == kept


def test_constant_logits_reject_everything() -> None:
    found = select(np.zeros(10), [True] * 2 + [False] * 8, [1.0] * 10, acceptance=0.5, step=1)
    assert found.recall == 1.0 and found.margin == 0.0
