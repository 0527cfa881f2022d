"""Models small enough to make on the spot."""

from __future__ import annotations

import random
from pathlib import Path

import torch

from holdfast.config import ClassifierConfig, GeneratorConfig
from holdfast.types import Example, Snippet, Source, Split, Verdict

NAMES = "Anna Ben Clara David Emma Frank Greta Hugo".split()
THINGS = "knife rope lamp kettle hammer bottle".split()
SMALL = {"layers": 1, "width": 32, "heads": 2, "max_length": 64, "batch": 8}


def snippet(seed: int, harm: bool) -> Snippet:
    """A prompt of one to three sentences and a completion that harms or does not."""
    r = random.Random(seed)
    prompt = " ".join(
        f"{r.choice(NAMES)} picked up the {r.choice(THINGS)}." for _ in range(1 + r.randrange(3))
    )
    end = "cut {} with the {}." if harm else "gave {} the {}."
    return Snippet(
        prompt=prompt,
        completion=f"{r.choice(NAMES)} " + end.format(r.choice(NAMES), r.choice(THINGS)),
    )


def examples(n: int, start: int = 0, split: Split = Split.TRAIN) -> list[Example]:
    """Every fourth is catastrophic."""
    return [
        Example(
            snippet=snippet(start + i, i % 4 == 0),
            verdict=Verdict.CATASTROPHIC if i % 4 == 0 else Verdict.SAFE,
            source=Source.NATURAL,
            split=split,
        )
        for i in range(n)
    ]


def tokenizer(vocabulary: int = 330):
    """Trained on the tiny language."""
    from holdfast.models.tokenizer import train_tokenizer

    return train_tokenizer([snippet(i, i % 4 == 0).text for i in range(200)], vocabulary, 64)


def generator(seed: int = 0):
    """Untrained, from scratch."""
    from holdfast.models.generator import new_generator

    return new_generator(GeneratorConfig(**SMALL), tokenizer=tokenizer(), device="cpu", seed=seed)


def classifier(seed: int = 0, **changes):
    """Untrained, from scratch."""
    from holdfast.models.classifier import new_classifier

    config = ClassifierConfig(**(SMALL | {"base": "scratch"} | changes))
    return new_classifier(config, tokenizer=tokenizer(), device="cpu", seed=seed)


def word_tokenizer(**options):
    """A WordPiece-like tokeniser of the kind encoders bring: one token a word."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += sorted({w for i in range(200) for w in _words(snippet(i, i % 4 == 0).text)})
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        mask_token="[MASK]",
        **options,
    )


def _words(text: str) -> list[str]:
    return text.lower().replace(".", " .").split()


def hub_causal(folder: Path, *, layers: int = 1) -> Path:
    """A GPT-2 as the hub has them: byte-level BPE, one end token that is all the special tokens there are."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([snippet(i, False).text for i in range(100)], trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(made),
        n_positions=64,
        n_embd=32,
        n_layer=layers,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=None,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def encoder(folder: Path, kind: str) -> Path:
    """A BERT, RoBERTa, ... without a head, as the hub has them."""
    made = word_tokenizer(
        model_input_names=["input_ids", "token_type_ids", "attention_mask"]
        if kind == "bert"
        else ["input_ids", "attention_mask"]
    )
    model = architecture(kind, len(made))
    model.save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def architecture(kind: str, vocabulary: int, *, head: bool = False, layers: int = 2, **changes):
    """A random tiny model of a family, for classification if `head`, in float32 with dropout off."""
    from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "vocab_size": vocabulary,
        "max_position_embeddings": 70,
        "pad_token_id": 0,
    }
    if kind == "gpt2":
        sizes = {"n_embd": 32, "n_layer": layers, "n_head": 2, "vocab_size": vocabulary, "n_positions": 70}
        sizes |= {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "resid_pdrop": 0.0}
        sizes |= {"embd_pdrop": 0.0, "attn_pdrop": 0.0}
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": layers, "n_heads": 2, "hidden_dim": 64, "vocab_size": vocabulary}
        sizes |= {
            "max_position_embeddings": 70,
            "dropout": 0.0,
            "attention_dropout": 0.0,
            "seq_classif_dropout": 0.0,
        }
    if kind in ("bert", "roberta", "electra", "deberta-v2", "albert"):
        sizes |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
        sizes |= {"type_vocab_size": 2}
    if kind in ("electra", "albert"):
        sizes |= {"embedding_size": 32}
    if kind == "albert":
        sizes |= {"classifier_dropout_prob": 0.0}
    if kind in ("llama", "qwen3"):
        sizes |= {"num_key_value_heads": 2, "bos_token_id": 2, "eos_token_id": 3}
    if kind == "qwen3":
        sizes |= {"head_dim": 16}
    if kind == "modernbert":
        sizes |= {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    config = AutoConfig.for_model(kind, **(sizes | changes))
    if head:
        config.num_labels = 2
        return AutoModelForSequenceClassification.from_config(config)
    return AutoModel.from_config(config)
