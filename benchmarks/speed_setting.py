"""What `attack_speed.py` measures on: an encoder of a known shape, texts of a wanted length, edits of them.

Nothing is downloaded: the WordPiece tokeniser is trained on story-world texts on the spot, the weights are
random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from holdfast.edits.proposals import ContextProposer
from holdfast.edits.text import deletion, insertion, side_text, substitution
from holdfast.edits.words import gaps, words
from holdfast.models.checkpoint import Metadata
from holdfast.models.classifier import HFClassifier, load_classifier
from holdfast.models.encoding import Encoder
from holdfast.registry import catastrophes
from holdfast.types import Edit, Snippet

__all__ = [
    "SHAPES",
    "Labelled",
    "edits_of",
    "encoder",
    "labelled",
    "of_length",
    "proposer",
    "rejected",
    "threshold_of",
]

VOCABULARY = 1500
"""Small, so that rarer words are of several pieces."""
POSITIONS = 512
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "bert-6x384": {
        "model_type": "bert",
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
    "deberta-v3-large": {
        "model_type": "deberta-v2",
        "vocab_size": 128100,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "type_vocab_size": 0,
        "position_biased_input": False,
        "relative_attention": True,
        "position_buckets": 256,
        "pos_att_type": ["p2c", "c2p"],
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "layer_norm_eps": 1e-7,
        "pooler_hidden_size": 1024,
        "pooler_dropout": 0.0,
        "pooler_hidden_act": "gelu",
    },
}
"""Encoders by name: the one the bars of a CPU are read on, and the largest that people tune as a filter."""
Labelled = tuple[Snippet, bool]
"""A snippet, and whether the oracle calls it catastrophic."""


def labelled(n: int, seed: int) -> list[Labelled]:
    """`n` tilted draws of the story world with the oracle's word (strict)."""
    world = catastrophes().load("storyworld")()
    snippets = [d.snippet for d in world.corpus.sample(n, seed, tilted=True)]
    return [(s, j.verdict.strict) for s, j in zip(snippets, world.oracle(snippets), strict=True)]


def proposer(n: int = 4000, seed: int = 11) -> ContextProposer:
    """Words in context, of `n` draws that nothing else here uses."""
    return ContextProposer(s.text for s, _ in labelled(n, seed))


def tokenizer(texts: Sequence[str]) -> Any:
    """An uncased WordPiece tokeniser in the way of BERT's."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    backend.train_from_iterator(texts, trainer)
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
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def encoder(
    folder: Path, shape: str = "bert-6x384", *, device: str = "cpu", dtype: str = "float32"
) -> HFClassifier:
    """The encoder in `folder`; where it is missing one with random weights is made and saved there."""
    if not (folder / "holdfast.json").exists():
        _random(shape).save(folder)
    return load_classifier(folder, device=device, dtype=dtype)


def _random(shape: str) -> HFClassifier:
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(0)
    made = tokenizer([s.text for s, _ in labelled(4000, 1)])
    values = {"vocab_size": len(made), "max_position_embeddings": POSITIONS} | dict(SHAPES[shape])
    config = AutoConfig.for_model(
        values.pop("model_type"),
        id2label={0: "SAFE", 1: "NOT_SAFE"},
        label2id={"SAFE": 0, "NOT_SAFE": 1},
        pad_token_id=made.pad_token_id,
        **values,
    )
    metadata = Metadata(kind="classifier", template="pair", max_length=256)
    model = AutoModelForSequenceClassification.from_config(config)
    return HFClassifier(model, Encoder(made, template="pair", max_length=256), metadata)


def of_length(classifier: HFClassifier, length: int, n: int, seed: int) -> list[Snippet]:
    """`n` snippets of exactly `length` tokens: running text of the story world, cut at a word."""
    rng = Random(seed)
    stream = _words(seed)
    found: list[Snippet] = []
    while len(found) < n:
        kept: list[str] = []
        while True:
            kept.append(next(stream))
            border = len(kept) * 2 // 3
            snippet = Snippet(prompt=" ".join(kept[:border]), completion=" ".join(kept[border:]))
            size = len(classifier.encoder.encode([snippet])[0])
            if size == length:
                found.append(snippet)
                break
            if size > length:
                kept.pop(rng.randrange(len(kept)))
                kept.pop(rng.randrange(len(kept)))
    return found


def threshold_of(classifier: HFClassifier, accepted: float = 0.7) -> float:
    """The logit below which the classifier has a share `accepted` of 100 harmless texts."""
    plain = [s for s, harm in labelled(200, 51) if not harm][:100]
    return float(np.quantile(classifier.score(plain), accepted))


def rejected(classifier: HFClassifier, length: int, n: int, seed: int) -> list[Snippet]:
    """`n` catastrophes of exactly `length` tokens that the classifier rejects: what people attack."""
    stream, cut = _words(seed), threshold_of(classifier)
    found: list[Snippet] = []
    for snippet in (s for s, harm in labelled(40 * n, seed) if harm):
        prompt = snippet.prompt.split()
        for _ in range(4 * length):
            now = Snippet(prompt=" ".join(prompt), completion=snippet.completion)
            size = len(classifier.encoder.encode([now])[0])
            if size == length:
                break
            # Other words stand before the story, or its first words go.
            prompt = [next(stream), *prompt] if size < length else prompt[2:]
        if size == length and classifier.score([now])[0] >= cut:
            found.append(now)
        if len(found) == n:
            return found
    raise ValueError(f"found {len(found)} rejected texts of {length} tokens, expected {n}")


def _words(seed: int) -> Iterator[str]:
    while True:
        for snippet, _ in labelled(200, seed + 1000):
            yield from snippet.text.split()
        seed += 1


def edits_of(snippet: Snippet, n: int, source: ContextProposer, seed: int) -> list[Edit]:
    """`n` edits in the mix of an attack: half substitutes; insertions, deletions, words of pieces."""
    rng = Random(seed)
    found: dict[tuple[object, ...], Edit] = {}
    while len(found) < n:
        side = "completion" if rng.random() < 0.34 else "prompt"
        text = side_text(snippet, side)
        word = rng.choice(words(text))
        kind = rng.choices(("replace", "insert", "delete", "pieces"), (5, 2, 1, 2))[0]
        if kind == "delete":
            made = [deletion(text, side, (word.start, word.stop))]
        elif kind == "insert":
            at = rng.choice(gaps(text))
            made = [insertion(text, side, at, e) for e in ("slowly", "once", "old", "very")]
        elif kind == "pieces":
            new = "".join(rng.choice("aeioubdgklmnrst") for _ in range(rng.randint(4, 7)))
            made = [substitution(text, side, (word.start, word.stop), new)]
        else:
            made = list(source.propose(snippet, side, word.start, word.stop, 6, rng.getrandbits(30)))
        for edit in made:
            if edit is not None and len(found) < n:
                found.setdefault((edit.side, edit.start, edit.stop, edit.new), edit)
    return list(found.values())
