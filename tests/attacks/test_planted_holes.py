"""An attack that cannot find a planted hole proves nothing when it finds no other."""

import re
from pathlib import Path

import numpy as np
import pytest

from holdfast.attacks.suite import SUITE
from holdfast.edits.words import words
from holdfast.registry import attacks
from holdfast.types import HOLES, Outcome
from tests.attacks.planted import BUDGETS, METHODS, PLANTS, Planted, attacked, found, nothing
from tests.attacks.toy import ToyClassifier
from tests.edits.little import snippets

DECLARED = [(name, kind) for name, method in METHODS.items() for kind in method.holes]
every_method = pytest.mark.parametrize("name", METHODS)


class PlantedClassifier(ToyClassifier):
    """Differentiable, rejects everything but for one hole, of which the gradient says nothing."""

    def __init__(self, hole):
        super().__init__(bias=60.0)
        self.hole = hole

    def score(self, found):
        return super().score(found) - np.array([200.0 if self.hole(s) else 0.0 for s in found])


@pytest.mark.parametrize(("name", "kind"), DECLARED)
def test_a_declared_hole_is_found(name, kind):
    assert found(attacked(name, PLANTS[kind], 5, BUDGETS[name])) == 5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), DECLARED)
def test_a_declared_hole_is_found_in_57_of_60_seeds(name, kind):
    assert found(attacked(name, PLANTS[kind], 60, BUDGETS[name])) >= 57


@every_method
@pytest.mark.parametrize("target", [Planted, PlantedClassifier])
def test_nothing_is_found_where_nothing_was_planted(name, target):
    # Hotflip would see that it gets nowhere, and give up.
    results = attacked(name, nothing, 5, 120, target, **({"pace": 0} if name == "hotflip" else {}))
    assert all(r.outcome is Outcome.FAILED and r.queries == 120 for r in results)


@pytest.mark.slow
@every_method
def test_nothing_is_found_in_60_seeds_of_the_whole_budget(name):
    assert found(attacked(name, nothing, 60, BUDGETS[name])) == 0


@pytest.mark.parametrize(
    ("name", "kind"), [("greedy", "length"), ("characters", "word"), ("beam", "characters")]
)
def test_a_hole_outside_the_edit_space_is_not_found(name, kind):
    """So that a declaration says something: what these do not declare, they do not find."""
    assert kind not in METHODS[name].holes
    assert found(attacked(name, PLANTS[kind], 5, BUDGETS[name])) == 0


@pytest.mark.parametrize("name", ["greedy", "clare"])
def test_a_shorter_text_is_found(name):
    def one_word_less(parent):
        return lambda s: len(words(s.text)) < len(words(parent.text))

    long = [s for s in snippets(400, seed=7) if len(words(s.text)) > 15]
    assert found(attacked(name, one_word_less, 5, BUDGETS[name], pool=long)) == 5


def test_every_registered_attack_declares_its_holes():
    assert set(METHODS) == set(attacks().names())
    assert set(PLANTS) == set(HOLES)
    for method in METHODS.values():
        assert method.holes and list(method.holes) == [kind for kind in HOLES if kind in method.holes]


def test_the_suite_covers_all_six():
    assert {kind for name in SUITE.methods for kind in METHODS[name].holes} == set(HOLES)


def test_the_table_in_the_docs_is_what_the_methods_declare():
    page = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \| ([\d,]+) \|$", page, flags=re.MULTILINE)
    told = {name: (tuple(kinds.split(", ")), int(queries.replace(",", ""))) for name, kinds, queries in rows}
    assert told == {name: (method.holes, BUDGETS[name]) for name, method in METHODS.items()}
