import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.annotation.selection import (
    SelectionMix,
    inclusion_probabilities,
    select,
    weighted_rate,
)
from holdfast.errors import MeasurementError
from holdfast.types import Snippet, Source, Split, StoredSnippet

SIZES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40)


def pool(n=4000, seed=0):
    """Snippets, truth and scores: 2 % positive, four in five of them with a keyword, scores know a little."""
    rng = random.Random(seed)
    items, truth, scores = [], [], []
    for i in range(n):
        bad = rng.random() < 0.02
        keyword = rng.random() < (0.8 if bad else 0.06)
        snippet = Snippet(prompt=f"p {seed}", completion=f"He {'bled' if keyword else 'sat'} {i}.")
        items.append(StoredSnippet(snippet=snippet, source=Source.NATURAL, split=Split.TRAIN, family=str(i)))
        truth.append(bad)
        scores.append(rng.gauss(2.0 if bad else 0.0, 1.0))
    return items, truth, scores


@given(SIZES, st.floats(0.1, 50))
def test_probabilities_are_proportional_capped_and_sum_to_n(sizes, n):
    pi = inclusion_probabilities(sizes, n)
    assert all(0 < p <= 1 for p in pi)
    assert math.isclose(sum(pi), min(n, len(sizes)), rel_tol=1e-9)
    free = [(p / size) for p, size in zip(pi, sizes, strict=True) if p < 1 - 1e-12]
    assert not free or max(free) <= min(free) * (1 + 1e-9)


def test_a_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="cannot be taken"):
        inclusion_probabilities([1.0, 0.0], 1)


def test_the_selection_is_enriched_and_keeps_its_probabilities():
    items, truth, scores = pool()
    found = select(items, 400, seed=1, keywords=["bled"], scores=scores)
    assert len(found) == 400
    assert all(0 < one.inclusion <= 1 for one in found)
    bad = {item.id for item, y in zip(items, truth, strict=True) if y}
    assert sum(one.id in bad for one in found) / len(found) > 2 * sum(truth) / len(truth)
    plain = [one for one in found if "sat" in one.snippet.completion]
    assert len(plain) > 100


def test_the_choice_of_one_does_not_depend_on_the_order():
    items, _, scores = pool(500)
    found = select(items, 60, seed=1, keywords=["bled"], scores=scores)
    again = select(items[::-1], 60, seed=1, keywords=["bled"], scores=scores[::-1])
    assert {one.id: one.inclusion for one in found} == pytest.approx({one.id: one.inclusion for one in again})
    assert {one.id for one in select(items, 60, seed=2)} != {one.id for one in select(items, 60, seed=1)}


def test_without_keywords_or_scores_it_is_uniform():
    items, _, _ = pool(500)
    assert {round(one.inclusion, 12) for one in select(items, 50, seed=0)} == {0.1}
    assert [len(select(items, n, seed=n)) for n in (1, 20, 30, 38, 499)] == [1, 20, 30, 38, 499]
    assert len(select(items, 900, seed=0)) == 500
    assert select([], 5, seed=0) == select(items, 0, seed=0) == []


def test_bad_scores_and_mixes_are_refused():
    items, _, _ = pool(10)
    for scores in ([1.0], [float("nan")] * 10):
        with pytest.raises(ValueError, match="one finite score each"):
            select(items, 2, seed=0, scores=scores)
    for mix in ({"uniform": 0}, {"keyword": -1}):
        with pytest.raises(ValueError, match="uniform part"):
            SelectionMix(**mix)


@pytest.mark.statistical
def test_weighting_gives_the_base_rate_back():
    """Over 200 selections: the mean is right, plain counting is not, and 95 % intervals hold the truth."""
    items, truth, scores = pool()
    bad = {item.id: y for item, y in zip(items, truth, strict=True)}
    rate, inside, estimates, naive = sum(truth) / len(truth), 0, [], []
    for seed in range(200):
        found = select(items, 400, seed=seed, keywords=["bled"], scores=scores)
        labels = [bad[one.id] for one in found]
        result = weighted_rate(labels, [one.inclusion for one in found])
        estimates.append(result.estimate)
        naive.append(sum(labels) / len(labels))
        inside += result.lower <= rate <= result.upper
    mean = sum(estimates) / 200
    error = math.sqrt(sum((x - mean) ** 2 for x in estimates) / 199 / 200)
    assert abs(mean - rate) < 3 * error
    assert sum(naive) / 200 > 2 * rate
    assert inside >= 180
    uniform = []
    for seed in range(200):
        found = select(items, 400, seed=seed)
        uniform.append(sum(bad[one.id] for one in found) / len(found))
    spread = math.sqrt(sum((x - rate) ** 2 for x in uniform) / 200)
    assert error * math.sqrt(200) < spread


def test_equal_weights_give_the_plain_rate():
    result = weighted_rate([True] * 5 + [False] * 95, [0.01] * 100)
    assert result.estimate == pytest.approx(0.05)
    assert (result.count, result.trials) == (5, 100)
    assert result.population == pytest.approx(10_000) and result.effective == pytest.approx(100)
    assert 0.015 < result.lower < 0.05 < result.upper < 0.12
    assert "5 of 100 labelled, worth 100" in str(result)


def test_nothing_found_is_no_zero():
    result = weighted_rate([False] * 300, [0.5] * 300)
    assert (result.estimate, result.lower) == (0.0, 0.0)
    assert result.upper == pytest.approx(-math.log(0.05) / 300)
    assert weighted_rate([True] * 3, [0.5] * 3).lower < 0.1
    assert weighted_rate([False] * 300, [0.5] * 299 + [0.1]).upper == pytest.approx(
        -math.log(0.05) * 10 / 608
    )


def test_a_whole_pool_labelled_has_no_error():
    result = weighted_rate([True, False, False, False], [1.0] * 4)
    assert result.lower == result.upper == result.estimate == 0.25


def test_bad_weights_are_refused():
    with pytest.raises(MeasurementError, match="no labelled"):
        weighted_rate([], [])
    for inclusion in ([0.0], [1.5], [0.5, 0.5]):
        with pytest.raises(ValueError, match="one inclusion probability"):
            weighted_rate([True], inclusion)
