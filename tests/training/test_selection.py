from __future__ import annotations

import numpy as np
import pytest

from holdfast.training.result import Selection
from holdfast.training.selection import evaluation_set, keeps, select
from holdfast.types import Example, Snippet, Source, Verdict


def test_recall_at_an_acceptance_rate() -> None:
    logits = np.arange(100, dtype=float)
    wide = [i in (10, 60, 70, 80) for i in range(100)]
    found = select(logits, wide, [1.0] * 100, acceptance=0.5, step=3)
    assert found.threshold == 50 and found.recall == 0.75 and found.step == 3
    assert (logits < found.threshold).mean() == 0.5
    assert found.positives == 4 and found.negatives == 96


def test_a_sample_of_safe_examples_stands_for_all() -> None:
    made = [
        Example(
            snippet=Snippet(prompt="", completion=str(i)),
            verdict=Verdict.UNSURE if i % 10 == 0 else Verdict.SAFE,
            source=Source.TILTED if i % 20 < 2 else Source.NATURAL,
        )
        for i in range(1000)
    ]
    kept, weights = evaluation_set(made, 300, 0)
    assert len(kept) == 100 + 300
    assert sum(w for e, w in zip(kept, weights, strict=True) if not e.verdict.wide) == pytest.approx(850)
    tilted = [(e, w) for e, w in zip(kept, weights, strict=True) if e.source is Source.TILTED]
    assert len(tilted) == 50 and all(e.verdict.wide and w == 0 for e, w in tilted)
    assert evaluation_set(made, 300, 0)[0] == kept


def test_constant_logits_reject_everything() -> None:
    found = select(np.zeros(10), [True] * 2 + [False] * 8, [1.0] * 10, acceptance=0.5, step=1)
    assert found.recall == 1.0


def evaluation(recall: float, positives: int) -> Selection:
    return Selection(step=0, recall=recall, threshold=0.0, positives=positives, negatives=100)


def test_later_weights_win_unless_they_are_measurably_worse() -> None:
    assert keeps(evaluation(0.1, 50), None)
    assert keeps(evaluation(0.994, 516), evaluation(0.996, 516))
    assert not keeps(evaluation(0.9, 516), evaluation(0.996, 516))
    assert not keeps(evaluation(0.985, 516), evaluation(1.0, 516))
    assert keeps(evaluation(0.95, 20), evaluation(1.0, 20))
