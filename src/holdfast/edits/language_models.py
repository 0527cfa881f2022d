"""Proposers that ask a language model: a masked one for words in place, a causal one for next words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from holdfast.edits.text import insertion, side_text, substitution
from holdfast.edits.words import copy_case, sentence_start
from holdfast.errors import InputError
from holdfast.types import Edit, Snippet

if TYPE_CHECKING:
    import torch

__all__ = ["GeneratorProposer", "MaskedLMProposer", "whole_words"]

_WINDOW = 600


def whole_words(tokenizer: Any) -> dict[int, str]:
    """Token id -> word, for tokens that are a whole word by themselves (any of the common token alphabets).

    Byte-level BPE marks a word's start by a leading blank sign, Unigram by another, WordPiece marks what is
    *not* a start; word-level vocabularies mark nothing.
    """
    size = len(tokenizer)
    pieces = tokenizer.convert_ids_to_tokens(list(range(size)))
    special = set(tokenizer.all_special_ids)
    marks = [m for m in ("\u0120", "\u2581") if sum(str(p).startswith(m) for p in pieces) > size // 50]
    found: dict[int, str] = {}
    for index, piece in enumerate(pieces):
        text = str(piece)
        if index in special or text.startswith("##"):
            continue
        if marks:
            if not text.startswith(marks[0]):
                continue
            text = text[1:]
        if text and text.replace("'", "").replace("-", "").isalpha() and text.isascii():
            found[index] = text
    return found


class _ModelProposer:
    """What both kinds share: the vocabulary's whole words, and how a word becomes an edit."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer

    @cached_property
    def _words(self) -> dict[int, str]:
        return whole_words(self.tokenizer)

    def _best(self, logits: torch.Tensor, n: int) -> list[str]:
        """The `n` most likely whole words under one row of logits, shape (vocabulary,)."""
        ids = sorted(self._words)
        scores = logits[ids]
        top = scores.topk(min(n, len(ids))).indices.tolist()
        return [self._words[ids[i]] for i in top]

    def _edits(self, snippet: Snippet, side: str, span: tuple[int, int], found: list[str]) -> list[Edit]:
        """One edit a word, case restored from the place; what changes nothing is left out."""
        text, source = side_text(snippet, side), type(self).__name__.removesuffix("Proposer").lower()
        start, stop = span
        edits: list[Edit] = []
        for word in found:
            if start == stop:
                edit = insertion(text, side, start, word, source)
            else:
                old = text[start:stop]
                keep = old[:1].isupper() and not sentence_start(text, start)
                edit = substitution(text, side, span, copy_case(old, word) if keep else word, source)
            if edit is not None and edit.old.lower() != edit.new.lower():
                edits.append(replace(edit, source=source))
        return edits

    def _context(self, snippet: Snippet, side: str, start: int, stop: int) -> tuple[str, str]:
        """Text before and after the span, prompt and completion as one running text, cut to a window."""
        text = side_text(snippet, side)
        left, right = text[:start], text[stop:]
        if side == "completion":
            gap = "" if not snippet.prompt or snippet.completion[:1].isspace() else " "
            left = snippet.prompt + gap + left
        else:
            gap = "" if snippet.completion[:1].isspace() else " "
            right = right + gap + snippet.completion
        return left[-_WINDOW:], right[:_WINDOW]


class MaskedLMProposer(_ModelProposer):
    """Whole words that a masked language model expects in the place. One forward a call."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Any Hugging Face masked LM with its tokeniser. Raises InputError if it has no mask token."""
        super().__init__(model, tokenizer)
        if tokenizer.mask_token is None:
            raise InputError("this tokeniser has no mask token", expected="a masked language model")

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits, most likely first; `seed` is not used."""
        import torch

        if n <= 0:
            return []
        left, right = self._context(snippet, side, start, stop)
        blank_left = "" if not left or left[-1:].isspace() or start != stop else " "
        blank_right = " " if start == stop and right[:1].isalnum() else ""
        text = left + blank_left + self.tokenizer.mask_token + blank_right + right
        # Two less than there are: RoBERTa's positions start at 2.
        room = getattr(self.model.config, "max_position_embeddings", 514) - 2
        inputs = self.tokenizer(text, return_tensors="pt", truncation=True, max_length=room)
        inputs = inputs.to(self.model.device)
        places = (inputs["input_ids"][0] == self.tokenizer.mask_token_id).nonzero()
        if not len(places):
            return []
        was_training = self.model.training
        self.model.eval()
        with torch.inference_mode():
            logits = self.model(**inputs).logits[0, int(places[0])].float().cpu()
        self.model.train(was_training)
        return self._edits(snippet, side, (start, stop), self._best(logits, n + 1))[:n]


class GeneratorProposer(_ModelProposer):
    """Whole words that the causal generator might have written next: drawn from its own distribution."""

    def __init__(self, model: Any, tokenizer: Any, *, temperature: float = 1.0) -> None:
        """A Hugging Face causal LM with its tokeniser; temperature 0: the plain ranking."""
        super().__init__(model, tokenizer)
        self.temperature = temperature

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits by next-word probability after the text to the left (Gumbel top-n under `seed`)."""
        import torch

        left, _ = self._context(snippet, side, start, stop)
        if n <= 0 or not left.strip():
            return []
        inputs = self.tokenizer(left.rstrip(), return_tensors="pt").to(self.model.device)
        ids = inputs["input_ids"][:, -512:]
        was_training = self.model.training
        self.model.eval()
        with torch.inference_mode():
            logits = self.model(input_ids=ids).logits[0, -1].float().cpu()
        self.model.train(was_training)
        if self.temperature > 0:
            noise = torch.rand(
                logits.shape, generator=torch.Generator().manual_seed(Random(seed).getrandbits(62))
            )
            logits = logits / self.temperature - (-noise.clamp_min(1e-20).log()).log()
        return self._edits(snippet, side, (start, stop), self._best(logits, n + 1))[:n]
