"""Training a classifier and a generator: data and settings in, a finished folder out.

Both write to `<out>.work` while they run and rename the finished folder to `out`. Called again after they
were killed they go on; called again after they finished they return what they returned before.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.config import ClassifierConfig, Config, GeneratorConfig, TrainConfig
from holdfast.errors import CheckpointError, InputError
from holdfast.models.checkpoint import METADATA, checkpoint_hash, read_metadata, tokenizer_hash, weights_hash
from holdfast.processes import worker_seconds
from holdfast.provenance import hash_text
from holdfast.training.result import TrainingResult
from holdfast.types import Example, Snippet

if TYPE_CHECKING:
    from holdfast.models.classifier import HFClassifier
    from holdfast.models.generator import HFGenerator
    from holdfast.protocols import Progress

__all__ = [
    "ClassifierTraining",
    "GeneratorTraining",
    "classifier_fingerprint",
    "generator_fingerprint",
    "train_classifier",
    "train_generator",
    "trained_alike",
]


@dataclass(frozen=True, kw_only=True)
class ClassifierTraining:
    """Settings of one classifier training."""

    model: ClassifierConfig = field(default_factory=ClassifierConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    steps: int = 0
    """Optimiser steps; 0: `train.steps`."""
    acceptance: float = 0.48
    """Acceptance rate at which checkpoints are compared."""
    seed: int = 0
    schedule: str = "cosine"
    arithmetic: str = "auto"
    """As `Config.arithmetic`."""
    evaluation_limit: int = 2000
    """Safe validation examples scored at each evaluation, at most."""
    positive_weight: float = 1.0
    processes: int = 1
    """Over which the parts of a batch are spread: it changes nothing but the time."""

    @classmethod
    def of(cls, config: Config, *, seed: int, steps: int = 0, warm: bool = False) -> ClassifierTraining:
        """The settings that a workspace's config names; `warm`: of a classifier trained further."""
        rate = config.classifier.learning_rate * (config.train.round_rate if warm else 1)
        return cls(
            model=config.classifier.model_copy(update={"learning_rate": rate}),
            train=config.train,
            steps=steps,
            acceptance=config.filter.acceptance,
            seed=seed,
            arithmetic=config.arithmetic,
            processes=config.processes,
        )


@dataclass(frozen=True, kw_only=True)
class GeneratorTraining:
    """Settings of one generator training."""

    model: GeneratorConfig = field(default_factory=GeneratorConfig)
    seed: int = 0
    schedule: str = "cosine"
    arithmetic: str = "auto"
    """As `Config.arithmetic`."""
    prompt_weight: float = 1.0
    """Weight of the loss on the prompt's tokens; the completion's and its end have 1."""
    save_every: int = 100
    processes: int = 1
    """As for a classifier."""


def train_classifier(
    examples: Sequence[Example],
    validation: Sequence[Example],
    *,
    model: HFClassifier | Callable[[], HFClassifier],
    settings: ClassifierTraining,
    out: Path,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train `model` (or what it returns, called only where there is work) on `examples`; the folder is `out`.

    The weights kept are the last ones whose recall of wide positives on `validation`, at
    `settings.acceptance`, is within a standard error of the best; the last weights where there are none.
    Texts too long for the model are left out and counted. Raises InputError, CheckpointError.
    """
    fingerprint = classifier_fingerprint(examples, validation, settings)
    if (done := _finished(out, fingerprint)) is not None:
        return done
    classifier: HFClassifier = model() if callable(model) else model
    from holdfast.training.classifying import ClassifierRun

    began = time.process_time() + worker_seconds()
    work = _work_folder(out, fingerprint + weights_hash(classifier.model))
    run = ClassifierRun(classifier, examples, validation, settings, work)
    loop = run.run(progress)
    best = run.restore_best()
    training = {
        "steps": loop.steps,
        "loss": loop.history[-1]["loss"] if loop.history else float("nan"),
        "history": loop.history,
        "selected": asdict(best) if best else None,
        "evaluations": [asdict(e) for e in run.evaluations],
        "counts": dict(
            Counter(f"{e.source.value}:{'wide' if e.verdict.wide else 'safe'}" for e in run.examples)
        ),
        "left_out": run.left_out,
        "arithmetic": loop.arithmetic,
        "cpu_seconds": time.process_time() + worker_seconds() - began,
        "resumed_from": loop.resumed_from,
    }
    saved = classifier.save(out, fingerprint=fingerprint, training=training, dtype=settings.model.dtype)
    shutil.rmtree(work, ignore_errors=True)
    return TrainingResult.from_dict({**training, "checkpoint": asdict(saved.checkpoint)})


def train_generator(
    snippets: Sequence[Snippet],
    *,
    model: HFGenerator | Callable[[], HFGenerator],
    settings: GeneratorTraining,
    out: Path,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train `model` (or what it returns) to write the snippets; the finished folder is `out`.

    Next-token loss on prompt, completion and end token. Texts too long for the model are left out and
    counted. Raises InputError, CheckpointError.
    """
    if not snippets:
        raise InputError("no text to train on", do="`holdfast sample` or `holdfast import` first")
    fingerprint = generator_fingerprint(snippets, settings)
    if (done := _finished(out, fingerprint)) is not None:
        return done
    generator: HFGenerator = model() if callable(model) else model
    from holdfast.training.language import run_language

    began = time.process_time() + worker_seconds()
    work = _work_folder(out, fingerprint + weights_hash(generator.model))
    taken = [encoded for encoded in generator.encoder.fitting(snippets) if encoded is not None]
    loop = run_language(generator, taken, settings, work, progress)
    training = {
        "steps": loop.steps,
        "loss": loop.history[-1]["loss"] if loop.history else float("nan"),
        "history": loop.history,
        "counts": {"snippets": len(taken)},
        "left_out": len(snippets) - len(taken),
        "arithmetic": loop.arithmetic,
        "cpu_seconds": time.process_time() + worker_seconds() - began,
        "resumed_from": loop.resumed_from,
    }
    saved = generator.save(out, fingerprint=fingerprint, training=training)
    shutil.rmtree(work, ignore_errors=True)
    return TrainingResult.from_dict({**training, "checkpoint": asdict(saved.checkpoint)})


def classifier_fingerprint(
    examples: Sequence[Example], validation: Sequence[Example], settings: ClassifierTraining
) -> str:
    """What a checkpoint trained on these labels with these settings carries."""
    data = [(e.snippet.id, e.verdict.value, e.source.value, e.family_id) for e in (*examples, *validation)]
    return hash_text(json.dumps([_plain(settings), len(examples), data]))


def generator_fingerprint(snippets: Sequence[Snippet], settings: GeneratorTraining) -> str:
    """What a generator trained on these texts with these settings carries."""
    return hash_text(json.dumps([_plain(settings), [s.id for s in snippets]]))


def trained_alike(out: Path, fingerprint: str) -> bool:
    """Whether the model in `out` was trained on the data and with the settings of `fingerprint`.

    Raises CheckpointError where there is none.
    """
    metadata = read_metadata(out)
    if metadata is None:
        raise CheckpointError(f"no model in {out}", do="put it back, or train under another name")
    return metadata.fingerprint == fingerprint


def _plain(settings: Any) -> dict[str, Any]:
    """Settings that the weights depend on, as JSON-able values."""
    values = asdict(settings)
    del values["processes"]
    return {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in values.items()}


def _finished(out: Path, fingerprint: str) -> TrainingResult | None:
    """The stored result where `out` is finished; raises CheckpointError where other data made it."""
    if not (out / METADATA).is_file():
        return None
    metadata = read_metadata(out)
    if metadata is None or metadata.fingerprint != fingerprint:
        raise CheckpointError(
            f"{out} holds a model trained with other data or settings",
            expected="an empty place, or the same training",
            do="remove the folder, or train under another name (`--name`, where the command has it)",
        )
    if metadata.sha256 != checkpoint_hash(out) or metadata.tokenizer_sha256 != tokenizer_hash(out):
        raise CheckpointError(
            f"files in {out} have changed since training", do="remove the folder and train again"
        )
    shutil.rmtree(_work(out), ignore_errors=True)
    return TrainingResult.from_dict({**metadata.training, "checkpoint": asdict(metadata.ref(str(out)))})


def _work(out: Path) -> Path:
    return out.with_name(out.name + ".work")


def _work_folder(out: Path, fingerprint: str) -> Path:
    """The work folder, emptied where it belongs to another training."""
    work = _work(out)
    mark = work / "fingerprint"
    if not mark.is_file() or mark.read_text() != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        mark.write_text(fingerprint)
    return work
