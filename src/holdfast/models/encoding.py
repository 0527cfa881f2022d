"""Snippets to token ids: the only place that knows how prompt and completion are joined.

Three templates; a checkpoint's metadata name the one its logits belong to.

- `pair`: what the tokeniser makes of a pair of texts (`[CLS] prompt [SEP] completion [SEP]`): encoders.
- `sep`: `BOS prompt SEP completion EOS`: causal models with the tokeniser of `holdfast.models.tokenizer`.
- `text`: `Snippet.text` as running text, with the tokeniser's start token, then EOS: other causal models.

Text that looks like a special token is encoded as ordinary text. Nothing is ever cut: too long is an error.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from holdfast.errors import InputError, TextTooLongError
from holdfast.types import Snippet

if TYPE_CHECKING:
    import torch

__all__ = ["Encoded", "Encoder", "Span", "Template", "collate", "length_batches"]

Template = Literal["pair", "sep", "text"]
Span = tuple[str, int, int]
"""(side, start, stop): code points [start, stop) of `prompt` or `completion`."""

_CACHE = 200_000


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded snippet."""

    ids: tuple[int, ...]
    types: tuple[int, ...] | None = None
    """Segment ids, where the model takes them."""
    prompt: int = 0
    """Tokens before the completion's first one (templates `sep` and `text`)."""

    def __len__(self) -> int:
        return len(self.ids)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


@lru_cache(maxsize=2)
def _ids_by_text(tokenizer: str) -> OrderedDict[str, tuple[int, ...]]:
    """Ids of texts by a tokeniser, given as its JSON: each round reads the same texts with the same one."""
    return OrderedDict()


class Encoder:
    """Encodes snippets for one model."""

    def __init__(self, tokenizer: Any, *, template: Template, max_length: int) -> None:
        """`tokenizer` as `load_tokenizer` gives it; `max_length` in tokens, special tokens included."""
        self.tokenizer = tokenizer
        self.template: Template = template
        self.max_length = max_length
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_padding()
        self._backend.no_truncation()
        self._cache = _ids_by_text(self._backend.to_str()) if template == "sep" else OrderedDict()
        self._types = template == "pair" and "token_type_ids" in tokenizer.model_input_names
        pad, eos = tokenizer.pad_token_id, tokenizer.eos_token_id
        # Where padding is the end token itself, heads look for the last token that is not it: add none.
        self.ends = eos is not None and pad != eos
        self.pad_id: int = pad if pad is not None else (eos if eos is not None else 0)

    def __getstate__(self) -> dict[str, Any]:
        """Pickled without the texts that were seen."""
        return self.__dict__ | {"_cache": OrderedDict()}

    def fits(self, snippets: Sequence[Snippet]) -> list[bool]:
        """Whether each snippet, in order, is short enough for `encode`."""
        return [encoded is not None for encoded in self.fitting(snippets)]

    def fitting(self, snippets: Sequence[Snippet]) -> list[Encoded | None]:
        """Ids of each snippet, in order; None for one that is too long for `encode`.

        Raises InputError for a text of no tokens at all, which no model can read.
        """
        found = self._encode(snippets)
        for snippet, encoded in zip(snippets, found, strict=True):
            if not len(encoded):
                raise InputError(f"snippet {snippet.id} has no tokens", expected="a text that is not empty")
        return [e if len(e) <= self.max_length else None for e in found]

    def encode(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        """Ids of each snippet, in order. Raises TextTooLongError, naming the first that is too long.

        Raises InputError for a text of no tokens at all, which no model can read.
        """
        found = []
        for snippet, encoded in zip(snippets, self.fitting(snippets), strict=True):
            if encoded is None:
                raise TextTooLongError(
                    f"snippet {snippet.id} has {len(self._encode([snippet])[0])} tokens: "
                    f"{_shown(snippet.text)}",
                    expected=f"at most {self.max_length} (special tokens included)",
                    do="shorten the text, or train a model with a larger max_length",
                )
            found.append(encoded)
        return found

    def _encode(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        """Ids of each snippet, whatever its length."""
        if self.template == "sep":
            return self._encode_sep(snippets)
        return self._encode_pair(snippets) if self.template == "pair" else self._encode_text(snippets)

    def prompt_ids(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """What a causal model reads before it completes each prompt. Raises TextTooLongError."""
        if self.template == "sep":
            bos, sep = self.tokenizer.bos_token_id, self.tokenizer.sep_token_id
            self._fill(prompts)
            found = [(bos, *self._cached(prompt), sep) for prompt in prompts]
        else:
            found = [self._without_eos(e.ids) for e in self._run([p.rstrip() for p in prompts], True)]
            start = self.tokenizer.bos_token_id
            first = start if start is not None else self.tokenizer.eos_token_id
            found = [ids or (first,) for ids in found]
        for prompt, ids in zip(prompts, found, strict=True):
            if len(ids) >= self.max_length:
                raise TextTooLongError(
                    f"the prompt has {len(ids)} tokens: {_shown(prompt)}",
                    expected=f"fewer than {self.max_length}, so that a completion fits",
                    do="shorten the prompt, or train a model with a larger max_length",
                )
        return found

    def spans(self, snippet: Snippet) -> list[Span | None]:
        """Which characters each token of `encode([snippet])[0]` stands for; None: a special token."""
        if self.template == "sep":
            sides = self._run([snippet.prompt, snippet.completion], False)
            prompt, completion = ([(s, *o) for o in e.offsets] for s, e in zip(_SIDES, sides, strict=True))
            return [None, *prompt, None, *completion, None]
        if self.template == "pair":
            encoding = self._run([(snippet.prompt, snippet.completion)], True)[0]
            places = zip(encoding.sequence_ids, encoding.offsets, strict=True)
            return [None if side is None else (_SIDES[side], *offset) for side, offset in places]
        encoding = self._run([snippet.text], True)[0]
        found = [
            None if side is None else _side_of(snippet, *offset)
            for side, offset in zip(encoding.sequence_ids, encoding.offsets, strict=True)
        ]
        return found + [None] * (len(self._encode_text([snippet])[0]) - len(found))

    def _run(self, texts: Sequence[Any], special: bool) -> list[Any]:
        self._backend.encode_special_tokens = True
        encodings: list[Any] = self._backend.encode_batch(list(texts), add_special_tokens=special)
        return encodings

    def _fill(self, texts: Iterable[str]) -> None:
        missing = list(dict.fromkeys(t for t in texts if t not in self._cache))
        for text, encoding in zip(missing, self._run(missing, False), strict=True):
            self._cache[text] = tuple(encoding.ids)

    def _cached(self, text: str) -> tuple[int, ...]:
        self._cache.move_to_end(text)
        return self._cache[text]

    def _encode_sep(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        bos, sep, eos = (getattr(self.tokenizer, f"{t}_token_id") for t in ("bos", "sep", "eos"))
        self._fill([t for s in snippets for t in (s.prompt, s.completion)])
        found = []
        for snippet in snippets:
            prompt = self._cached(snippet.prompt)
            ids = (bos, *prompt, sep, *self._cached(snippet.completion), eos)
            found.append(Encoded(ids, prompt=len(prompt) + 2))
        while len(self._cache) > _CACHE:
            self._cache.popitem(last=False)
        return found

    def _encode_pair(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        encodings = self._run([(s.prompt, s.completion) for s in snippets], True)
        return [Encoded(tuple(e.ids), tuple(e.type_ids) if self._types else None) for e in encodings]

    def _encode_text(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        found = []
        for snippet, encoding in zip(snippets, self._run([s.text for s in snippets], True), strict=True):
            ids = self._without_eos(tuple(encoding.ids))
            border = len(snippet.prompt.rstrip())
            before = sum(stop <= border for _, stop in encoding.offsets[: len(ids)])
            if self.ends:
                ids = (*ids, self.tokenizer.eos_token_id)
            found.append(Encoded(ids, prompt=before))
        return found

    def _without_eos(self, ids: Sequence[int]) -> tuple[int, ...]:
        """`ids` without the end token that some tokenisers add by themselves."""
        return tuple(ids[:-1] if ids and ids[-1] == self.tokenizer.eos_token_id else ids)


_SIDES = ("prompt", "completion")


def _side_of(snippet: Snippet, start: int, stop: int) -> Span:
    """A place in `snippet.text` as a place in one side; a token across the border belongs where it ends."""
    boundary = len(snippet.text) - len(snippet.completion)
    if stop <= boundary:
        return "prompt", min(start, len(snippet.prompt)), min(stop, len(snippet.prompt))
    return "completion", max(start - boundary, 0), stop - boundary


def length_batches(lengths: Sequence[int], *, rows: int = 64, tokens: int = 8192) -> list[list[int]]:
    """Indices in groups of similar length: at most `rows` each and `tokens` after padding; longest first."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for i in order:
        if not batches or len(batches[-1]) >= min(rows, max(1, tokens // max(1, lengths[batches[-1][0]]))):
            batches.append([])
        batches[-1].append(i)
    return batches


def collate(encoded: Sequence[Encoded], pad_id: int) -> dict[str, torch.Tensor]:
    """Right-padded `input_ids`, `attention_mask` (and `token_type_ids`), each (n, longest), int64."""
    import numpy as np
    import torch

    longest = max(len(e) for e in encoded)
    ids = np.full((len(encoded), longest), pad_id, np.int64)
    mask = np.zeros((len(encoded), longest), np.int64)
    for row, e in enumerate(encoded):
        ids[row, : len(e)] = e.ids
        mask[row, : len(e)] = 1
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    if encoded[0].types is not None:
        types = np.zeros((len(encoded), longest), np.int64)
        for row, e in enumerate(encoded):
            types[row, : len(e)] = e.types or ()
        batch["token_type_ids"] = torch.from_numpy(types)
    return batch
