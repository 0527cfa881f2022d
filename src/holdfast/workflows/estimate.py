"""How long it will take, said before it starts: rates measured on real texts, times the work asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.config import ClassifierConfig, GeneratorConfig
from holdfast.edits.scoring import score_safely
from holdfast.errors import InputError
from holdfast.protocols import Scorer
from holdfast.types import Snippet
from holdfast.workflows.workspace import Workspace

if TYPE_CHECKING:
    from holdfast.models.classifier import HFClassifier
    from holdfast.models.generator import HFGenerator

__all__ = ["WORTH_PROBING", "announce", "announce_draws", "announce_training", "scoring_rate"]

PROBE = 64
"""Texts scored to measure the rate."""
WORTH_PROBING = 2000
"""Texts from which a probe is cheap beside the work itself."""
WORTH_SAYING = 60.0
"""Seconds below which nothing is said."""
OVERHEAD = 2.0
"""An attack's own work (proposals, screens) is about as much as its scores, measured on a small model."""

STEP = 3.0
"""A training step in forward passes: one forward, two for the gradients of inputs and weights."""


def scoring_rate(scorer: Scorer, snippets: Sequence[Snippet]) -> float:
    """Texts per second, on the longest of `snippets` (the slowest batch comes first, not in hour two)."""
    probe = sorted(snippets, key=lambda s: -len(s.text))[:PROBE]
    score_safely(scorer, probe[:1])
    start = time.perf_counter()
    score_safely(scorer, probe)
    return len(probe) / max(time.perf_counter() - start, 1e-9)


def announce(workspace: Workspace, what: str, texts: float, rate: float, unit: str = "scores") -> None:
    """Say how long `texts` scores (or another unit of work) take at `rate`, where that is over a minute."""
    seconds = texts / rate
    if seconds >= WORTH_SAYING:
        workspace.reporter.say(
            f"{what}: about {seconds / 60:.0f} min for {texts:,.0f} {unit} at {rate:,.0f}/s; Ctrl-C is safe"
        )


def announce_draws(
    workspace: Workspace, what: str, generator: HFGenerator, prompts: Sequence[str], each: float
) -> None:
    """Say how long `each` completions of every prompt take, from a few that are drawn and thrown away."""
    if len(prompts) < 4 * PROBE:
        return
    middle = sorted(prompts, key=len)[len(prompts) // 2 :][: PROBE // 2]
    fits = generator.encoder.fits([Snippet(prompt=prompt, completion="") for prompt in middle])
    probe = [prompt for prompt, fit in zip(middle, fits, strict=True) if fit]
    if not probe:
        return
    start = time.perf_counter()
    generator.sample(probe, 1, 0)
    announce(workspace, what, each * len(prompts), len(probe) / (time.perf_counter() - start), "draws")


def announce_training(
    workspace: Workspace,
    name: str,
    model: HFClassifier | HFGenerator,
    snippets: Sequence[Snippet],
    *,
    size: ClassifierConfig | GeneratorConfig,
    steps: int,
) -> None:
    """Say how long `steps` steps on the batches of `size` take, from one timed forward pass.

    Said first: how many of the snippets are too long for the model, and so left out.
    """
    import torch

    from holdfast.models.checkpoint import autocast
    from holdfast.models.encoding import collate
    from holdfast.training.classifying import arithmetic

    # Training deals out texts of similar length: a batch around the median stands for them all.
    fits = model.encoder.fits(snippets)
    ordered = sorted((s for s, fit in zip(snippets, fits, strict=True) if fit), key=lambda s: len(s.text))
    if len(ordered) < len(snippets):
        workspace.reporter.say(
            f"train {name}: {len(snippets) - len(ordered):,} of {len(snippets):,} texts are longer than "
            f"max_length ({model.encoder.max_length} tokens) and left out"
        )
    if not ordered:
        raise InputError(
            f"train {name}: none of {len(snippets):,} texts fits",
            expected=f"at most {model.encoder.max_length} tokens",
            do="raise max_length, or import shorter texts",
        )
    first = max(0, (len(ordered) - size.batch) // 2)
    encoded = model.encoder.encode(ordered[first : first + size.batch])
    device, training = model.model.device, model.model.training
    inputs = {k: v.to(device) for k, v in collate(encoded, model.encoder.pad_id).items()}
    model.model.eval()
    with torch.no_grad(), autocast(device, arithmetic(workspace.config.arithmetic, device)):
        model.model(**inputs)
        start = time.perf_counter()
        model.model(**inputs).logits.sum().item()
        seconds = steps * STEP * (time.perf_counter() - start)
    if device.type == "cpu":
        seconds /= min(size.accumulation, workspace.config.processes)
    model.model.train(training)
    if seconds >= WORTH_SAYING:
        workspace.reporter.say(
            f"train {name}: about {seconds / 60:.0f} min for {steps:,} steps of {size.batch}; Ctrl-C is safe"
        )
