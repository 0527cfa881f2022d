"""The sampling loop: a key-value cache, no padding, and one random stream a draw.

Rows of a batch start from prompts of similar length: the shortest prompt's length is read at once, and longer
prompts are fed token by token until each is used up. So no row is ever padded, and a model sees in a batch
what it would see alone (up to the last bits of its arithmetic).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Rules", "decode_batch", "uniforms"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a token is drawn and when a row ends."""

    eos: int | None
    banned: tuple[int, ...] = ()
    """Ids that are never drawn (special tokens inside a text)."""
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 48
    max_length: int = 160
    """Prompt and completion together."""
    stop: Callable[[list[int]], bool] | None = None
    """Called with a row's tokens every `check` of them; True ends the row."""
    check: int = 4


def uniforms(seed: int, prompt: str, index: int, attempt: int, n: int) -> NDArray[np.float64]:
    """`n` numbers in [0, 1) that depend on the arguments only (Philox, keyed by their SHA-256)."""
    import numpy as np

    text = "\x1f".join((str(seed), str(index), str(attempt), prompt))
    key = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key)).random(n)


def pick(logits: torch.Tensor, u: NDArray[np.float64], rules: Rules) -> NDArray[np.int64]:
    """Inverse-CDF draw from each row's softmax in float64: (n, V) and (n,) -> (n,)."""
    import numpy as np
    import torch

    scaled = (logits.cpu() if logits.device.type == "mps" else logits).double() / rules.temperature
    if rules.banned:
        scaled[:, list(rules.banned)] = -torch.inf
    weights = torch.exp(scaled - scaled.amax(-1, keepdim=True)).cpu().numpy()
    if rules.top_p < 1:
        order = np.argsort(-weights, axis=-1, kind="stable")
        ranked = np.take_along_axis(weights, order, -1)
        before = np.cumsum(ranked, -1) - ranked
        ranked[before >= rules.top_p * ranked.sum(-1, keepdims=True)] = 0
        np.put_along_axis(weights, order, ranked, -1)
    cdf = np.cumsum(weights, -1)
    wanted = u * cdf[:, -1]
    found: NDArray[np.int64] = (cdf <= wanted[:, None]).sum(-1)
    return np.minimum(found, cdf.shape[1] - 1)


def cache_name(model: Any) -> str:
    """What the model's forward calls its key-value cache (renamed within transformers 5)."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def decode_batch(
    model: Any, prompts: Sequence[Sequence[int]], u: NDArray[np.float64], rules: Rules
) -> list[tuple[list[int], bool]]:
    """Draw one completion a prompt: (its tokens without the end token, whether it ended).

    `u`: (rows, max_new_tokens), one number a token.
    """
    import numpy as np
    import torch

    name, device = cache_name(model), model.device
    lengths = np.asarray([len(p) for p in prompts])
    shortest = int(lengths.min())
    padded = np.zeros((len(prompts), int(lengths.max())), np.int64)
    for row, ids in enumerate(prompts):
        padded[row, : len(ids)] = ids
    rows = np.arange(len(prompts))
    drawn: list[list[int]] = [[] for _ in prompts]
    ended = [False] * len(prompts)
    cache, inputs, position = None, torch.from_numpy(padded[:, :shortest]).to(device), shortest
    while len(rows):
        out = model(input_ids=inputs, use_cache=True, **({name: cache} if cache is not None else {}))
        cache = out[name]
        reading = lengths[rows] > position
        count = np.where(reading, 0, position - lengths[rows])
        tokens = pick(out.logits[:, -1], u[rows, count], rules)
        tokens = np.where(reading, padded[rows, np.minimum(position, padded.shape[1] - 1)], tokens)
        alive = _extend(rows, tokens, reading, (drawn, ended), rules)
        position += 1
        alive &= reading | ((count + 1 < rules.max_new_tokens) & (position < rules.max_length))
        inputs = torch.from_numpy(tokens[alive][:, None]).to(device)
        if not alive.all():
            rows = rows[alive]
            if len(rows):
                cache.batch_select_indices(torch.from_numpy(np.flatnonzero(alive)).to(device))
    return list(zip(drawn, ended, strict=True))


def _extend(
    rows: NDArray[np.int64],
    tokens: NDArray[np.int64],
    reading: NDArray[np.bool_],
    state: tuple[list[list[int]], list[bool]],
    rules: Rules,
) -> NDArray[np.bool_]:
    """Add drawn tokens to their rows; returns which rows go on."""
    drawn, ended = state
    alive = reading | (tokens != rules.eos) if rules.eos is not None else reading | True
    for row in rows[~alive].tolist():
        ended[row] = True
    for i in (alive & ~reading).nonzero()[0].tolist():
        kept = drawn[rows[i]]
        kept.append(int(tokens[i]))
        if rules.stop is not None and len(kept) % rules.check == 0 and rules.stop(kept):
            ended[rows[i]] = True
            alive[i] = False
    return alive
