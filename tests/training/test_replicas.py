"""Parts of a batch over several processes: the weights of one, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from holdfast.config import ClassifierConfig, GeneratorConfig, TrainConfig
from holdfast.errors import InputError, TrainingError
from holdfast.processes import worker_seconds
from holdfast.training import replicas as module
from holdfast.training.replicas import Replicas
from holdfast.training.trainer import ClassifierTraining, GeneratorTraining, train_classifier, train_generator
from holdfast.types import Split
from tests.models import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

TRAIN = tiny.examples(80)
HELD = tiny.examples(40, 1000, Split.VALIDATION)


@dataclass
class Line:
    """A model of two numbers; part 13 is refused."""

    model: Any

    def loss(self, inputs, step, part):  # noqa: ANN201
        if int(inputs["x"][0]) == 13:
            raise InputError("thirteen", do="leave it out")
        y = self.model(inputs["x"][:, None].float()) + torch.rand(())
        return y.pow(2).mean(), {"noise": y.detach().mean()}

    def weigh(self, piece):  # noqa: ANN201
        return piece, float(self.model.weight.detach())


def line() -> Line:
    model = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(model.weight)
    torch.nn.init.zeros_(model.bias)
    model.device = torch.device("cpu")  # type: ignore[assignment]
    return Line(model)


def gradient(processes: int, steps: int = 3) -> list[float]:
    """Of five parts a step, in processes that see each step's weights."""
    with Replicas(line(), parts=5, processes=processes, seed=3) as replicas:
        found = []
        model = replicas.work.model
        for step in range(steps):
            model.zero_grad(set_to_none=True)
            parts = [{"x": torch.arange(1, 4) * (part + 1)} for part in range(5)]
            loss, figures = replicas.backward(parts, step)
            found += [float(loss), float(figures["noise"]), float(model.weight.grad), float(model.bias.grad)]
            with torch.no_grad():
                model.weight -= 0.01 * model.weight.grad
    assert not multiprocessing.active_children()
    return found


def test_gradients_are_those_of_one_process_whatever_their_number() -> None:
    alone = gradient(1)
    before = worker_seconds()
    assert gradient(2) == alone
    assert worker_seconds() > before
    assert gradient(4) == alone


def test_pieces_are_answered_in_order_on_the_weights_of_now() -> None:
    with Replicas(line(), parts=2, processes=2) as replicas:
        with torch.no_grad():
            replicas.work.model.weight.fill_(7.0)
        assert replicas.each("weigh", list(range(5))) == [(i, 7.0) for i in range(5)]


def test_an_error_in_another_process_is_the_error_of_the_caller() -> None:
    with Replicas(line(), parts=2, processes=2) as replicas, pytest.raises(InputError, match="thirteen"):
        replicas.backward([{"x": torch.ones(2)}, {"x": torch.tensor([13])}], 0)


def test_a_fault_there_is_told_with_its_place_and_one_here_leaves_nothing(capfd) -> None:
    with Replicas(line(), parts=2, processes=2) as replicas, pytest.raises(KeyError) as told:
        replicas.backward([{"x": torch.ones(2)}, {"y": torch.ones(2)}], 0)
    assert "in loss" in told.value.__notes__[0]
    with Replicas(line(), parts=2, processes=2) as replicas, pytest.raises(InputError, match="thirteen"):
        replicas.backward([{"x": torch.tensor([13])}, {"x": torch.ones(200_000)}], 0)
    assert not multiprocessing.active_children()
    assert "Traceback" not in capfd.readouterr().err


def test_a_lost_process_is_told() -> None:
    with Replicas(line(), parts=2, processes=2) as replicas:
        (child,) = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGKILL)
        with pytest.raises(TrainingError, match=r"exit code -9[\s\S]*run the same command again"):
            replicas.backward([{"x": torch.ones(2)}] * 2, 0)


def test_little_shared_memory_means_one_process(monkeypatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage._replace(free=10))
    monkeypatch.setattr(module, "_SHARED_MEMORY", Path("/"))
    with Replicas(line(), parts=2, processes=2) as replicas:
        assert not multiprocessing.active_children()
        replicas.backward([{"x": torch.ones(2)}] * 2, 0)


def dropping():  # noqa: ANN201
    """A classifier with dropout, so that the random state matters."""
    made = tiny.classifier()
    for layer in made.model.model.layers:
        layer.self_attn.attention_dropout = 0.3
    return made


class Killed(Exception):
    """Stands for a process that ends."""


def killed(done: int, total: int) -> None:
    if done == 5:
        raise Killed


def test_a_classifier_is_the_same_over_any_number_of_processes(tmp_path: Path) -> None:
    """SiFT and dropout draw random numbers, and evaluation chooses the weights; killed in between as well."""
    made = ClassifierTraining(
        model=ClassifierConfig(**tiny.SMALL, accumulation=2),
        train=TrainConfig(steps=8, evaluate_every=4, save_every=3, objective="sift"),
    )
    spread = replace(made, processes=2)
    alone = train_classifier(TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "alone")
    with pytest.raises(Killed):
        train_classifier(TRAIN, HELD, model=dropping, settings=spread, out=tmp_path / "two", progress=killed)
    assert not multiprocessing.active_children()
    both = train_classifier(TRAIN, HELD, model=dropping, settings=spread, out=tmp_path / "two")
    assert both.resumed_from == 3
    assert both.checkpoint.sha256 == alone.checkpoint.sha256
    assert both.evaluations == alone.evaluations and len(both.evaluations) == 2
    assert both.history == alone.history


def test_a_generator_is_the_same_over_any_number_of_processes(tmp_path: Path) -> None:
    found = []
    for processes in (1, 2):
        settings = GeneratorTraining(
            model=GeneratorConfig(**tiny.SMALL, accumulation=2, steps=4), processes=processes
        )
        out = tmp_path / str(processes)
        texts = [e.snippet for e in TRAIN]
        found.append(train_generator(texts, model=tiny.generator, settings=settings, out=out))
    assert found[0].checkpoint.sha256 == found[1].checkpoint.sha256
