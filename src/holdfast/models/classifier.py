"""The classifier: any `AutoModelForSequenceClassification` with two outputs, as a scorer of snippets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from holdfast.config import ClassifierConfig
from holdfast.errors import CheckpointError, InputError
from holdfast.models.build import ID2LABEL, from_pretrained, scratch_config, template_for
from holdfast.models.checkpoint import (
    Metadata,
    autocast,
    checkpoint_hash,
    pick_device,
    read_metadata,
    save_folder,
    tokenizer_hash,
)
from holdfast.models.encoding import Encoded, Encoder, Span, collate, length_batches
from holdfast.models.shorter_way import shorter_way
from holdfast.models.tokenizer import load_tokenizer
from holdfast.types import CheckpointRef, Snippet

if TYPE_CHECKING:
    import torch

    from holdfast.protocols import FloatArray

__all__ = ["HFClassifier", "TokenGradients", "load_classifier", "new_classifier"]

_SAFE = {"SAFE"}
_UNSAFE = {"NOT_SAFE", "UNSAFE", "CATASTROPHIC"}
_COMMON = 4096
_BATCH = 8192
_CPU_NUMBERS = 1024 * 384
"""Tokens times width of a batch on a CPU: 16 texts of 64 tokens at width 384, the fastest measured."""
_CPU_FEWEST = 384 * 128
"""The same for narrow models, likewise: 6 texts of 64 tokens at width 128."""


@dataclass(frozen=True)
class TokenGradients:
    """What a first-order search over token substitutions needs.

    Replacing token i by v changes the logit by about `(matrix[v] - matrix[ids[i]]) @ gradient[i]`.
    """

    ids: torch.Tensor
    """Token ids, (T,), int64."""
    gradient: torch.Tensor
    """d logit / d embedding of each token, (T, d), float32."""
    matrix: torch.Tensor
    """The embedding matrix, (V, d); not to be changed."""
    spans: list[Span | None]
    """Characters each token stands for; None: a special token."""
    logit: float


class HFClassifier:
    """Scores snippets. Implements `DifferentiableClassifier`."""

    def __init__(self, model: Any, encoder: Encoder, metadata: Metadata, path: str = "") -> None:
        """`model` is on its device already; `metadata` says dtype and length of scoring."""
        self.model = model.eval()
        self.encoder = encoder
        self.metadata = metadata
        self.path = path
        self.sign = _sign(model.config, path)
        self._short = shorter_way(model)
        if metadata.dtype == "bfloat16":
            _exact_head(model)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        found: torch.device = self.model.device
        return found

    @property
    def checkpoint(self) -> CheckpointRef:
        """Which weights, dtype and length the logits belong to (`sha256` is empty before it is saved)."""
        return self.metadata.ref(self.path)

    def score(self, snippets: Sequence[Snippet]) -> FloatArray:
        """Logits, shape (n,), float64, in input order. Equal token ids get equal logits.

        A snippet's logit does not depend on its batch mates beyond the last bits of float32 (about 1e-6; 1e-2
        in bfloat16). Raises TextTooLongError, or InputError where a logit is not finite.
        """
        import numpy as np

        encoded = self.encoder.encode(snippets)
        places: dict[Encoded, int] = {}
        rows = [places.setdefault(e, len(places)) for e in encoded]
        logits = self.score_encoded(list(places))[np.asarray(rows, np.int64)]
        bad = np.flatnonzero(~np.isfinite(logits))
        if len(bad):
            raise InputError(
                f"the logit of snippet {snippets[int(bad[0])].id} is not finite",
                expected="a finite logit",
                do="reject it; if all are so, train the classifier again with a lower learning rate",
            )
        return logits

    def score_encoded(self, encoded: Sequence[Encoded]) -> FloatArray:
        """Logits of encoded snippets, (n,), float64, in order; leaves training mode as it was."""
        import numpy as np
        import torch

        found = np.zeros(len(encoded), np.float64)
        training = self.model.training
        if training:
            self.model.eval()
        with torch.inference_mode(), autocast(self.device, self.metadata.dtype):
            for batch in length_batches([len(e) for e in encoded], tokens=self._batch_tokens()):
                inputs = collate([encoded[i] for i in batch], self.encoder.pad_id)
                found[batch] = self.logits(inputs).cpu().double().numpy()
        if training:
            self.model.train()
        return found

    def _batch_tokens(self) -> int:
        """Tokens scored at once. On a CPU only so many that a block's activations stay in its cache."""
        width = getattr(self.model.config, "hidden_size", 0)
        if self.device.type != "cpu" or not width:
            return _BATCH
        numbers = min(_CPU_NUMBERS, max(_CPU_FEWEST, 3 * int(width) ** 2))
        return min(_BATCH, max(1, numbers // int(width)))

    def logits(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logit of each row of a collated batch, (n,), float32; differentiable."""
        two = self.class_logits({k: v.to(self.device) for k, v in inputs.items()})
        return self.sign * (two[:, 1] - two[:, 0])

    def class_logits(self, inputs: dict[str, torch.Tensor], model: Any = None) -> torch.Tensor:
        """The model's two outputs, (n, 2), float32, as it names them; `model`: a wrapped form of it."""
        if self._short is not None and model in (None, self.model):
            return self._short(self.model, inputs)
        found: torch.Tensor = (model or self.model)(**inputs).logits.float()
        return found

    def embed(self, ids: Sequence[int]) -> torch.Tensor:
        """What the embedding layer makes of token ids: (T, d), detached, on the model's device."""
        import torch

        with torch.no_grad():
            table = self.model.get_input_embeddings()
            found: torch.Tensor = table(torch.tensor(ids, dtype=torch.long, device=self.device))
        return found

    def neutral(self) -> torch.Tensor:
        """An embedding that says nothing of a word, (d,): the mask token's, else the mean of common tokens'.

        Vocabularies list common tokens first; the mean of all rows would be that of rare ones.
        """
        mask = self.encoder.tokenizer.mask_token_id
        if mask is not None:
            return self.embed([mask])[0]
        rows = self.model.get_input_embeddings().weight.shape[0]
        return self.embed(range(min(rows, _COMMON))).mean(0)

    def embedding_logits(self, snippet: Snippet, vectors: torch.Tensor) -> torch.Tensor:
        """Logit with the token embeddings of `snippet` replaced by each of `vectors`; (n, T, d) -> (n,).

        In float32, dropout off, differentiable in `vectors`. Raises TextTooLongError.
        """
        encoded = self.encoder.encode([snippet])[0]
        caller = get_ident()

        def swap(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor | None:
            # Another thread may be scoring with the same weights: its embeddings are its own.
            return vectors if get_ident() == caller else None

        handle = self.model.get_input_embeddings().register_forward_hook(swap)
        training = self.model.training
        if training:
            self.model.eval()
        try:
            return self.logits(collate([encoded] * len(vectors), self.encoder.pad_id))
        finally:
            handle.remove()
            if training:
                self.model.train()

    def token_gradients(self, snippet: Snippet) -> TokenGradients:
        """Gradient of the logit by each token's embedding, in float32: one forward, one backward."""
        import torch

        ids = self.encoder.encode([snippet])[0].ids
        vectors = self.embed(ids)[None].requires_grad_()
        with torch.enable_grad():
            logit = self.embedding_logits(snippet, vectors)[0]
            (gradient,) = torch.autograd.grad(logit, vectors)
        return TokenGradients(
            ids=torch.tensor(ids),
            gradient=gradient[0].float().cpu(),
            matrix=self.model.get_input_embeddings().weight.detach(),
            spans=self.encoder.spans(snippet),
            logit=float(logit.detach()),
        )

    def saliency(self, snippet: Snippet) -> list[tuple[str, int, int, float]]:
        """Per token of the text: (side, start, stop, norm of the logit's gradient there)."""
        found = self.token_gradients(snippet)
        norms = found.gradient.norm(dim=-1).tolist()
        return [(*span, norm) for span, norm in zip(found.spans, norms, strict=True) if span is not None]

    def save(self, out: Path, **changes: Any) -> HFClassifier:
        """Write the folder `out` in one step; `changes` are metadata fields. Returns the saved classifier."""
        from dataclasses import replace

        def write(folder: Path) -> None:
            self.model.save_pretrained(folder)
            self.encoder.tokenizer.save_pretrained(folder)

        metadata = save_folder(out, replace(self.metadata, **changes), write)
        return HFClassifier(self.model, self.encoder, metadata, str(out))


def _sign(config: Any, source: str) -> int:
    """+1 where output 1 is the unsafe one, -1 where output 0 is; CheckpointError where neither is said."""
    labels = [str(config.id2label.get(i, "")).upper() for i in range(len(config.id2label))]
    if len(labels) == 2 and labels[0] in _SAFE and labels[1] in _UNSAFE:
        return 1
    if len(labels) == 2 and labels[1] in _SAFE and labels[0] in _UNSAFE:
        return -1
    raise CheckpointError(
        f"the outputs of {source or 'the model'} are named {labels}: which of them is the catastrophe?",
        expected="id2label = {0: SAFE, 1: NOT_SAFE} in config.json",
        do="name them in its config.json, or use it as classifier.base and train it",
    )


def _exact_head(model: Any) -> None:
    """Let the last linear layer work in float32 under autocast: rounded logits tie in the tail."""
    import torch

    heads = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.out_features == 2]
    for head in heads[-1:]:
        head.forward = partial(_float32, head)  # type: ignore[method-assign]


def _float32(head: Any, x: torch.Tensor) -> torch.Tensor:
    """`head` of `x` in float32, whatever autocast says; a function of the module, so that models pickle."""
    import torch

    with torch.autocast(x.device.type, enabled=False):
        result: torch.Tensor = type(head).forward(head, x.float())
        return result


def load_classifier(
    source: str | Path,
    *,
    ref: CheckpointRef | None = None,
    device: str = "auto",
    dtype: str = "",
    max_length: int = 0,
    revision: str | None = None,
) -> HFClassifier:
    """The classifier of a saved folder or hub id; its metadata says what `dtype` and `max_length` leave open.

    With `ref` the weights have to be the recorded ones. Raises CheckpointError where the folder is not
    complete, its tokeniser or weights are not the recorded ones, or its outputs have no meaning.
    """
    from transformers import AutoModelForSequenceClassification

    folder = Path(source)
    metadata = read_metadata(folder) if folder.is_dir() else None
    if folder.is_dir():
        _check(folder, metadata, ref)
    known = metadata or Metadata(kind="classifier", template="", max_length=256)
    length = max_length or (ref.max_length if ref else known.max_length)
    place = pick_device(device)
    tokenizer = load_tokenizer(source, revision)
    model = from_pretrained(
        AutoModelForSequenceClassification, source, device=place.type, max_length=length, revision=revision
    ).to(place)
    template = known.template or template_for(model.config, tokenizer)
    _fit_padding(model, tokenizer)
    from dataclasses import replace

    final = replace(
        known,
        template=template,
        max_length=length,
        dtype=dtype or (ref.dtype if ref else known.dtype),
        sha256=known.sha256 or (checkpoint_hash(folder) if folder.is_dir() else ""),
    )
    encoder = Encoder(tokenizer, template=template, max_length=length)  # type: ignore[arg-type]
    return HFClassifier(model, encoder, final, str(source))


def _check(folder: Path, metadata: Metadata | None, ref: CheckpointRef | None) -> None:
    """Raise CheckpointError where files are not those that were recorded."""
    if metadata is not None and metadata.tokenizer_sha256 != tokenizer_hash(folder):
        raise CheckpointError(
            f"the tokeniser in {folder} is not the one that the classifier was trained with",
            expected=f"files that hash to {metadata.tokenizer_sha256[:12]}",
            do="restore the folder, or train again",
        )
    if ref is not None and ref.sha256 and ref.sha256 != (found := checkpoint_hash(folder)):
        raise CheckpointError(
            f"{folder} hashes to {found[:12]}",
            expected=f"{ref.sha256[:12]}, as recorded for {ref.name!r}",
            do="restore the folder; thresholds and figures belong to the recorded weights",
        )


def _fit_padding(model: Any, tokenizer: Any) -> None:
    """Tell model and tokeniser one padding token: decoder heads find the last token by it."""
    if tokenizer.pad_token_id is None and tokenizer.eos_token_id is not None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise CheckpointError("the tokeniser has no padding token", expected="a pad or end token")
    model.config.pad_token_id = tokenizer.pad_token_id


def new_classifier(
    config: ClassifierConfig,
    *,
    generator: str | Path | None = None,
    tokenizer: Any = None,
    device: str = "auto",
    seed: int = 0,
) -> HFClassifier:
    """An untrained classifier on `config.base`; the new head depends on `seed` only.

    `generator`: folder of the generator (base `generator`); `tokenizer`: for base `scratch`.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    if config.base == "generator" and generator is None:
        raise CheckpointError(
            "classifier.base is `generator` and there is none", do="`holdfast train generator` first"
        )
    source = str(generator) if config.base == "generator" else config.base
    place = pick_device(device)
    labels = {"num_labels": 2, "id2label": dict(ID2LABEL), "label2id": {v: k for k, v in ID2LABEL.items()}}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if source == "scratch":
            if tokenizer is None:
                raise CheckpointError("classifier.base is `scratch` and no tokeniser was given")
            made = scratch_config(config, tokenizer)
            made.update(labels)
            model = AutoModelForSequenceClassification.from_config(
                made, attn_implementation="eager" if place.type == "cpu" else None
            )
        else:
            tokenizer = load_tokenizer(source, config.revision)
            model = from_pretrained(
                AutoModelForSequenceClassification,
                source,
                device=place.type,
                max_length=config.max_length,
                revision=config.revision,
                ignore_mismatched_sizes=True,
                **labels,
            )
    _fit_padding(model, tokenizer)
    folder = Path(source)
    saved = read_metadata(folder) if folder.is_dir() else None
    template = saved.template if saved else template_for(model.config, tokenizer)
    metadata = Metadata(
        kind="classifier", template=template, max_length=config.max_length, dtype=config.dtype, base=source
    )
    encoder = Encoder(tokenizer, template=template, max_length=config.max_length)  # type: ignore[arg-type]
    return HFClassifier(model.to(place), encoder, metadata)
