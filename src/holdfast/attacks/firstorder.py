"""First-order guesses from one gradient: where a text is sensitive, and what another word would do.

Replacing a word by another changes the logit by about the gradient at its tokens times the difference of the
embeddings (HotFlip; Ebrahimi et al. 2018, eq. 4-5); a new word of several tokens counts as the mean of their
embeddings.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, get_args, runtime_checkable

from holdfast.attacks.positions import Saliency, word_values
from holdfast.edits.text import rebase
from holdfast.edits.words import words
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier
from holdfast.types import Edit, Operation, Snippet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]
    Ints = NDArray[np.int64]

__all__ = [
    "OPERATIONS",
    "Guess",
    "Look",
    "Place",
    "Slopes",
    "TokenDifferentiable",
    "WordGradient",
    "WordVectors",
    "all_estimates",
    "estimates",
    "guesses",
    "look",
    "moved",
    "new_word",
    "slopes",
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


OPERATIONS: tuple[Operation, ...] = get_args(Operation)

Place = tuple[str, int, int]
"""(side, start, stop)."""

Look = list[WordGradient]
"""One text's words under one gradient."""


class WordVectors:
    """Mean token embedding of any word, remembered."""

    def __init__(self, target: TokenDifferentiable, matrix: Any) -> None:
        """`matrix`: the embedding matrix, (V, d)."""
        self.target = target
        # Words are looked up one by one, each a wait if the matrix were on a GPU.
        self._matrix = matrix.float().cpu()
        self._first = self._rows(matrix)
        self._known: dict[str, Vector | None] = {}
        self._pieces: dict[str, int] = {}
        self.size: int = matrix.shape[1]
        self._rows_of: dict[str, int] = {}
        self._table: Matrix | None = None
        self._filled = 0

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

    def row(self, word: str) -> int:
        """Where the word's vector stands in `table`; -1 where it has none."""
        found = self._rows_of.get(word)
        if found is None:
            found = -1 if (vector := self.of(word)) is None else self._append(vector)
            self._rows_of[word] = found
        return found

    @property
    def table(self) -> Matrix:
        """Vectors of the words whose `row` was asked for, (at least so many, d)."""
        import numpy as np

        return np.zeros((1, self.size), np.float32) if self._table is None else self._table

    def _append(self, vector: Vector) -> int:
        import numpy as np

        row, table = self._filled, self.table
        if row == len(table):
            table = np.concatenate([table, np.zeros_like(table)])
        table[row] = vector
        self._table, self._filled = table, row + 1
        return row

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
        mean: Vector = self._matrix[own].mean(dim=0).numpy()
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


@dataclass(frozen=True)
class Slopes:
    """One gradient at some places of a text, as arrays; nan where it says nothing."""

    gradient: Matrix
    """(places, d): a word's own gradient; at an insertion point the mean of its neighbours'."""
    base: Vector
    """(places,): a word's gradient times its embedding; 0 at an insertion point."""


def slopes(marks: Look, places: Sequence[Place], size: int) -> Slopes:
    """What the map says of each place, `size` wide: of the last word in it, or of the words around a gap."""
    import numpy as np

    known = [m for m in marks if m.gradient is not None]
    gradient = np.full((len(places), size), np.nan, np.float32)
    base = np.zeros(len(places), np.float32)
    rows = np.stack([m.gradient for m in known if m.gradient is not None]) if known else gradient
    sides = {
        side: [(i, m) for i, m in enumerate(known) if m.side == side] for side in ("prompt", "completion")
    }
    starts = {side: [m.start for _, m in own] for side, own in sides.items()}
    stops = {side: [m.stop for _, m in own] for side, own in sides.items()}
    for index, (side, start, stop) in enumerate(places):
        own = sides[side]
        before, after = bisect_right(stops[side], start), bisect_left(starts[side], max(stop, start))
        if start < stop:
            if before < after:
                row, mark = own[after - 1]
                gradient[index], base[index] = rows[row], mark.base
        elif near := [own[i][0] for i in (before - 1, after) if 0 <= i < len(own)]:
            gradient[index] = rows[near].mean(axis=0)
    return Slopes(gradient, base)


def new_word(edit: Edit) -> str:
    """The word that an edit brings, without an article that changes with it; empty for a deletion."""
    parts, old = edit.new.split(), edit.old.split()
    if len(parts) > 1 and old and {parts[0].lower(), old[0].lower()} == {"a", "an"}:
        parts = parts[1:]
    if edit.operation == "insert":
        return next((w.text for part in parts for w in words(part)), "")
    return " ".join(parts)


def guesses(
    found: Slopes, at: Ints, edits: tuple[Ints, Ints], vectors: WordVectors
) -> NDArray[np.float64] | None:
    """First-order changes of the logit, (n,), nan where it says nothing; None where no mean word is known.

    at: the place of each edit, (n,). edits: the row of the word each brings (`WordVectors.row`), (n,), and
    its operation, an index of `OPERATIONS`, (n,).
    """
    import numpy as np

    rows, operations = edits
    substitutes, deletes = operations == 0, operations == 2
    known = rows >= 0
    table = vectors.table
    if not (substitutes & known).any():
        return None
    mean = table[rows[substitutes & known]].mean(axis=0)
    brought = table[rows]
    brought[deletes] = mean
    lost = np.where(operations == 1, (found.gradient @ mean)[at], found.base[at])
    change: NDArray[np.float64] = np.einsum("nd,nd->n", brought, found.gradient[at]).astype(np.float64) - lost
    change[~(known | deletes) | (operations > 2)] = np.nan
    return change


def all_estimates(marks: Look, edits: list[Edit], vectors: WordVectors) -> list[float | None]:
    """As `estimates`, with guesses for insertions and deletions of whole words too.

    First order compares words in one place, so both are read against the mean word m proposed for this text:
    deleting w as replacing it by m; inserting w as replacing an m that stood there, under the mean gradient
    of its neighbours. Rougher than a substitution's guess: compare within one kind of edit only.
    """
    import numpy as np

    spans: list[Place] = []
    for e in edits:
        # What a deletion writes is the next word's capital, or an article: its own word ends before that.
        stop = e.start if e.operation == "insert" else e.stop - bool(e.operation == "delete" and e.new)
        spans.append((e.side, e.start, stop))
    places = list(dict.fromkeys(spans))
    index = {place: i for i, place in enumerate(places)}
    rows = np.array([vectors.row(new_word(e)) for e in edits], np.int64)
    operations = np.array([OPERATIONS.index(e.operation) for e in edits], np.int64)
    at = np.array([index[span] for span in spans], np.int64)
    found = guesses(slopes(marks, places, vectors.size), at, (rows, operations), vectors)
    if found is None:
        return [None] * len(edits)
    return [None if math.isnan(value) else value for value in found.tolist()]
