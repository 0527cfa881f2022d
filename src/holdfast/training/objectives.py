"""What is minimised: pure functions of a forward pass and a batch.

An objective is called as `objective(forward, batch)` and returns (scalar loss, figures to log).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from holdfast.errors import UnknownNameError, closest

__all__ = ["OBJECTIVES", "Batch", "Objective", "ObjectiveSettings", "ce", "objective", "sift", "symmetric_kl"]

Forward = Callable[[dict[str, torch.Tensor], "torch.Tensor | None"], torch.Tensor]
"""`forward(inputs, delta)`: class logits (n, 2), with a relative perturbation (n, T, d) or without."""


@dataclass(frozen=True)
class Batch:
    """One batch on its device."""

    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor
    """0 safe, 1 not; (n,), int64."""
    mask: torch.Tensor
    """1 where a token may be perturbed, (n, T, 1), float32."""
    width: int = 0
    """Size d of the perturbed vectors."""
    progress: float = 1.0
    """Share of the training done, 0 to 1."""
    seed: int = 0
    """For the perturbation's start: a function of (run, step)."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """Constants of the objectives."""

    positive_weight: float = 1.0
    """Weight of a positive's loss; 1: shares in the batch say it all."""
    weight: float = 1.0
    """Of the consistency term (SiFT: lambda)."""
    radius: float = 0.1
    """Largest change the ascent makes to one component, as a fraction of the vector's own size."""
    noise: float = 1e-2
    """Standard deviation of the start; cut off at twice that."""
    ramp: float = 0.3
    """Share of the training in which the radius rises from 0."""
    shared_dropout: bool = True
    """One dropout mask for all passes; false: independent masks, as in the released SiFT code."""


Objective = Callable[[Forward, Batch, ObjectiveSettings], tuple[torch.Tensor, dict[str, torch.Tensor]]]


def symmetric_kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """KL(p||q) + KL(q||p) of two tensors of class logits (n, k), mean over n, float32; 0 where they agree."""
    a, b = p.float().log_softmax(-1), q.float().log_softmax(-1)
    return ((a.exp() - b.exp()) * (a - b)).sum(-1).mean()


def _cross_entropy(logits: torch.Tensor, batch: Batch, settings: ObjectiveSettings) -> torch.Tensor:
    """Weighted mean over the batch (the divisor is n, so accumulated halves average to the whole)."""
    each = F.cross_entropy(logits.float(), batch.labels, reduction="none")
    weights = torch.where(batch.labels == 1, settings.positive_weight, 1.0)
    return (each * weights).mean()


def ce(
    forward: Forward, batch: Batch, settings: ObjectiveSettings
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Cross-entropy."""
    return _cross_entropy(forward(batch.inputs, None), batch, settings), {}


def sift(
    forward: Forward, batch: Batch, settings: ObjectiveSettings
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Cross-entropy + weight * symmetric KL between clean and perturbed outputs; one ascent step.

    Scale-invariant fine-tuning (He et al. 2021, arXiv:2006.03654, section 4), generalised to any site by the
    relative perturbation: start clamp(N(0, noise), 2 noise), then `delta += radius * g / max|g|` per token,
    g the divergence's gradient. Zero on padding and special tokens. A gradient that is not finite drops the
    term. Both distributions carry gradient. The released constants are radius 1e-4, noise 1e-2, weight 5 and
    independent dropout; they move the output less than dropout does: watch the two divergences logged.
    """
    state = _rng_state(batch.labels.device)
    clean = forward(batch.inputs, None)
    loss = _cross_entropy(clean, batch, settings)
    generator = torch.Generator().manual_seed(batch.seed)
    n, length = batch.inputs["input_ids"].shape
    noise = torch.randn(n, length, batch.width, generator=generator).clamp(-2, 2) * settings.noise
    delta = (noise.to(clean.device) * batch.mask).requires_grad_()

    def perturbed(at: torch.Tensor) -> torch.Tensor:
        if settings.shared_dropout:
            _set_rng_state(batch.labels.device, state)
        return forward(batch.inputs, at)

    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(symmetric_kl(perturbed(delta), clean.detach()), delta)
    largest = gradient.abs().amax(-1, keepdim=True)
    radius = settings.radius * min(1.0, batch.progress / settings.ramp if settings.ramp else 1.0)
    step = torch.where(largest > 0, gradient / largest.clamp_min(torch.finfo(torch.float32).tiny), 0.0)
    final = (delta.detach() + radius * step) * batch.mask
    finite = torch.isfinite(gradient).all()
    divergence = symmetric_kl(perturbed(torch.where(finite, final, 0.0)), clean)
    term = torch.where(finite & torch.isfinite(divergence), divergence, 0.0)
    logged = {"adversarial_divergence": term.detach(), "dropped": 1.0 - finite.float()}
    return loss + settings.weight * term, logged


def _rng_state(device: torch.device) -> Any:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_rng_state(device: torch.device, state: Any) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)


OBJECTIVES: dict[str, Objective] = {"ce": ce, "sift": sift}
"""By the name that `train.objective` gives."""


def objective(name: str) -> Objective:
    """The objective called `name`. Raises UnknownNameError."""
    if name not in OBJECTIVES:
        raise UnknownNameError(f"no objective named {name!r}", expected=closest(name, list(OBJECTIVES)))
    return OBJECTIVES[name]
