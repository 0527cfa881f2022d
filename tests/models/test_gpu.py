"""On a GPU, where there is one: what it computes is what a CPU computes, up to rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from holdfast.attacks.assist import EditAssistant
from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.hotflip import HotFlip
from holdfast.attacks.saliency import METHODS, saliency_map
from holdfast.config import ClassifierConfig, GeneratorConfig, TrainConfig
from holdfast.edits.text import apply
from holdfast.models.classifier import load_classifier, new_classifier
from holdfast.models.generator import load_generator
from holdfast.training.trainer import ClassifierTraining, GeneratorTraining, train_classifier, train_generator
from holdfast.types import AttackBudget, EditRequest, Split
from tests.edits.little import proposer, snippets
from tests.models import tiny

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch sees")

SNIPPETS = [tiny.snippet(i, i % 2 == 0) for i in range(40)]
FAMILIES = ["llama", "bert", "deberta-v2"]


def pair_on(folder, kind: str, **options):
    """The same untrained classifier on a CPU and on the GPU."""
    if kind == "llama":
        made = tiny.classifier(seed=1)
    else:
        base = ClassifierConfig(base=str(tiny.encoder(folder / "base", kind)), max_length=64)
        made = new_classifier(base, device="cpu", seed=1)
    made.save(folder / "c")
    return [load_classifier(folder / "c", device=device, **options) for device in ("cpu", "cuda")]


@pytest.mark.parametrize("kind", FAMILIES)
def test_scores_and_maps_are_those_of_a_cpu(kind, tmp_path) -> None:
    here, there = pair_on(tmp_path, kind)
    np.testing.assert_allclose(there.score(SNIPPETS), here.score(SNIPPETS), atol=1e-4)
    for method in METHODS:
        first, second = (saliency_map(SNIPPETS[0], target, method).words for target in (here, there))
        assert [w[:3] for w in first] == [w[:3] for w in second]
        np.testing.assert_allclose([w[3] for w in second], [w[3] for w in first], atol=1e-4)


@pytest.mark.parametrize("kind", FAMILIES)
def test_bfloat16_scores_are_near(kind, tmp_path) -> None:
    here, there = pair_on(tmp_path, kind, dtype="bfloat16")
    np.testing.assert_allclose(there.score(SNIPPETS), here.score(SNIPPETS), atol=0.05)


def test_menus_are_ordered_alike(tmp_path) -> None:
    here, there = pair_on(tmp_path, "bert")
    snippet, request = snippets(1)[0], EditRequest(exact=12)
    menus = [
        EditAssistant(target, proposer()).edits_at(snippet, "completion", 0, 3, request)
        for target in (here, there)
    ]
    logits = [[e.logit for e in menu] for menu in menus]
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)
    exact = here.score([apply(snippet, e.edit) for e in menus[1]])
    np.testing.assert_allclose(logits[1], exact, atol=1e-4)


@pytest.mark.parametrize("attack", [BeamRewriting, HotFlip])
def test_an_attack_stays_within_its_budget_and_its_logits_are_true(attack, tmp_path) -> None:
    here, there = pair_on(tmp_path, "llama")
    threshold = float(np.quantile(there.score(SNIPPETS), 0.3))
    parents = [s for s, z in zip(SNIPPETS, there.score(SNIPPETS), strict=True) if z >= threshold][:4]
    for parent in parents:
        found = attack(proposer=proposer()).run(parent, there, threshold, AttackBudget(queries=60), 1)
        assert found.queries <= 60
        logits = here.score([step.snippet for step in found.steps])
        np.testing.assert_allclose([step.logit for step in found.steps], logits, atol=1e-4)


@pytest.mark.parametrize("objective", ["ce", "sift"])
@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_training_learns_and_goes_on_where_it_was_killed(objective, arithmetic, tmp_path) -> None:
    settings = ClassifierTraining(
        model=ClassifierConfig(**(tiny.SMALL | {"learning_rate": 3e-3})),
        train=TrainConfig(steps=40, evaluate_every=20, save_every=10, objective=objective),
        arithmetic=arithmetic,
        processes=2,  # on a GPU one works
    )

    tiny.classifier(seed=1).save(tmp_path / "c")

    def model():  # noqa: ANN202
        return load_classifier(tmp_path / "c", device="cuda")

    class Killed(Exception):
        pass

    def progress(done: int, total: int) -> None:
        if done == 25:
            raise Killed

    data = tiny.examples(200), tiny.examples(60, 1000, Split.VALIDATION)
    train_classifier(*data, model=model, settings=settings, out=tmp_path / "whole")
    with pytest.raises(Killed):
        train_classifier(*data, model=model, settings=settings, out=tmp_path / "cut", progress=progress)
    resumed = train_classifier(*data, model=model, settings=settings, out=tmp_path / "cut")
    assert resumed.resumed_from == 20
    first, second = (load_classifier(tmp_path / n, device="cpu").score(SNIPPETS) for n in ("whole", "cut"))
    # Sums on a GPU come in no fixed order: near, not equal.
    np.testing.assert_allclose(second, first, atol=0.05)
    harm = np.arange(len(SNIPPETS)) % 2 == 0
    assert first[harm].min() > first[~harm].max()


def test_a_generator_learns_and_draws_as_on_a_cpu(tmp_path) -> None:
    base = tiny.generator()
    base.save(tmp_path / "base")
    settings = GeneratorTraining(
        model=GeneratorConfig(**(tiny.SMALL | {"steps": 60, "batch": 16, "learning_rate": 1e-2})),
        arithmetic="float32",
        processes=2,
    )
    found = train_generator(
        [tiny.snippet(i, i % 4 == 0) for i in range(120)],
        model=lambda: load_generator(tmp_path / "base", device="cuda"),
        settings=settings,
        out=tmp_path / "g",
    )
    assert found.history[-1]["loss"] < 0.8 * found.history[0]["loss"]
    here, there = (load_generator(tmp_path / "g", device=device) for device in ("cpu", "cuda"))
    prompts = [s.prompt for s in SNIPPETS[:8]]
    drawn = there.sample(prompts, 4, 7)
    assert drawn == there.sample(prompts, 4, 7)
    pairs = [
        (a, b)
        for row, other in zip(drawn, here.sample(prompts, 4, 7), strict=True)
        for a, b in zip(row, other, strict=True)
    ]
    # The same uniform numbers: only where one falls on an edge rounding can tell.
    assert sum(a == b for a, b in pairs) >= 0.9 * len(pairs)
    for s in SNIPPETS[:4]:
        mine, theirs = (g.log_prob(s.prompt, s.completion) for g in (here, there))
        assert math.isclose(mine, theirs, abs_tol=1e-3)
