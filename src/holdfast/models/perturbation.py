"""Perturbing a model's inner text: one hook, any transformers model, no change to the model.

The perturbation is *relative*: `x + s(x) * delta`, with s the vector's own standard deviation where a
LayerNorm follows and its root mean square elsewhere, without gradient. So a radius is a fraction of the
vector's size and means the same at any site of any model. Before the LayerNorm of the embeddings this is
SiFT's perturbation of the normalised embedding (He et al. 2021, DeBERTa, section 4):
LN(LN0(x) + d) = LN(x + std(x) d).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from holdfast.errors import ConfigError

__all__ = ["Perturbation", "special_mask"]


class Perturbation:
    """Owns the hook at one site of a model. Does nothing unless a delta is set."""

    def __init__(self, model: Any, site: str = "auto") -> None:
        """`site`: `embedding_norm`, `embedding`, `block:K`, or `auto` (the first that the model has)."""
        self.delta: torch.Tensor | None = None
        """Relative perturbation, (n, T, d), float32; None: the model as it is."""
        self.shape: tuple[int, ...] = ()
        """Shape of the last tensor that passed the site, (n, T, d)."""
        norm = _embedding_norm(model)
        self.site = ("embedding_norm" if norm is not None else "embedding") if site == "auto" else site
        self._centred = self.site == "embedding_norm"
        if self.site == "embedding_norm":
            if norm is None:
                raise ConfigError("the model has no norm under its embeddings", do="use site `embedding`")
            self._handle = norm.register_forward_pre_hook(self._before)
        elif self.site == "embedding":
            self._handle = model.get_input_embeddings().register_forward_hook(self._after)
        elif self.site.startswith("block:"):
            self._handle = _blocks(model)[int(self.site[6:])].register_forward_hook(self._after)
        else:
            raise ConfigError(f"site {site!r}", expected="auto, embedding_norm, embedding or block:K")

    def remove(self) -> None:
        """Take the hook off."""
        self._handle.remove()

    @contextmanager
    def set(self, delta: torch.Tensor | None) -> Iterator[None]:
        """Perturb by `delta` inside the context. Masking is the caller's: zero means untouched."""
        self.delta = delta
        try:
            yield
        finally:
            self.delta = None

    def _add(self, x: torch.Tensor) -> torch.Tensor:
        self.shape = tuple(x.shape)
        if self.delta is None:
            return x
        wide = x.float()
        detached = wide.detach()
        if self._centred:
            detached = detached - detached.mean(-1, keepdim=True)
        scale = detached.pow(2).mean(-1, keepdim=True).sqrt()
        return (wide + scale * self.delta).to(x.dtype)

    def _before(self, module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._add(inputs[0]), *inputs[1:])

    def _after(self, module: Any, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (self._add(output[0]), *output[1:])
        return self._add(output)


def special_mask(input_ids: torch.Tensor, attention_mask: torch.Tensor, special: list[int]) -> torch.Tensor:
    """1 for tokens of the text, 0 for padding and special tokens; (n, T, 1), float32."""
    ids = torch.tensor(special, device=input_ids.device)
    return ((attention_mask > 0) & ~torch.isin(input_ids, ids)).float()[..., None]


def _embedding_norm(model: Any) -> Any:
    """The LayerNorm that the summed embeddings go through, where the model has one."""
    base = getattr(model, model.base_model_prefix, model)
    embeddings = getattr(base, "embeddings", None)
    for name in ("LayerNorm", "norm", "layer_norm"):
        found = getattr(embeddings, name, None)
        if isinstance(found, torch.nn.Module):
            return found
    return None


def _blocks(model: Any) -> Any:
    """The list of the model's blocks: its longest ModuleList."""
    lists = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList)]
    if not lists:
        raise ConfigError("the model has no list of blocks", do="use site `embedding`")
    return max(lists, key=len)
