import pytest

from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.random_edits import RandomRewriting
from holdfast.attacks.run import assign, build_mix, run_attacks
from holdfast.errors import ConfigError, UnknownNameError
from holdfast.testing import KeywordScorer, timeless
from holdfast.types import AttackBudget
from tests.attacks.toy import ToyClassifier
from tests.edits.little import proposer, snippets

PARENTS = snippets(24, seed=11)
TARGET = ToyClassifier(bias=1.0)


def mix():
    return build_mix({"beam": 3, "random": 1}, proposer=proposer(), settings={"beam": {"level": 8}})


def run(parents=PARENTS, **more):
    return run_attacks(parents, mix(), TARGET, -4.0, AttackBudget(queries=25), 9, **more)


def test_a_mix_is_built_by_name():
    (beam, three), (random, one) = mix()
    assert isinstance(beam, BeamRewriting) and beam.settings.level == 8 and three == 3
    assert isinstance(random, RandomRewriting) and one == 1
    assert build_mix({"beam": 1, "random": 0}, proposer=proposer())[0][0].name == "beam@1"
    with pytest.raises(UnknownNameError, match="did you mean 'beam'"):
        build_mix({"baem": 1}, proposer=proposer())
    with pytest.raises(ConfigError, match="level"):
        build_mix({"beam": 1}, proposer=proposer(), settings={"beam": {"levels": 3}})


def test_shares_are_exact_and_do_not_depend_on_the_order():
    given = mix()
    first = {p.id: a.name for p, a in assign(PARENTS, given, 1)}
    assert sorted(first.values()).count("beam@1") == 18
    assert {p.id: a.name for p, a in assign(PARENTS[::-1], given, 1)} == first
    assert {p.id: a.name for p, a in assign(PARENTS, given, 2)} != first
    assert [p for p, _ in assign([*PARENTS, PARENTS[0]], given, 1)] == PARENTS
    with pytest.raises(ValueError, match="shares"):
        assign(PARENTS, [], 1)


def test_a_resumed_run_equals_an_unbroken_one():
    kept = []
    whole = run(on_result=kept.append)
    assert kept == whole and [r.parent for r in whole] == PARENTS
    for done in (1, 17, 24):
        rest = run(skip={p.id for p in PARENTS[:done]})
        assert [timeless(r) for r in rest] == [timeless(r) for r in whole[done:]]


def test_results_do_not_depend_on_the_order_of_the_parents():
    backwards = run(PARENTS[::-1])[::-1]
    assert [timeless(r) for r in backwards] == [timeless(r) for r in run()]


def test_each_result_is_handed_over_before_the_next_is_begun():
    seen = []

    class Watched(KeywordScorer):
        def score(self, texts):
            if texts[0] in PARENTS:
                assert len(seen) == PARENTS.index(texts[0])
            return super().score(texts)

    run_attacks(PARENTS, mix(), Watched({}, 1.0), 0.0, AttackBudget(queries=3), 1, on_result=seen.append)
    assert len(seen) == len(PARENTS)
