"""A tokeniser trained on the workspace's own text: byte-level BPE, lossless, no unknown token.

The leading-space convention: every text begins with a space as far as the tokens are concerned, so the
tokens of `prompt + " " + completion` are those of the prompt followed by those of the completion, and a word
is the same token wherever it stands. Decoding gives that space back; `decode_text` takes it off.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from holdfast.errors import CheckpointError, InputError

__all__ = ["BOS", "EOS", "PAD", "SEP", "SPECIAL", "decode_text", "load_tokenizer", "train_tokenizer"]

PAD, BOS, SEP, EOS = "<pad>", "<s>", "<sep>", "</s>"
SPECIAL = (PAD, BOS, SEP, EOS)
"""Special tokens of a trained tokeniser; their ids are their places here."""


def train_tokenizer(texts: Iterable[str], vocabulary: int = 2048, max_length: int = 160) -> Any:
    """Train a `PreTrainedTokenizerFast` with at most `vocabulary` tokens; save it with `save_pretrained`.

    The same texts give the same tokeniser. Called on a pair it gives `BOS prompt SEP completion EOS`, on
    one text `BOS text`.
    Raises InputError where there is no text.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    texts = [text for text in texts if text]
    if not texts:
        raise InputError("no text to train a tokeniser on", do="`holdfast sample` or `holdfast import` first")
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=f"{BOS} $A",
                pair=f"{BOS} $A {SEP} $B {EOS}",
                special_tokens=[(token, i) for i, token in enumerate(SPECIAL)],
            ),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=BOS,
        eos_token=EOS,
        sep_token=SEP,
        pad_token=PAD,
        cls_token=BOS,
        padding_side="right",
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def load_tokenizer(source: str | Path, revision: str | None = None) -> Any:
    """The tokeniser of a saved folder or hub id, set to pad on the right and never to cut.

    Raises CheckpointError where there is none, or only one without a Rust backend (no offsets).
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source), revision=revision, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"no tokeniser can be loaded from {source}: {error}",
            expected="a save_pretrained folder or a hub id with a tokenizer.json",
        ) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise CheckpointError(
            f"the tokeniser of {source} has no fast form", expected="a tokenizer.json", do="convert it first"
        )
    tokenizer.padding_side = "right"
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    return tokenizer


def decode_text(tokenizer: Any, ids: Iterable[int]) -> str:
    """The text of `ids` without special tokens and without the one space that the convention puts first."""
    text: str = tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=True)
    return text[1:] if text.startswith(" ") else text
