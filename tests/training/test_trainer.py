"""The loop: accumulation, resuming, evaluating, selecting, finishing."""

from __future__ import annotations

import errno
import gc
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file

from holdfast.config import ClassifierConfig, Config, GeneratorConfig, TrainConfig
from holdfast.errors import CheckpointError, InputError
from holdfast.models.checkpoint import weights_hash
from holdfast.models.classifier import HFClassifier, load_classifier, new_classifier
from holdfast.models.generator import load_generator, new_generator
from holdfast.training import classifying
from holdfast.training.loop import LoopSettings, run
from holdfast.training.replicas import Replicas
from holdfast.training.trainer import ClassifierTraining, GeneratorTraining, train_classifier, train_generator
from holdfast.types import Example, Snippet, Split, Verdict
from tests.models import tiny

TRAIN = tiny.examples(80)
HELD = tiny.examples(40, 1000, Split.VALIDATION)


def settings(steps: int = 12, **changes) -> ClassifierTraining:
    train = {"steps": steps, "evaluate_every": 4, "save_every": 3} | changes
    return ClassifierTraining(
        model=ClassifierConfig(**tiny.SMALL), train=TrainConfig(**train), arithmetic="float32"
    )


def dropping() -> HFClassifier:
    """A classifier with dropout, so that the random state matters."""
    made = tiny.classifier()
    for layer in made.model.model.layers:
        layer.self_attn.attention_dropout = 0.3
    return made


@dataclass
class Plain:
    """Cross-entropy on the batch as it is."""

    model: Any

    def loss(self, inputs, step, part):  # noqa: ANN201
        inputs = dict(inputs)
        target = inputs.pop("labels")
        return torch.nn.functional.cross_entropy(self.model(**inputs).logits.float(), target), {}


class Killed(Exception):
    """Stands for a process that ends."""


def killed_at(step: int):
    def progress(done: int, total: int) -> None:
        if done == step:
            raise Killed

    return progress


@pytest.mark.parametrize(
    "kind", ["bert", "roberta", "distilbert", "deberta-v2", "modernbert", "gpt2", "llama"]
)
def test_accumulated_gradients_are_those_of_the_whole_batch(kind, tmp_path) -> None:
    ids = torch.randint(5, 40, (32, 10), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 2

    def batch(step: int, part: int, parts: int):
        rows = slice(part, None, parts)
        return {"input_ids": ids[rows], "attention_mask": torch.ones_like(ids[rows]), "labels": labels[rows]}

    def gradients(parts: int) -> torch.Tensor:
        model = tiny.architecture(kind, 40, head=True, layers=1)
        seen: dict[torch.Tensor, torch.Tensor] = {}
        for p in model.parameters():
            p.register_post_accumulate_grad_hook(lambda p: seen.__setitem__(p, p.grad.clone()))
        loop = LoopSettings(work=tmp_path / str(parts), steps=1, clip=0, save_every=9, warmup=0)
        run(Replicas(Plain(model), parts=parts), batch, loop)
        return torch.cat([seen[p].flatten() for p in model.parameters() if p in seen])

    whole, accumulated = gradients(1), gradients(4)
    assert float(accumulated.norm() / whole.norm()) == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(accumulated, whole, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("objective", ["ce", "sift"])
def test_killed_and_resumed_ends_with_the_same_weights(objective, tmp_path) -> None:
    made = settings(objective=objective)
    whole = train_classifier(TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "whole")
    for step in (5, 11):
        with pytest.raises(Killed):
            train_classifier(
                TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "cut", progress=killed_at(step)
            )
        assert not (tmp_path / "cut").exists()
    resumed = train_classifier(TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "cut")
    assert resumed.resumed_from == 9
    assert resumed.checkpoint.sha256 == whole.checkpoint.sha256
    assert resumed.evaluations == whole.evaluations and len(whole.evaluations) == 3
    assert resumed.selected == whole.selected and resumed.history == whole.history
    assert not (tmp_path / "cut.work").exists()
    if objective == "sift":
        assert whole.history[-1]["adversarial_divergence"] > 0
        assert whole.history[0]["dropout_divergence"] > 0


def test_evaluating_does_not_change_the_weights(tmp_path) -> None:
    made = settings(6, evaluate_every=1)
    with_ = dropping()
    without = dropping()
    train_classifier(TRAIN, [], model=without, settings=made, out=tmp_path / "without")
    seen = []
    train_classifier(
        TRAIN,
        HELD,
        model=with_,
        settings=made,
        out=tmp_path / "with",
        progress=lambda done, total: seen.append(weights_hash(with_.model)),
    )
    assert seen[-1] == weights_hash(without.model)


def test_global_random_states_are_left_alone(tmp_path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    train_classifier(TRAIN, HELD, model=dropping, settings=settings(2), out=tmp_path / "c")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


_SCRIPT = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from tests.training import test_trainer as t
out = Path(sys.argv[1])
def progress(done, total):
    print(done, flush=True)
t.train_classifier(t.TRAIN, t.HELD, model=t.dropping, settings=t.settings(24), out=out, progress=progress)
"""


def test_sigkill_in_the_second_epoch(tmp_path) -> None:
    """80 examples, 8 a step: the second pass over the safe ones begins after step 10."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    out = tmp_path / "killed"
    command = [sys.executable, "-c", _SCRIPT, str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "14":
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    assert not out.exists() and (tmp_path / "killed.work").exists()
    resumed = train_classifier(TRAIN, HELD, model=dropping, settings=settings(24), out=out)
    whole = train_classifier(TRAIN, HELD, model=dropping, settings=settings(24), out=tmp_path / "whole")
    assert resumed.resumed_from in (9, 12)
    assert resumed.checkpoint.sha256 == whole.checkpoint.sha256


def test_a_torn_checkpoint_is_not_used(tmp_path) -> None:
    made = settings()
    with pytest.raises(Killed):
        train_classifier(
            TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "c", progress=killed_at(8)
        )
    work = tmp_path / "c.work"
    (work / "checkpoint-6" / "complete").unlink()
    (work / "checkpoint-6" / "optimizer.pt").write_bytes(b"torn")
    resumed = train_classifier(TRAIN, HELD, model=dropping, settings=made, out=tmp_path / "c")
    assert resumed.resumed_from == 3


def test_finished_returns_at_once_and_refuses_other_data(tmp_path) -> None:
    made = settings(4)
    first = train_classifier(TRAIN, HELD, model=tiny.classifier, settings=made, out=tmp_path / "c")

    def never() -> HFClassifier:
        raise AssertionError("built although there is nothing to do")

    began = time.process_time()
    again = train_classifier(TRAIN, HELD, model=never, settings=made, out=tmp_path / "c")
    assert again == first and time.process_time() - began < 1
    with pytest.raises(CheckpointError, match="other data"):
        train_classifier(TRAIN[1:], HELD, model=never, settings=made, out=tmp_path / "c")
    weights = tmp_path / "c" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="changed"):
        train_classifier(TRAIN, HELD, model=never, settings=made, out=tmp_path / "c")


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_arithmetic_is_configured_recorded_and_makes_the_weights(arithmetic, tmp_path) -> None:
    chosen = ClassifierTraining.of(Config(arithmetic=arithmetic), seed=0)
    assert chosen.arithmetic == arithmetic
    found = {
        one: train_classifier(
            TRAIN,
            HELD,
            model=tiny.classifier,
            settings=replace(settings(4), arithmetic=one),
            out=tmp_path / one,
        )
        for one in ("float32", arithmetic)
    }
    assert found[arithmetic].arithmetic == arithmetic
    same = found["float32"].checkpoint.sha256 == found[arithmetic].checkpoint.sha256
    assert same == (arithmetic == "float32")


def test_it_learns_and_keeps_the_best_weights(tmp_path) -> None:
    # 0.48 accepted of which a quarter is wide: the best recall there is is 1
    made = settings(60, evaluate_every=10)
    found = train_classifier(TRAIN, HELD, model=tiny.classifier, settings=made, out=tmp_path / "c")
    assert found.selected is not None and found.selected.recall == 1.0
    assert found.selected == [e for e in found.evaluations if e.recall == 1.0][-1]
    assert found.counts == {"natural:wide": 20, "natural:safe": 60}
    loaded = load_classifier(tmp_path / "c", ref=found.checkpoint, device="cpu")
    scores = loaded.score([e.snippet for e in HELD])
    assert scores[[e.verdict.wide for e in HELD]].min() > 0 > scores[[not e.verdict.wide for e in HELD]].max()


def test_nothing_of_a_trainer_is_left(tmp_path) -> None:
    """It holds the optimiser's memory: on a GPU the next training would find it taken."""
    gc.disable()
    try:
        train_classifier(TRAIN, HELD, model=tiny.classifier, settings=settings(4), out=tmp_path / "c")
        assert not [o for o in gc.get_objects() if issubclass(type(o), transformers.Trainer)]
    finally:
        gc.enable()


def test_patience(tmp_path) -> None:
    made = settings(100, evaluate_every=2, patience=2)
    found = train_classifier(TRAIN, HELD, model=tiny.classifier, settings=made, out=tmp_path / "c")
    assert found.selected is not None
    assert found.steps == 100 or found.steps == found.selected.step + 4


def test_warm_start_from_a_saved_classifier(tmp_path) -> None:
    first = train_classifier(TRAIN, HELD, model=tiny.classifier, settings=settings(4), out=tmp_path / "a")
    warm = load_classifier(tmp_path / "a", ref=first.checkpoint, device="cpu")
    second = train_classifier(TRAIN, HELD, model=warm, settings=settings(3), out=tmp_path / "b")
    assert second.checkpoint.sha256 != first.checkpoint.sha256
    assert load_classifier(tmp_path / "b", device="cpu").metadata.template == "sep"


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_an_encoder_as_base(kind, tmp_path) -> None:
    base = ClassifierConfig(**(tiny.SMALL | {"base": str(tiny.encoder(tmp_path / "base", kind))}))
    made = ClassifierTraining(model=base, train=TrainConfig(steps=4, objective="sift"))
    train_classifier(
        TRAIN, HELD, model=lambda: new_classifier(base, device="cpu"), settings=made, out=tmp_path / "c"
    )
    assert load_classifier(tmp_path / "c", device="cpu").metadata.template == "pair"


def test_generator_resumes_and_ends_its_sentences(tmp_path) -> None:
    snippets = [tiny.snippet(i, i % 4 == 0) for i in range(120)]
    config = GeneratorConfig(**(tiny.SMALL | {"steps": 120, "batch": 16, "learning_rate": 1e-2}))
    made = GeneratorTraining(model=config, save_every=20, arithmetic="float32")
    whole = train_generator(snippets, model=tiny.generator, settings=made, out=tmp_path / "whole")
    with pytest.raises(Killed):
        train_generator(
            snippets, model=tiny.generator, settings=made, out=tmp_path / "cut", progress=killed_at(105)
        )
    resumed = train_generator(snippets, model=tiny.generator, settings=made, out=tmp_path / "cut")
    assert resumed.resumed_from == 100 and resumed.checkpoint.sha256 == whole.checkpoint.sha256
    assert whole.history[-1]["loss"] < 0.6 * whole.history[0]["loss"]
    loaded = load_generator(tmp_path / "cut", ref=resumed.checkpoint, device="cpu")
    drawn = [c for row in loaded.sample([s.prompt for s in snippets[:20]], 1, 0) for c in row]
    assert sum(c.endswith(".") for c in drawn) >= 15, drawn
    again = train_generator(snippets, model=tiny.generator, settings=made, out=tmp_path / "cut")
    assert again == resumed
    weights = load_file(tmp_path / "cut" / "model.safetensors")
    made_from = ClassifierConfig(**(tiny.SMALL | {"base": "generator"}))
    classifier = new_classifier(made_from, generator=tmp_path / "cut", device="cpu")
    assert torch.equal(classifier.model.get_input_embeddings().weight, weights["model.embed_tokens.weight"])


def test_hub_style_model_as_generator_base(tmp_path) -> None:
    base = tiny.hub_causal(tmp_path / "hub")
    config = GeneratorConfig(**(tiny.SMALL | {"steps": 3, "base": str(base)}))
    snippets = [tiny.snippet(i, False) for i in range(20)]
    train_generator(
        snippets,
        model=lambda: new_generator(config, device="cpu"),
        settings=GeneratorTraining(model=config),
        out=tmp_path / "g",
    )
    loaded = load_generator(tmp_path / "g", device="cpu")
    assert loaded.metadata.template == "text" and not loaded._cuts
    made = new_classifier(ClassifierConfig(**tiny.SMALL), generator=tmp_path / "g", device="cpu")
    assert made.score([snippets[0]]).shape == (1,)


LONG = Example(snippet=Snippet(prompt="a b c " * 40, completion="x"), verdict=Verdict.SAFE)


def test_texts_too_long_are_left_out_and_counted(tmp_path: Path) -> None:
    plain = train_classifier(TRAIN, HELD, model=tiny.classifier(), settings=settings(), out=tmp_path / "a")
    with_long = train_classifier(
        [LONG, *TRAIN], [*HELD, LONG], model=tiny.classifier(), settings=settings(), out=tmp_path / "b"
    )
    assert (plain.left_out, with_long.left_out) == (0, 2)
    assert with_long.checkpoint.sha256 == plain.checkpoint.sha256
    assert with_long.counts == plain.counts
    config = GeneratorTraining(model=GeneratorConfig(**tiny.SMALL, steps=3))
    snippets = [LONG.snippet, *(e.snippet for e in TRAIN)]
    written = train_generator(snippets, model=tiny.generator(), settings=config, out=tmp_path / "g")
    assert (written.left_out, written.counts) == (1, {"snippets": len(TRAIN)})


def test_refusals_come_before_any_step(tmp_path) -> None:
    with pytest.raises(InputError):
        train_classifier([LONG], HELD, model=tiny.classifier, settings=settings(), out=tmp_path / "c")
    with pytest.raises(InputError, match="no text"):
        train_generator([], model=tiny.generator, settings=GeneratorTraining(), out=tmp_path / "g")
    assert not (tmp_path / "c").exists()
    shutil.rmtree(tmp_path / "c.work", ignore_errors=True)


FULL_SAFETENSORS = 'I/O error: Os { code: 28, kind: StorageFull, message: "No space left on device" }'
FULL_TORCH = "[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0"


@pytest.mark.parametrize("where", ["best weights", "optimiser", "finished folder"])
def test_a_full_disk_is_an_os_error_and_the_same_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise RuntimeError(FULL_TORCH) if where == "optimiser" else SafetensorError(FULL_SAFETENSORS)

    made = settings()
    with monkeypatch.context() as patch:
        if where == "best weights":
            patch.setattr(classifying, "save_model", full)
        elif where == "optimiser":
            patch.setattr(torch, "save", full)
        with pytest.raises(OSError) as raised:
            classifier = tiny.classifier()
            if where == "finished folder":
                patch.setattr(type(classifier.model), "save_pretrained", full)
                classifier.save(tmp_path / "a")
            train_classifier(TRAIN, HELD, model=classifier, settings=made, out=tmp_path / "a")
    assert raised.value.errno == errno.ENOSPC
    assert str(tmp_path / "a") in str(raised.value.filename)
    assert not (tmp_path / "a").exists() and not (tmp_path / ".a.tmp").exists()
    found = train_classifier(TRAIN, HELD, model=tiny.classifier(), settings=made, out=tmp_path / "a")
    assert found.steps == 12


def test_other_errors_of_writing_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        train_classifier(TRAIN, HELD, model=tiny.classifier(), settings=settings(), out=tmp_path / "a")
