"""The generator: any causal language model, drawing completions from one random stream each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.config import GeneratorConfig
from holdfast.errors import CheckpointError
from holdfast.models.build import attention, from_pretrained, scratch_config, template_for
from holdfast.models.checkpoint import (
    Metadata,
    autocast,
    checkpoint_hash,
    pick_device,
    read_metadata,
    save_folder,
    tokenizer_hash,
)
from holdfast.models.encoding import Encoder, collate
from holdfast.models.sampling import Rules, decode_batch, uniforms
from holdfast.models.tokenizer import decode_text, load_tokenizer
from holdfast.types import CheckpointRef, Snippet

if TYPE_CHECKING:
    import torch

__all__ = ["HFGenerator", "SamplingRules", "load_generator", "new_generator"]

REDRAWS = 4
"""How often a completion that did not end is drawn again, from a stream of its own, before it is given up."""
_ROWS = 256
_SPREAD = 6


@dataclass(frozen=True, kw_only=True)
class SamplingRules:
    """How completions are drawn."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 48
    sentences: int | None = 1
    """Where a model without an end token of its own stops; None: at its end token only."""

    @classmethod
    def of(cls, config: GeneratorConfig, sentences: int | None = 1) -> SamplingRules:
        """The rules that a config names."""
        return cls(
            temperature=config.temperature,
            top_p=config.top_p,
            max_new_tokens=config.max_new_tokens,
            sentences=sentences,
        )


class HFGenerator:
    """Completes prompts. Implements `Generator`."""

    def __init__(self, model: Any, encoder: Encoder, metadata: Metadata, path: str = "") -> None:
        """`model` is on its device already."""
        self.model = model.eval()
        self.encoder = encoder
        self.metadata = metadata
        self.path = path
        self.rules = SamplingRules()
        self.drawn = 0
        """Completions asked for since it was loaded."""
        self.redrawn = 0
        """Draws that did not end within `max_new_tokens` and were drawn again."""
        self.unfinished = 0
        """Completions given up (returned as the empty string, which a filter must reject)."""

    @property
    def name(self) -> str:
        """Folder name or hub id, and the start of the weights' hash."""
        return f"{Path(self.path).name}@{self.metadata.sha256[:8]}" if self.metadata.sha256 else self.path

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        found: torch.device = self.model.device
        return found

    @property
    def checkpoint(self) -> CheckpointRef:
        """Which weights it draws from."""
        return self.metadata.ref(self.path)

    def sample(self, prompts: Sequence[str], n: int, seed: int, *, first: int = 0) -> list[list[str]]:
        """Completions `first` to `first + n` of each prompt.

        Completion i of a prompt depends on (seed, prompt, i) only: not on the other prompts, nor on n, nor on
        how they are batched, except where float32 rounding moves a probability across the drawn number
        (about one token in a million). A completion that does not end within the limits is drawn again, at
        most 4 times, then returned empty. Raises TextTooLongError.
        """
        wanted = [(prompt, index) for prompt in dict.fromkeys(prompts) for index in range(first, first + n)]
        self.drawn += len(wanted)
        found: dict[tuple[str, int], str] = {}
        for attempt in range(REDRAWS + 1):
            open_ = [key for key in wanted if key not in found]
            if not open_:
                break
            self.redrawn += len(open_) if attempt else 0
            found |= self._attempt(open_, seed, attempt)
        self.unfinished += len(wanted) - len(found)
        return [[found.get((p, i), "") for i in range(first, first + n)] for p in prompts]

    def _attempt(self, wanted: list[tuple[str, int]], seed: int, attempt: int) -> dict[tuple[str, int], str]:
        """One draw each; those that ended with a text in them."""
        import numpy as np
        import torch

        ids = self.encoder.prompt_ids([prompt for prompt, _ in wanted])
        rules = self._token_rules()
        found = {}
        for batch in _batches([len(i) for i in ids]):
            u = np.stack([uniforms(seed, *wanted[i], attempt, rules.max_new_tokens) for i in batch])
            with torch.inference_mode(), autocast(self.device, self.metadata.dtype):
                drawn = decode_batch(self.model, [ids[i] for i in batch], u, rules)
            for i, (tokens, ended) in zip(batch, drawn, strict=True):
                text = self._text(tokens, ended)
                if text:
                    found[wanted[i]] = text
        return found

    def _token_rules(self) -> Rules:
        tokenizer, rules = self.encoder.tokenizer, self.rules
        eos = tokenizer.eos_token_id
        added = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
        special = {*tokenizer.all_special_ids, *added} - {eos}
        stop = None
        if self._cuts:

            def stop(tokens: list[int]) -> bool:
                return len(self._split(decode_text(tokenizer, tokens))) > (rules.sentences or 1)

        return Rules(
            eos=eos,
            banned=tuple(sorted(i for i in special if i < self.model.config.vocab_size)),
            temperature=rules.temperature,
            top_p=rules.top_p,
            max_new_tokens=rules.max_new_tokens,
            max_length=self.metadata.max_length,
            stop=stop,
        )

    @property
    def _cuts(self) -> bool:
        """Whether completions are cut at a sentence end: models that were not trained to end there."""
        return self.rules.sentences is not None and not self.metadata.training

    @staticmethod
    def _split(text: str) -> list[str]:
        from sentencex import segment

        return [s for s in segment("en", text) if s.strip()]

    def _text(self, tokens: list[int], ended: bool) -> str:
        """The completion, or the empty string where it did not end."""
        text = decode_text(self.encoder.tokenizer, tokens)
        if not self._cuts:
            return text if ended and text.strip() else ""
        sentences = self._split(text.strip())
        limit = self.rules.sentences or 1
        if not sentences or (len(sentences) <= limit and not ended):
            return ""
        return "".join(sentences[:limit]).strip()

    def log_prob(self, prompt: str, completion: str) -> float:
        """log P(completion, end | prompt) under the model itself (temperature 1, all of it), natural log.

        Of the tokeniser's own reading of the text: the same text drawn as other tokens is not added.
        """
        return self.log_probs([Snippet(prompt=prompt, completion=completion)])[0]

    def log_probs(self, snippets: Sequence[Snippet]) -> list[float]:
        """`log_prob` of each snippet. Raises TextTooLongError."""
        import torch

        from holdfast.models.encoding import length_batches

        encoded = self.encoder.encode(snippets)
        found = [0.0] * len(encoded)
        banned = list(self._token_rules().banned)
        with torch.inference_mode():
            for batch in length_batches([len(e) for e in encoded], rows=32):
                inputs = collate([encoded[i] for i in batch], self.encoder.pad_id)
                logits = self.model(**{k: v.to(self.device) for k, v in inputs.items()}).logits
                logits = (logits.cpu() if self.device.type == "mps" else logits).double()
                logits[..., banned] = -torch.inf
                chosen = logits[:, :-1].log_softmax(-1)
                targets = inputs["input_ids"][:, 1:].to(chosen.device)
                each = chosen.gather(-1, targets[..., None])[..., 0]
                for row, i in enumerate(batch):
                    found[i] = float(each[row, max(encoded[i].prompt, 1) - 1 : len(encoded[i]) - 1].sum())
        return found

    def save(self, out: Path, **changes: Any) -> HFGenerator:
        """Write the folder `out` in one step; `changes` are metadata fields. Returns the saved generator."""

        def write(folder: Path) -> None:
            self.model.save_pretrained(folder)
            self.encoder.tokenizer.save_pretrained(folder)

        metadata = save_folder(out, replace(self.metadata, **changes), write)
        saved = HFGenerator(self.model, self.encoder, metadata, str(out))
        saved.rules = self.rules
        return saved


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Indices in groups of at most 256 prompts whose lengths differ by at most 6 tokens."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    batches: list[list[int]] = []
    for i in order:
        if not batches or len(batches[-1]) >= _ROWS or lengths[i] - lengths[batches[-1][0]] > _SPREAD:
            batches.append([])
        batches[-1].append(i)
    return batches


def load_generator(
    source: str | Path,
    *,
    ref: CheckpointRef | None = None,
    device: str = "auto",
    rules: SamplingRules | None = None,
    max_length: int = 0,
    revision: str | None = None,
) -> HFGenerator:
    """The generator of a saved folder or hub id. Raises CheckpointError where it is not what was recorded."""
    from transformers import AutoModelForCausalLM

    folder = Path(source)
    metadata = read_metadata(folder) if folder.is_dir() else None
    if metadata is not None and metadata.tokenizer_sha256 != tokenizer_hash(folder):
        raise CheckpointError(f"the tokeniser in {folder} is not the recorded one", do="restore the folder")
    if ref is not None and ref.sha256 and ref.sha256 != (found := checkpoint_hash(folder)):
        raise CheckpointError(f"{folder} hashes to {found[:12]}", expected=f"{ref.sha256[:12]} as recorded")
    known = metadata or Metadata(kind="generator", template="", max_length=256)
    length = max_length or known.max_length
    place = pick_device(device)
    tokenizer = load_tokenizer(source, revision)
    model = from_pretrained(
        AutoModelForCausalLM, source, device=place.type, max_length=length, revision=revision
    ).to(place)
    template = known.template or template_for(model.config, tokenizer)
    sha256 = known.sha256 or (checkpoint_hash(folder) if folder.is_dir() else "")
    final = replace(known, template=template, max_length=length, sha256=sha256)
    encoder = Encoder(tokenizer, template=template, max_length=length)  # type: ignore[arg-type]
    generator = HFGenerator(model, encoder, final, str(source))
    generator.rules = rules or generator.rules
    return generator


def new_generator(
    config: GeneratorConfig, *, tokenizer: Any = None, device: str = "auto", seed: int = 0
) -> HFGenerator:
    """A generator to train: from scratch with `tokenizer`, or the model that `config.base` names."""
    import torch
    from transformers import AutoModelForCausalLM

    if config.base != "scratch":
        generator = load_generator(config.base, device=device, max_length=config.max_length)
        generator.metadata = replace(generator.metadata, base=config.base, sha256="")
        generator.rules = SamplingRules.of(config)
        return generator
    if tokenizer is None:
        raise CheckpointError("generator.base is `scratch` and no tokeniser was given")
    place = pick_device(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(
            scratch_config(config, tokenizer), attn_implementation=attention(place.type, config.max_length)
        ).to(place)
    metadata = Metadata(kind="generator", template="sep", max_length=config.max_length, base="scratch")
    encoder = Encoder(tokenizer, template="sep", max_length=config.max_length)
    generator = HFGenerator(model, encoder, metadata)
    generator.rules = SamplingRules.of(config)
    return generator
