"""The suite: its definition is frozen, runs go on where they stopped, training keeps off what is held out."""

from dataclasses import replace

import pytest

from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.characters import CharacterRewriting
from holdfast.attacks.genetic import GeneticRewriting
from holdfast.attacks.greedy import GreedyRewriting
from holdfast.attacks.hotflip import HotFlip
from holdfast.attacks.random_edits import RandomRewriting
from holdfast.attacks.suite import SUITE, attacker_name, check_trainable, run_suite, suite_seed
from holdfast.errors import ConfigError
from holdfast.provenance import hash_text
from holdfast.testing import timeless
from tests.attacks.toy import ToyClassifier
from tests.edits.little import proposer, snippets

CLASSES = {
    "beam": BeamRewriting,
    "hotflip": HotFlip,
    "greedy": GreedyRewriting,
    "random": RandomRewriting,
    "genetic": GeneticRewriting,
    "characters": CharacterRewriting,
}
PARENTS = snippets(5, seed=3)


def attacks(*names):
    return [CLASSES[n](proposer=proposer(), **SUITE.settings[n]) for n in names or SUITE.methods]


def run(done=lambda name: (), seeds=2, stop=None):
    found = []

    def keep(name, result):
        found.append((name, timeless(result)))
        if stop and len(found) == stop:
            raise KeyboardInterrupt

    arguments = {"target": ToyClassifier(bias=1.0), "threshold": -4.0, "budget": 25, "seeds": seeds}
    try:
        run_suite(SUITE, attacks("beam", "greedy"), PARENTS, on_result=keep, done=done, **arguments)
    except KeyboardInterrupt:
        pass
    return found


def test_suite_3_is_frozen():
    """A change here is a new suite: give it a new name, and keep this digest for the old one."""
    fields = {k: v for k, v in sorted(vars(SUITE).items())}
    assert SUITE.name == "suite-3"
    assert hash_text(repr(fields))[:16] == "0026b2b05921da8e"


def test_every_setting_is_the_suites_own():
    """Every field is named: a default that changes later changes no suite."""
    for name, version, attack in zip(SUITE.methods, SUITE.versions, attacks(), strict=True):
        assert attack.name == version
        assert set(vars(attack.settings)) == set(SUITE.settings[name])
    assert set(SUITE.settings) == set(SUITE.methods)


def test_a_resumed_suite_equals_an_unbroken_one():
    whole = run()
    assert len(whole) == len({(n, r.parent.id) for n, r in whole}) == 2 * 2 * len(PARENTS)
    for stop in (1, 7, 13):
        first = run(stop=stop)
        there = {(n, r.parent.id) for n, r in first}
        rest = run(lambda name, there=there: {p for n, p in there if n == name})
        assert first + rest == whole


def test_searches_are_named_by_method_seed_and_budget():
    names = list(dict.fromkeys(n for n, _ in run()))
    wanted = [(v, s) for s in (0, 1) for v in ("beam@1", "greedy@1")]
    assert names == [attacker_name(SUITE, v, s, 25) for v, s in wanted]
    assert len({attacker_name(SUITE, "beam@1", s, b) for s in (0, 1) for b in SUITE.budgets}) == 8


def test_seconds_are_those_of_the_clock_and_of_one_search():
    ticks = iter(range(1000))
    found = []
    run_suite(
        SUITE,
        attacks("random"),
        PARENTS,
        target=ToyClassifier(bias=1.0),
        threshold=-4.0,
        budget=5,
        seeds=1,
        on_result=lambda name, result: found.append(result.seconds),
        clock=lambda: float(next(ticks)),
    )
    assert found == [1.0] * len(PARENTS)


def test_seeds_differ_and_there_are_so_many():
    assert len({suite_seed(SUITE, n) for n in range(SUITE.seeds)}) == SUITE.seeds
    assert suite_seed(replace(SUITE, name="suite-4"), 0) != suite_seed(SUITE, 0)
    with pytest.raises(ConfigError, match="seed 3"):
        suite_seed(SUITE, SUITE.seeds)


def test_training_may_not_use_what_is_held_out():
    assert SUITE.held_out and set(SUITE.held_out) < set(SUITE.methods)
    check_trainable([m for m in SUITE.methods if m not in SUITE.held_out])
    check_trainable(["an-attack-of-ones-own"])
    for name in SUITE.held_out:
        with pytest.raises(ConfigError, match=name):
            check_trainable(["beam", name])
