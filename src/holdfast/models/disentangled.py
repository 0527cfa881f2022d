"""A shorter way to the same logits: a DeBERTa (v2, v3) classifier, of which only the first token is read.

Its attention adds to content . content two terms of relative position (He et al. 2021, eq. 4). The model's
own forward projects all position embeddings in every block and picks from the products; here only the 2 T - 1
distances that a text of T tokens has are projected, and picking is a shift of rows. In the last block only
the first token has a query, an output and an MLP.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

__all__ = ["disentangled_logits"]


def disentangled_logits(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Class logits (n, 2), float32, of a collated batch; differentiable.

    Raises ValueError where the model's attention is not that of DeBERTa-v3: both terms, shared projections.
    """
    base, encoder = model.deberta, model.deberta.encoder
    inner = encoder.layer[0].attention.self
    kinds = set(inner.pos_att_type)
    if not (encoder.relative_attention and inner.share_att_key and encoder.conv is None):
        raise ValueError("not the attention of DeBERTa-v3")
    if kinds != {"c2p", "p2c"}:
        raise ValueError(f"position terms {sorted(kinds)}")
    mask = inputs["attention_mask"]
    x = base.embeddings(input_ids=inputs["input_ids"], token_type_ids=inputs.get("token_type_ids"), mask=mask)
    length, span = x.shape[1], inner.pos_ebd_size
    rows = _rows(length, inner.position_buckets, inner.max_relative_positions, span, x.device)
    distances = encoder.get_rel_embedding()[rows]
    # Added to the attention scores, (1, n, 1, T); a batch without padding needs none.
    added = None
    if not bool(mask.all()):
        lowest = torch.finfo(x.dtype).min
        added = torch.where(mask[None, :, None] > 0, 0.0, lowest).to(x.dtype)
    for layer in encoder.layer[:-1]:
        x = _block(layer, x, distances, added)
    x = _last_block(encoder.layer[-1], x, distances, added)
    logits: torch.Tensor = model.classifier(model.dropout(model.pooler(x))).float()
    return logits


@lru_cache(maxsize=512)
def _rows(length: int, buckets: int, longest: int, span: int, device: torch.device) -> torch.Tensor:
    """Where the embeddings of the distances -(T - 1) .. T - 1 stand: far ones share logarithmic buckets."""
    with torch.inference_mode(False):  # kept, and used under autograd too
        distance = torch.arange(1 - length, length)
        if buckets > 0 and longest > 0:
            half = buckets // 2
            far = distance.abs().clamp(min=half).float()
            share = torch.log(far / half) / torch.log(torch.tensor((longest - 1) / half))
            bucket = (torch.ceil(share * (half - 1)) + half).long() * distance.sign()
            distance = torch.where(distance.abs() <= half, distance, bucket)
        return (distance + span).clamp(0, 2 * span - 1).to(device)


def _heads(inner: Any, y: torch.Tensor) -> torch.Tensor:
    """(n, T, h d) -> (h, n, T, d), in one piece."""
    return y.view(*y.shape[:-1], inner.num_attention_heads, -1).permute(2, 0, 1, 3).contiguous()


def _distance_heads(inner: Any, projection: Any, distances: torch.Tensor) -> torch.Tensor:
    """Projected distances, (h, d, 2 T - 1)."""
    projected = projection(distances).view(len(distances), inner.num_attention_heads, -1)
    found: torch.Tensor = projected.permute(1, 2, 0)
    return found


def _shifted(products: torch.Tensor, n: int) -> torch.Tensor:
    """(h, n T, 2 T - 1) -> (h, n, T, T): of row i the T columns from T - 1 - i on, as views."""
    length = (products.shape[-1] + 1) // 2
    flat = products.reshape(len(products), n, -1)[..., length - 1 :]
    if length == 1:
        return flat[..., None]
    rows = flat[..., :-1]
    return rows.view(*rows.shape[:-1], length, 2 * length - 2)[..., :length]


def _weights(inner: Any, scores: torch.Tensor, added: torch.Tensor | None) -> torch.Tensor:
    """Attention weights of unscaled scores."""
    scale = (3 * inner.attention_head_size) ** -0.5
    scaled = scores * scale if added is None else torch.add(added, scores, alpha=scale)
    weights: torch.Tensor = inner.dropout(scaled.softmax(-1))
    return weights


def _block(layer: Any, x: torch.Tensor, distances: torch.Tensor, added: torch.Tensor | None) -> torch.Tensor:
    """One block: (n, T, d) -> (n, T, d)."""
    inner, n = layer.attention.self, len(x)
    distances = inner.pos_dropout(distances)
    query, key, value = (_heads(inner, p(x)) for p in (inner.query_proj, inner.key_proj, inner.value_proj))
    # Query i looks at key j by their distance i - j: descending along a row, ascending along a column.
    keys_there = _distance_heads(inner, inner.key_proj, distances.flip(0))
    queries_there = _distance_heads(inner, inner.query_proj, distances)
    scores = query @ key.transpose(-1, -2)
    scores = scores + _shifted(torch.bmm(query.flatten(1, 2), keys_there), n)
    scores = scores + _shifted(torch.bmm(key.flatten(1, 2), queries_there), n).transpose(-1, -2)
    mixed = _weights(inner, scores, added) @ value.to(scores.dtype)
    return _rest(layer, mixed.permute(1, 2, 0, 3).flatten(2), x)


def _last_block(
    layer: Any, x: torch.Tensor, distances: torch.Tensor, added: torch.Tensor | None
) -> torch.Tensor:
    """The block's output at the first token: (n, T, d) -> (n, 1, d)."""
    inner, length = layer.attention.self, x.shape[1]
    # From the first token a key at j is at distance -j.
    near = inner.pos_dropout(distances[:length].flip(0))
    query = _heads(inner, inner.query_proj(x[:, :1]))
    key, value = (_heads(inner, p(x)) for p in (inner.key_proj, inner.value_proj))
    keys_there = _distance_heads(inner, inner.key_proj, near)[:, None]
    queries_there = _distance_heads(inner, inner.query_proj, near).transpose(-1, -2)[:, None]
    scores = query @ (key.transpose(-1, -2) + keys_there)
    scores = scores + (key * queries_there).sum(-1)[..., None, :]
    mixed = _weights(inner, scores, added) @ value.to(scores.dtype)
    return _rest(layer, mixed.permute(1, 2, 0, 3).flatten(2), x[:, :1])


def _rest(layer: Any, mixed: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """What follows attention in a block."""
    attended = layer.attention.output(mixed, x)
    out: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return out
