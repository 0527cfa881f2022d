"""One generator's training: next-token loss on prompt, completion and end token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from holdfast.models.encoding import Encoded, collate
from holdfast.models.generator import HFGenerator
from holdfast.protocols import Progress
from holdfast.training.classifying import arithmetic
from holdfast.training.loop import LoopResult, LoopSettings, run
from holdfast.training.replicas import Figures, Replicas
from holdfast.training.sampler import BatchSampler, Group
from holdfast.training.trainer import GeneratorTraining

__all__ = ["next_token_loss", "run_language"]


def next_token_loss(logits: torch.Tensor, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy of each token given those before it.

    `logits` (n, T, V); `ids` (n, T); `weights` (n, T), 0 on padding and on each row's first token.
    """
    # Targets move, not logits: a slice of those would be copied, and its gradient too.
    kept = weights.roll(-1, 1).reshape(-1)
    targets = ids.roll(-1, 1).reshape(-1)
    each = F.cross_entropy(logits.reshape(len(kept), -1).float(), targets, reduction="none")
    return (each * kept).sum() / kept.sum().clamp_min(1e-9)


@dataclass
class _NextToken:
    """The `Work` of a generator's training."""

    model: Any

    def loss(self, inputs: dict[str, torch.Tensor], step: int, part: int) -> tuple[torch.Tensor, Figures]:
        """Of one part of a collated batch with `weights`."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return next_token_loss(logits, ids, inputs["weights"]), {}


def run_language(
    generator: HFGenerator,
    encoded: Sequence[Encoded],
    settings: GeneratorTraining,
    work: Path,
    progress: Progress | None,
) -> LoopResult:
    """Train `generator.model` in place on encoded snippets."""
    config, encoder = settings.model, generator.encoder
    group = Group(name="text", families=tuple((i,) for i in range(len(encoded))), quota=config.batch)
    sampler = BatchSampler([group], [len(e) for e in encoded], batch=config.batch, seed=settings.seed)

    def batch(step: int, part: int, parts: int) -> dict[str, Any]:
        chosen = [encoded[i] for i in sampler.batch(step)[part::parts]]
        inputs: dict[str, Any] = collate(chosen, encoder.pad_id)
        weights = inputs["attention_mask"].float()
        for row, e in enumerate(chosen):
            weights[row, : e.prompt] *= settings.prompt_weight
            weights[row, 0] = 0
        return inputs | {"weights": weights}

    loop = LoopSettings(
        work=work,
        steps=config.steps,
        learning_rate=config.learning_rate,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        schedule=settings.schedule,
        save_every=settings.save_every,
        seed=settings.seed,
    )
    replicas = Replicas(
        _NextToken(generator.model),
        parts=config.accumulation,
        processes=settings.processes,
        seed=settings.seed,
        dtype=arithmetic(settings.arithmetic, generator.device),
    )
    with replicas:
        return run(replicas, batch, loop, progress=progress)
