"""What first order says of everything a menu offers at one place, from two gradients.

One gradient at the text as it is (the look), one where a word of the place stands masked: from a text that
says nothing of the place all words are equally far, so the second orders new words better. Deleting words is
read as masking them, a new word as one that takes the place of a mask (HotFlip; Ebrahimi et al. 2018, eq.
4-5, towards and from the mask).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast.attacks.firstorder import Look, WordVectors
from holdfast.attacks.menu import Proposal
from holdfast.attacks.positions import tokens_at
from holdfast.attacks.saliency import EmbeddingDifferentiable, gradient_at
from holdfast.edits.text import apply
from holdfast.edits.words import BLANKS
from holdfast.types import Edit, Snippet

if TYPE_CHECKING:
    from holdfast.attacks.firstorder import Place, Vector

__all__ = ["Masked", "group_of", "guessed_changes", "in_pieces", "masked_at"]


@dataclass(frozen=True)
class Masked:
    """The gradient where a place stands masked."""

    place: Place
    slope: Vector
    """Gradient of the logit by the word's embedding, summed over its tokens, (d,)."""
    neutral: Vector
    """The embedding that stood there, (d,)."""
    logit: float
    """Logit of the masked text."""

    def step(self, word: Vector) -> float:
        """Guessed change of the logit when `word` (d,) takes the mask's place."""
        return float(self.slope @ (word - self.neutral))


def masked_at(
    target: EmbeddingDifferentiable, snippet: Snippet, place: Place, edits: list[Edit]
) -> Masked | None:
    """The gradient where one of `edits`, each of which puts one new word in `place`, is masked; 3 queries.

    None where no token stands for the word. Raises InputError where that text cannot be scored.
    """
    plain = [e for e in edits if (e.start, e.stop) == place[1:]]
    if not plain:
        return None
    shortest = min(plain, key=lambda e: len(e.new))
    after = apply(snippet, shortest)
    start = shortest.start + len(shortest.new) - len(shortest.new.lstrip(BLANKS))
    own = tokens_at(target.encoder.spans(after), (place[0], start, start + len(shortest.new.strip(BLANKS))))
    if not own:
        return None
    neutral = target.neutral()
    vectors = target.embed(target.encoder.encode([after])[0].ids).clone()
    vectors[own] = neutral
    logits, gradient = gradient_at(target, after, vectors[None])
    slope: Vector = gradient[0, own].sum(dim=0).float().cpu().numpy()
    return Masked(place, slope, neutral.float().cpu().numpy(), float(logits[0]))


def guessed_changes(
    found: Sequence[Proposal], marks: Look, masked: Masked, vectors: WordVectors, before: float
) -> list[float | None]:
    """Guessed change of the logit, `before` now, by each proposal; None where a word has no embedding.

    New words are ordered by the mean of both gradients at the masked place, better than either. Guesses are
    comparable within a group (`group_of`), between groups only roughly: exact scores have to set them right.
    """
    import numpy as np

    by_place = {(m.side, m.start, m.stop): m for m in marks if m.gradient is not None}
    mark = by_place.get(masked.place)
    if mark is not None and mark.gradient is not None:
        masked = replace(masked, slope=np.float32(0.5) * (masked.slope + mark.gradient))

    def part(edit: Edit) -> float | None:
        vector, here = vectors.of(edit.new), (edit.side, edit.start, edit.stop)
        if vector is not None and here == masked.place:
            return masked.logit - before + masked.step(vector)
        at = by_place.get(here)
        if vector is None or at is None or at.gradient is None:
            return None
        return float(at.gradient @ vector) - at.base

    def guess(proposal: Proposal) -> float | None:
        if proposal.worded:
            vector = vectors.of(_new_word(proposal.edit, proposal.place))
            if vector is None:
                return None
            same = proposal.place == masked.place
            room = masked.logit - before if same else _gone(marks, proposal.place, masked.neutral)
            return room + masked.step(vector)
        if not proposal.parts:
            return _gone(marks, proposal.place, masked.neutral)
        changes = [part(edit) for edit in proposal.parts]
        return None if None in changes else sum(c for c in changes if c is not None)

    return [guess(proposal) for proposal in found]


def group_of(proposal: Proposal) -> Hashable:
    """What proposals have in common whose guesses are comparable: the place of the new word, the kind."""
    if proposal.edit.operation == "delete":
        return "delete"
    return proposal.place, proposal.worded, proposal.edit.operation


def in_pieces(proposal: Proposal, vectors: WordVectors) -> bool:
    """True if the new word is of several tokens.

    Its guess stands on the mean of their embeddings, which is like no word's: such guesses are near zero
    whatever the word does, and are comparable among themselves only.
    """
    return proposal.worded and vectors.pieces(_new_word(proposal.edit, proposal.place)) > 1


def _gone(marks: Look, place: Place, neutral: Vector) -> float:
    """Guessed change when the words of `place` are masked; 0 where there are none (an insertion point)."""
    side, start, stop = place
    inside = [m for m in marks if m.side == side and m.start < stop and m.stop > start]
    return sum(float(m.gradient @ neutral) - m.base for m in inside if m.gradient is not None)


def _new_word(edit: Edit, place: Place) -> str:
    """The word that `edit` puts in `place`, without an article before it or a moved capital after it."""
    parts = edit.new.split()
    if edit.start < place[1]:
        return parts[-1]
    return parts[0] if edit.operation == "insert" and edit.stop > place[2] else edit.new.strip(BLANKS)
