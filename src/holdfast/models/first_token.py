"""A shorter way to the same logits: a BERT classifier reads its first token only.

In the last block every token needs its key and value, but only the first one a query, an output and an MLP:
for six blocks that leaves 86 % of the work, forward and backward.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["first_token_logits"]


def first_token_logits(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Class logits (n, 2), float32, of a collated batch of a BERT classifier; differentiable."""
    base = model.bert
    mask = inputs["attention_mask"]
    x = base.embeddings(input_ids=inputs["input_ids"], token_type_ids=inputs.get("token_type_ids"))
    # Added to the attention scores, (n, 1, 1, T); a batch without padding needs none.
    added = None
    if not bool(mask.all()):
        lowest = torch.finfo(x.dtype).min
        added = torch.where(mask[:, None, None] > 0, 0.0, lowest).to(x.dtype)
    for layer in base.encoder.layer[:-1]:
        x = layer(x, added)
        x = x[0] if isinstance(x, tuple) else x
    x = _last_block(base.encoder.layer[-1], x, added)
    logits: torch.Tensor = model.classifier(model.dropout(base.pooler(x))).float()
    return logits


def _last_block(layer: Any, x: torch.Tensor, added: torch.Tensor | None) -> torch.Tensor:
    """The block's output at the first token: (n, T, d) -> (n, 1, d)."""
    inner = layer.attention.self
    first = x[:, :1]

    def heads(y: torch.Tensor) -> torch.Tensor:
        return y.view(*y.shape[:-1], -1, inner.attention_head_size).transpose(1, 2)

    weights = heads(inner.query(first)) @ heads(inner.key(x)).transpose(2, 3) * inner.scaling
    if added is not None:
        weights = weights + added
    weights = inner.dropout(weights.softmax(-1, dtype=torch.float32).to(x.dtype))
    mixed = (weights @ heads(inner.value(x))).transpose(1, 2).reshape(first.shape)
    attended = layer.attention.output(mixed, first)
    out: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return out
