"""Models as transformers makes them: small ones from scratch, others from a folder or the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast.config import ClassifierConfig, GeneratorConfig
from holdfast.errors import CheckpointError
from holdfast.models.checkpoint import quiet
from holdfast.models.encoding import Template

__all__ = ["ID2LABEL", "attention", "from_pretrained", "is_decoder", "scratch_config", "template_for"]

ID2LABEL = {0: "SAFE", 1: "NOT_SAFE"}
"""Order of a classifier's two outputs; its logit is output 1 minus output 0."""


def is_decoder(config: Any) -> bool:
    """Whether the architecture is a causal language model (and no masked one)."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def template_for(config: Any, tokenizer: Any) -> Template:
    """How snippets are joined for a model that no metadata describes."""
    if not is_decoder(config):
        return "pair"
    own = all(getattr(tokenizer, f"{t}_token_id", None) is not None for t in ("bos", "sep", "eos"))
    return "sep" if own else "text"


def scratch_config(settings: GeneratorConfig | ClassifierConfig, tokenizer: Any) -> Any:
    """A small Llama: rotary positions, RMS norms, gated MLP, tied embeddings (fastest of those measured)."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.width,
        intermediate_size=max(32, (settings.width * 8 // 3 + 31) // 32 * 32),
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.max_length,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        attention_dropout=0.0,
    )


def attention(device: str, max_length: int) -> str | None:
    """Attention code to ask for: plain matrix products beat the fused kernel for short texts on a CPU."""
    return "eager" if device == "cpu" and max_length <= 256 else None


def from_pretrained(auto: Any, source: str | Path, *, device: str, max_length: int, **options: Any) -> Any:
    """`auto.from_pretrained` in float32 whatever the file holds, without remote code or pickled weights.

    Raises CheckpointError where there is no such model, it has no safetensors weights, or it is too short.
    """
    import torch

    quiet()
    kind = attention(device, max_length)
    if kind:
        options["attn_implementation"] = kind
    try:
        model = auto.from_pretrained(
            str(source), dtype=torch.float32, trust_remote_code=False, use_safetensors=True, **options
        )
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"no model can be loaded from {source}: {error}",
            expected="a save_pretrained folder or a hub id with safetensors weights and no code of its own",
        ) from error
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and positions < max_length:
        raise CheckpointError(
            f"{source} takes {positions} tokens",
            expected=f"max_length ({max_length}) or more",
            do="lower max_length",
        )
    return model
