"""One classifier's training: its batches, its loss, its evaluations, the best weights so far."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model

from holdfast.models.checkpoint import fast_bfloat16, saving
from holdfast.models.classifier import HFClassifier
from holdfast.models.encoding import Encoded, Encoder, collate
from holdfast.protocols import Progress
from holdfast.training.classifier_loss import ClassifierLoss
from holdfast.training.loop import LoopResult, LoopSettings, last_checkpoint, run
from holdfast.training.objectives import ObjectiveSettings
from holdfast.training.replicas import Replicas
from holdfast.training.result import Selection
from holdfast.training.sampler import BatchSampler, Shares, classifier_groups
from holdfast.training.selection import evaluation_set, keeps, select
from holdfast.training.trainer import ClassifierTraining
from holdfast.types import Example

__all__ = ["ClassifierRun", "arithmetic"]


def arithmetic(choice: str, device: torch.device) -> str:
    """`float32` or `bfloat16` for `auto`."""
    if choice != "auto":
        return choice
    return "bfloat16" if fast_bfloat16(device) else "float32"


def fitting(encoder: Encoder, examples: Sequence[Example]) -> tuple[list[Example], list[Encoded]]:
    """Those that the model takes, and their ids: a longer one is never cut."""
    encoded = encoder.fitting([e.snippet for e in examples])
    pairs = [(one, ids) for one, ids in zip(examples, encoded, strict=True) if ids is not None]
    return [one for one, _ in pairs], [ids for _, ids in pairs]


class ClassifierRun:
    """Holds what the loop's callbacks need."""

    def __init__(
        self,
        classifier: HFClassifier,
        examples: Sequence[Example],
        validation: Sequence[Example],
        settings: ClassifierTraining,
        work: Path,
    ) -> None:
        """Encode everything once, leaving out (and counting) what is too long for the classifier.

        Raises InputError, before any step is made, where nothing is left.
        """
        self.classifier, self.settings, self.work = classifier, settings, work
        encoder = classifier.encoder
        self.examples, self.encoded = fitting(encoder, examples)
        held, _ = fitting(encoder, validation)
        self.left_out = len(examples) - len(self.examples) + len(validation) - len(held)
        train = settings.train
        self.steps = settings.steps or train.steps
        self.labels = [int(e.verdict.wide) for e in self.examples]
        shares = Shares(
            positives=train.positives,
            adversarial=train.adversarial,
            twins=train.twins,
            repeats=train.repeats,
        )
        groups = classifier_groups(self.examples, shares, batch=settings.model.batch, steps=self.steps)
        lengths = [len(e) for e in self.encoded]
        self.sampler = BatchSampler(groups, lengths, batch=settings.model.batch, seed=settings.seed)
        self.held, self.weights = evaluation_set(held, settings.evaluation_limit, settings.seed)
        self.held_encoded = encoder.encode([e.snippet for e in self.held])
        constants = ObjectiveSettings(
            positive_weight=settings.positive_weight, weight=train.sift_weight, radius=train.sift_radius
        )
        self.loss = ClassifierLoss(
            classifier, train.objective, constants, steps=self.steps, seed=settings.seed
        )
        self.replicas = Replicas(
            self.loss,
            parts=settings.model.accumulation,
            processes=settings.processes,
            seed=settings.seed,
            dtype=arithmetic(settings.arithmetic, classifier.device),
        )
        start = last_checkpoint(work)
        self._resumed = int(start.name.rpartition("-")[2]) if start else 0
        self.evaluations = [e for e in self._read("evaluations.json", []) if e.step <= self._resumed]
        self.best: Selection | None = next(iter(self._read("best.json", [])), None)

    def run(self, progress: Progress | None) -> LoopResult:
        """Train to the end or until nothing has improved for long enough."""
        model, train = self.settings.model, self.settings.train
        settings = LoopSettings(
            work=self.work,
            steps=self.steps,
            learning_rate=model.learning_rate,
            warmup=model.warmup,
            weight_decay=model.weight_decay,
            schedule=self.settings.schedule,
            evaluate_every=train.evaluate_every,
            save_every=train.save_every,
            seed=self.settings.seed,
        )
        evaluate = self.evaluate if any(e.verdict.wide for e in self.held) else None
        try:
            with self.replicas:
                return run(self.replicas, self.batch, settings, evaluate=evaluate, progress=progress)
        finally:
            self.loss.remove()

    def batch(self, step: int, part: int, parts: int) -> dict[str, Any]:
        """Tensors of one part of one step's batch, with `labels`."""
        chosen = self.sampler.batch(step)[part::parts]
        inputs: dict[str, Any] = collate([self.encoded[i] for i in chosen], self.classifier.encoder.pad_id)
        return inputs | {"labels": torch.tensor([self.labels[i] for i in chosen])}

    def evaluate(self, step: int) -> bool:
        """Score the validation set, keep the weights unless they are worse than before; True: stop here."""
        parts = self.replicas.parts
        logits = np.zeros(len(self.held))
        scored = self.replicas.each("score", [self.held_encoded[i::parts] for i in range(parts)])
        for i, part in enumerate(scored):
            logits[i::parts] = part
        wide = [e.verdict.wide for e in self.held]
        found = select(logits, wide, self.weights, acceptance=self.settings.acceptance, step=step)
        top = max(self.evaluations, key=lambda e: e.recall, default=None)
        self.evaluations.append(found)
        self._write("evaluations.json", self.evaluations)
        if keeps(found, top):
            self.best = found
            self._keep()
        patience = self.settings.train.patience
        kept = self.best.step if self.best else 0
        waited = (step - kept) // self.settings.train.evaluate_every
        return 0 < patience <= waited

    def restore_best(self) -> Selection | None:
        """Put the best weights back into the model; None where nothing was evaluated."""
        if self.best is not None:
            load_model(self.classifier.model, self.work / f"best-{self.best.step}.safetensors")
        return self.best

    def _keep(self) -> None:
        """Weights first, then the note that names them, then away with the older ones.

        Raises OSError where the disk is full.
        """
        assert self.best is not None
        path = self.work / f"best-{self.best.step}.safetensors"
        with saving(path):
            save_model(self.classifier.model, str(path) + ".tmp")
        os.replace(str(path) + ".tmp", path)
        self._write("best.json", [self.best])
        for other in self.work.glob("best-*.safetensors"):
            if other != path:
                other.unlink()

    def _write(self, name: str, values: Sequence[Selection]) -> None:
        path = self.work / (name + ".tmp")
        path.write_text(json.dumps([asdict(v) for v in values]))
        os.replace(path, self.work / name)

    def _read(self, name: str, default: list[Selection]) -> list[Selection]:
        path = self.work / name
        return [Selection(**v) for v in json.loads(path.read_text())] if path.is_file() else default
