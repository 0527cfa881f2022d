"""First-order guesses from one gradient: where a text is sensitive, and what another word would do.

Replacing a word by another changes the logit by about the gradient at its tokens times the difference of the
embeddings (HotFlip; Ebrahimi et al. 2018, eq. 4-5); a new word of several tokens counts as the mean of their
embeddings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from holdfast.attacks.positions import Saliency, word_values
from holdfast.edits.text import rebase
from holdfast.edits.words import words
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier
from holdfast.types import Edit, Snippet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

__all__ = [
    "Guess",
    "Look",
    "TokenDifferentiable",
    "WordGradient",
    "WordVectors",
    "all_estimates",
    "estimates",
    "look",
    "moved",
]


@runtime_checkable
class TokenDifferentiable(Protocol):
    """A classifier that gives gradients token by token, with its embedding matrix and encoder."""

    @property
    def encoder(self) -> Any:
        """`encode([snippet])[0].ids` and `spans(snippet)`."""
        ...

    def token_gradients(self, snippet: Snippet) -> Any:
        """`ids`, `gradient` (T, d), `matrix` (V, d), `spans`: see `models.classifier.TokenGradients`."""
        ...


@dataclass(frozen=True)
class WordGradient:
    """What a gradient says of one word, [start, stop) of `side`."""

    side: str
    start: int
    stop: int
    value: float
    """Largest norm among its tokens."""
    gradient: Vector | None = None
    """Sum of its tokens' gradients, (d,)."""
    base: float = 0.0
    """Sum of gradient times embedding over its tokens."""


Place = tuple[str, int, int]
"""(side, start, stop)."""

Look = list[WordGradient]
"""One text's words under one gradient."""


class WordVectors:
    """Mean token embedding of any word, remembered."""

    def __init__(self, target: TokenDifferentiable, matrix: Any) -> None:
        """`matrix`: the embedding matrix, (V, d)."""
        self.target = target
        self._matrix = matrix
        self._first = self._rows(matrix)
        self._known: dict[str, Vector | None] = {}
        self._pieces: dict[str, int] = {}

    @staticmethod
    def _rows(matrix: Any) -> list[list[float]]:
        found: list[list[float]] = matrix[:8].float().cpu().tolist()
        return found

    def fit(self, target: Any, matrix: Any) -> bool:
        """True if these vectors are `target`'s and it was not trained since (its first rows are the same)."""
        return target is self.target and self._rows(matrix) == self._first

    def of(self, word: str) -> Vector | None:
        """(d,), or None where the encoder makes nothing of the word."""
        if word not in self._known:
            self._known[word] = self._embed(word)
        return self._known[word]

    def pieces(self, word: str) -> int:
        """How many tokens the word is made of; 0 where the encoder makes nothing of it."""
        self.of(word)
        return self._pieces.get(word, 0)

    def _embed(self, word: str) -> Vector | None:
        alone = Snippet(prompt="", completion=word)
        try:
            ids = self.target.encoder.encode([alone])[0].ids
            spans = self.target.encoder.spans(alone)
        except InputError:
            return None
        own = [i for i, span in zip(ids, spans, strict=False) if span is not None and span[2] > span[1]]
        if not own:
            return None
        self._pieces[word] = len(own)
        mean: Vector = self._matrix[own].float().mean(dim=0).cpu().numpy()
        return mean


def look(target: DifferentiableClassifier, snippet: Snippet) -> tuple[Look, Any]:
    """The words of `snippet` under one gradient, and the embedding matrix (None where there is none).

    One backward pass: the caller charges it. Raises InputError where the text cannot be scored.
    """
    if not isinstance(target, TokenDifferentiable):
        return of_saliency(word_values(snippet, target.saliency(snippet))), None
    found = target.token_gradients(snippet)
    gradient = found.gradient.cpu().numpy()
    base = (found.gradient * found.matrix[found.ids].to(found.gradient)).sum(dim=-1).tolist()
    norms = found.gradient.norm(dim=-1).tolist()
    marks: Look = []
    for side, text in (("prompt", snippet.prompt), ("completion", snippet.completion)):
        own = [(s[1], s[2], i) for i, s in enumerate(found.spans) if s is not None and s[0] == side]
        for word in words(text):
            inside = [i for start, stop, i in own if start < word.stop and stop > word.start]
            if inside:
                total = gradient[inside].sum(axis=0)
                norm = max(norms[i] for i in inside)
                weight = sum(base[i] for i in inside)
                marks.append(WordGradient(side, word.start, word.stop, norm, total, weight))
    return marks, found.matrix


def of_saliency(saliency: Saliency) -> Look:
    """A map of values alone."""
    return [WordGradient(*entry) for entry in saliency]


def moved(marks: Look, edit: Edit) -> Look:
    """The look of the text after `edit`: spans shifted, touched words left out."""
    after: Look = []
    for mark in marks:
        if mark.side != edit.side or mark.stop <= edit.start:
            after.append(mark)
            continue
        span = rebase(Edit(side=edit.side, start=mark.start, stop=mark.stop, old="", new=""), edit)
        if span is not None:
            after.append(replace(mark, start=span.start, stop=span.stop))
    return after


def estimates(marks: Look, edits: list[Edit], vectors: WordVectors) -> list[float | None]:
    """Guessed change of the logit by each edit; None for what first order does not reach."""
    by_place = {(m.side, m.start, m.stop): m for m in marks if m.gradient is not None}
    found: list[float | None] = []
    for edit in edits:
        mark = by_place.get((edit.side, edit.start, edit.stop)) if edit.operation == "substitute" else None
        vector = vectors.of(edit.new) if mark is not None else None
        if mark is None or vector is None or mark.gradient is None:
            found.append(None)
        else:
            found.append(float(mark.gradient @ vector) - mark.base)
    return found


Guess = Callable[[Look, list[Edit], WordVectors], list[float | None]]
"""Guessed logit changes of edits, under one text's map."""


def all_estimates(marks: Look, edits: list[Edit], vectors: WordVectors) -> list[float | None]:
    """As `estimates`, with guesses for insertions and deletions of whole words too.

    First order compares words in one place, so both are read against the mean word m proposed for this text:
    deleting w as replacing it by m; inserting w as replacing an m that stood there, under the mean gradient
    of its neighbours. Rougher than a substitution's guess: compare within one kind of edit only.
    """
    import numpy as np

    found = estimates(marks, edits, vectors)
    known = [v for v in (vectors.of(e.new) for e in edits if e.operation == "substitute") if v is not None]
    if not known:
        return found
    mean: Vector = np.mean(known, axis=0)
    maps = {side: [m for m in marks if m.side == side] for side in ("prompt", "completion")}
    for index, edit in enumerate(edits):
        if edit.operation == "delete":
            found[index] = _deletion_guess(maps[edit.side], edit, mean)
        elif edit.operation == "insert":
            found[index] = _insertion_guess(maps[edit.side], edit, vectors, mean)
    return found


def _deletion_guess(marks: Look, edit: Edit, mean: Vector) -> float | None:
    """Gradient times (mean word minus the deleted word)."""
    for mark in marks:
        if mark.start < edit.stop and mark.stop > edit.start and mark.gradient is not None:
            return float(mark.gradient @ mean) - mark.base
    return None


def _insertion_guess(marks: Look, edit: Edit, vectors: WordVectors, mean: Vector) -> float | None:
    """Mean gradient of the neighbours times (inserted word minus mean word)."""
    new = words(edit.new)
    vector = vectors.of(new[0].text) if new else None
    before = [m for m in marks if m.stop <= edit.start and m.gradient is not None][-1:]
    after = [m for m in marks if m.start >= edit.start and m.gradient is not None][:1]
    near = [m.gradient for m in (*before, *after) if m.gradient is not None]
    if vector is None or not near:
        return None
    return float(sum(float(g @ (vector - mean)) for g in near)) / len(near)
