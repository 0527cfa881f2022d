"""What is done with a classifier's weights while it is trained: the objective, and scores to compare by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from holdfast.models.classifier import HFClassifier
from holdfast.models.encoding import Encoded
from holdfast.models.perturbation import Perturbation, special_mask
from holdfast.provenance import stream_seed
from holdfast.training.objectives import Batch, ObjectiveSettings, objective, symmetric_kl
from holdfast.training.replicas import Figures

if TYPE_CHECKING:
    from holdfast.protocols import FloatArray

__all__ = ["ClassifierLoss"]

_PROBE_EVERY = 25


class ClassifierLoss:
    """The `Work` of a classifier's training."""

    def __init__(
        self, classifier: HFClassifier, name: str, settings: ObjectiveSettings, *, steps: int, seed: int
    ) -> None:
        """`name` of the objective, `steps` of the training. Raises UnknownNameError."""
        objective(name)
        self.classifier = classifier
        self.model = classifier.model
        self._name, self._settings = name, settings
        self._steps, self._seed = steps, seed
        self._site = Perturbation(classifier.model) if name != "ce" else None
        self._special = sorted(classifier.encoder.tokenizer.all_special_ids)

    def remove(self) -> None:
        """Take the hook off the model, where the objective needed one."""
        if self._site is not None:
            self._site.remove()

    def loss(self, inputs: dict[str, torch.Tensor], step: int, part: int) -> tuple[torch.Tensor, Figures]:
        """The objective on one part of a collated batch with `labels`."""
        inputs = dict(inputs)
        labels = inputs.pop("labels")
        batch = Batch(
            inputs=inputs,
            labels=labels,
            mask=special_mask(inputs["input_ids"], inputs["attention_mask"], self._special),
            width=int(self.model.get_input_embeddings().weight.shape[-1]),
            progress=step / self._steps,
            seed=stream_seed(self._seed, "perturbation", step, part),
        )
        loss, figures = objective(self._name)(self._forward, batch, self._settings)
        if self._site is not None and step % _PROBE_EVERY == 0:
            figures["dropout_divergence"] = self._dropout_divergence(batch)
        return loss, figures

    def score(self, encoded: Sequence[Encoded]) -> FloatArray:
        """Logits of encoded snippets, (n,), in order."""
        return self.classifier.score_encoded(encoded)

    def _forward(self, inputs: dict[str, torch.Tensor], delta: torch.Tensor | None) -> torch.Tensor:
        """Class logits (n, 2), unsafe second, with a perturbation or without."""
        if self._site is None:
            logits = self.classifier.class_logits(inputs)
        else:
            with self._site.set(delta):
                logits = self.classifier.class_logits(inputs)
        return logits if self.classifier.sign > 0 else logits.flip(-1)

    def _dropout_divergence(self, batch: Batch) -> torch.Tensor:
        """Of two passes with different dropout masks: what SiFT's has to exceed to mean anything."""
        devices = [batch.labels.device] if batch.labels.device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            once, again = (self._forward(batch.inputs, None) for _ in range(2))
            return symmetric_kl(once, again)
