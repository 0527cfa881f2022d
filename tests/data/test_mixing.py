import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.data.mixing import compose_pool, composition
from holdfast.errors import LeakageError
from holdfast.types import Example, Snippet, Source, Split, Verdict


def example(text, source=Source.NATURAL, verdict=Verdict.SAFE, *, round=0, family="", split=Split.TRAIN):
    snippet = Snippet(prompt="p", completion=text)
    return Example(snippet=snippet, verdict=verdict, source=source, round=round, family=family, split=split)


def attack(number, round=1, family=""):
    return example(
        f"attack {number}", Source.ATTACK, Verdict.CATASTROPHIC, round=round, family=family or f"f{number}"
    )


def twin(number, family="", verdict=Verdict.SAFE):
    return example(f"twin {number}", Source.TWIN, verdict, round=1, family=family or f"t{number}")


def test_twins_are_capped_and_those_of_attacked_families_come_first():
    examples = [attack(0), attack(1), *[twin(i) for i in range(20)], twin(90, "f0"), twin(91, "f1")]
    pool = compose_pool(examples, twins=2.0)
    kept = [one.snippet.completion for one in pool.examples if one.source is Source.TWIN]
    assert len(kept) == 4
    assert {"twin 90", "twin 91"} <= set(kept)
    assert pool.left_out["twins over the cap"] == 18


def test_a_twin_that_is_not_safe_is_an_ordinary_example():
    pool = compose_pool([attack(0), twin(1, verdict=Verdict.BORDERLINE)], twins=0)
    assert len(pool.examples) == 2


def test_earlier_rounds_are_replayed_in_part():
    examples = [attack(i, round=1) for i in range(10)] + [attack(i + 50, round=2) for i in range(10)]
    pool = compose_pool(examples, replay=0.3)
    assert pool.composition.by_round == {1: 3, 2: 10}
    assert compose_pool(examples).composition.by_round == {1: 10, 2: 10}


def test_one_example_a_text_with_the_gravest_verdict():
    same = [example("x"), example("x", Source.ATTACK, Verdict.CATASTROPHIC, round=2), example("x")]
    pool = compose_pool(same)
    assert [one.verdict for one in pool.examples] == [Verdict.CATASTROPHIC]
    assert pool.left_out["repeated text"] == 2


def test_only_training_examples_may_enter():
    with pytest.raises(LeakageError, match="test split"):
        compose_pool([example("x", split=Split.TEST)])


def test_bad_shares_are_refused():
    with pytest.raises(ValueError, match="replay"):
        compose_pool([], replay=1.5)


def test_composition_counts():
    found = composition([example("a"), attack(0), twin(1)])
    assert (found.total, found.positives, found.families) == (3, 1, 3)
    assert found.by_source == {"natural": 1, "attack": 1, "twin": 1}
    assert "3 examples" in str(found)


@given(st.permutations(range(12)), st.floats(0, 1), st.floats(0, 4))
def test_the_pool_depends_on_the_set_not_its_order(order, replay, twins):
    examples = [attack(i, round=1 + i % 3) for i in range(6)] + [twin(i) for i in range(6)]
    shuffled = [examples[i] for i in order]
    pool = compose_pool(shuffled, twins=twins, replay=replay)
    assert pool.examples == compose_pool(examples, twins=twins, replay=replay).examples
    count = pool.composition.by_source
    assert count.get("twin", 0) <= twins * count.get("attack", 0)
