from __future__ import annotations

from collections import Counter

import pytest

from holdfast.errors import InputError
from holdfast.training.sampler import BatchSampler, Shares, classifier_groups
from holdfast.types import Example, Snippet, Source, Verdict


def example(i: int, wide: bool, source: Source = Source.NATURAL, family: str = "") -> Example:
    return Example(
        snippet=Snippet(prompt="p", completion=str(i)),
        verdict=Verdict.BORDERLINE if wide else Verdict.SAFE,
        source=source,
        family=family,
    )


EXAMPLES = (
    [example(i, True) for i in range(60)]
    + [example(100 + i, False) for i in range(500)]
    + [example(700 + i, True, Source.ATTACK, "big") for i in range(10)]
    + [example(800 + i, True, Source.ATTACK, f"small {i}") for i in range(10)]
    + [example(900 + i, False, Source.TWIN) for i in range(40)]
)
LENGTHS = [10 + (i * 7919) % 50 for i in range(len(EXAMPLES))]


def sampler(shares: Shares, steps: int = 200, batch: int = 20, seed: int = 0) -> BatchSampler:
    groups = classifier_groups(EXAMPLES, shares, batch=batch, steps=steps)
    return BatchSampler(groups, LENGTHS, batch=batch, seed=seed)


def kinds(indices: list[int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for i in indices:
        e = EXAMPLES[i]
        found["wide" if e.verdict.wide else "safe"] += 1
        found[e.source.value] += 1
    return found


def test_shares_hold_in_every_batch() -> None:
    made = sampler(Shares(positives=0.3, adversarial=0.15, twins=0.15, repeats=1e9))
    for step in range(64):
        batch = made.batch(step)
        found = kinds(batch)
        assert len(batch) == 20
        assert abs(found["wide"] - 6) <= 1 and abs(found["attack"] - 3) <= 1 and abs(found["twin"] - 3) <= 1
    total = kinds([i for s in range(200) for i in made.batch(s)])
    assert total["attack"] == 600 and total["twin"] == 600 and total["wide"] == 1200


def test_ten_rewrites_of_one_parent_count_as_one() -> None:
    made = sampler(Shares(repeats=1e9))
    drawn = Counter(i for s in range(192) for i in made.batch(s))
    family = Counter()
    for i, n in drawn.items():
        if EXAMPLES[i].source is Source.ATTACK:
            family[EXAMPLES[i].family] += n
    assert len(family) == 11 and max(family.values()) - min(family.values()) <= 1
    members = [drawn[i] for i, e in enumerate(EXAMPLES) if e.family == "big"]
    assert min(members) > 0 and max(members) - min(members) <= 1


def test_repeats_are_capped() -> None:
    made = sampler(Shares(repeats=6))
    drawn = [i for s in range(200) for i in made.batch(s)]
    assert kinds(drawn)["attack"] == pytest.approx(6 * 20, abs=2)
    assert kinds(drawn)["twin"] == pytest.approx(6 * 40, abs=2)
    assert kinds(drawn)["wide"] == pytest.approx(0.3 * 4000, abs=2)


def test_everything_comes_once_before_anything_comes_twice() -> None:
    made = sampler(Shares(adversarial=0, twins=0))
    drawn: Counter[int] = Counter()
    for step in range(48):
        drawn.update(i for i in made.batch(step) if not EXAMPLES[i].verdict.wide)
    assert max(drawn.values()) - min(drawn.values()) <= 1


def test_a_pure_function_of_seed_and_step() -> None:
    one, two = sampler(Shares()), sampler(Shares())
    forwards = [one.batch(s) for s in range(100)]
    assert [two.batch(s) for s in reversed(range(100))][::-1] == forwards
    assert [sampler(Shares(), seed=1).batch(s) for s in range(5)] != forwards[:5]


def test_batches_hold_similar_lengths() -> None:
    made = sampler(Shares(), batch=40)
    spread = [max(LENGTHS[i] for i in b) - min(LENGTHS[i] for i in b) for b in map(made.batch, range(64))]
    assert sum(spread) / len(spread) < 20
    assert len({max(LENGTHS[i] for i in made.batch(s)) for s in range(16)}) > 6


def test_both_classes_are_needed() -> None:
    with pytest.raises(InputError, match="no positive"):
        classifier_groups(EXAMPLES[60:560], Shares(), batch=8, steps=10)
    with pytest.raises(InputError, match="no safe"):
        classifier_groups(EXAMPLES[:60], Shares(), batch=8, steps=10)


def test_only_adversarial_positives() -> None:
    groups = classifier_groups(EXAMPLES[60:], Shares(), batch=20, steps=100)
    assert {g.name: round(g.quota) for g in groups}["adversarial"] == 6
    assert sum(g.quota for g in groups) == pytest.approx(20)
