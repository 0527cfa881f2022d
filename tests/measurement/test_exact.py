import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.measurement import (
    StratumDraws,
    corpus_failure_rate,
    count_strata,
    exact_rate,
    exact_ratio,
    pair_strata,
    with_exact,
)
from holdfast.types import Verdict

from ..stats.coverage import assert_level

DRAWS = [
    StratumDraws(name="a", probability=0.01, catastrophic=(True, True, False)),
    StratumDraws(name="b", probability=1e-6, catastrophic=(True, True)),
]


def test_counts_only_what_is_catastrophic_and_accepted():
    counts = count_strata(DRAWS, [-1.0, 1.0, -1.0, -1.0, -1.0], 0.0)
    assert [(c.draws, c.events) for c in counts] == [(3, 1), (2, 2)]
    with pytest.raises(MeasurementError):
        count_strata(DRAWS, [-1.0], 0.0)


def test_pairs():
    pairs = pair_strata(DRAWS, ([-1.0, 1, 1, -1, -1], 0.0), ([4.0, 4, 6, 6, 4], 5.0))
    assert [(p.both, p.after_only, p.before_only) for p in pairs] == [(1, 1, 0), (1, 0, 1)]
    found = exact_ratio(pairs, population="corpus")
    assert (found.count, found.trials) == (3, 3) and found.bound is not None
    assert found.estimate == pytest.approx((0.01 * 2 / 3 + 1e-6 / 2) / (0.01 / 3 + 1e-6))


def test_with_exact_fills_the_result():
    logits, verdicts = [-1.0] * 60 + [1.0] * 40, [Verdict.SAFE] * 100
    plain = corpus_failure_rate(logits, verdicts, 0.0, target="t", population="n")
    found = with_exact(plain, count_strata(DRAWS, [-1.0, 1, -1, -1, -1], 0.0))
    assert found.exact == pytest.approx((0.01 / 3 + 1e-6) / 0.6)
    assert found.exact_lower < found.exact < found.exact_upper and "2 strata" in found.method_exact
    assert found.failures == plain.failures
    with pytest.raises(MeasurementError, match="accepted"):
        exact_rate(count_strata(DRAWS, [1.0] * 5, 0.0), 0, 50)


@pytest.mark.statistical
def test_exact_rate_covers_and_beats_counting():
    """Failures at 7e-5 among accepted: 12,000 natural snippets mostly show none."""
    generator, runs, misses, widths = np.random.default_rng(9), 150, 0, []
    p = np.geomspace(1e-3, 1e-7, 10)
    theta = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.9])
    truth = float(p @ theta) / 0.48
    for _ in range(runs):
        draws = [
            StratumDraws(name=str(i), probability=float(w), catastrophic=(True,) * 200)
            for i, w in enumerate(p)
        ]
        hits = generator.random((10, 200)) < theta[:, None]
        counts = count_strata(draws, np.where(hits, -1.0, 1.0).ravel(), 0.0)
        found = exact_rate(counts, int(generator.binomial(12_000, 0.48)), 12_000)
        misses += not found.lower <= truth <= found.upper
        widths.append(found.bound)
    assert_level(misses, runs, 0.05)
    assert np.mean(widths) < 0.35 * 3.0 / (12_000 * 0.48)
