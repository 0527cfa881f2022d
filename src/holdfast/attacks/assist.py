"""Help for a person who attacks: where the classifier looks, and which edits of one word lower its logit."""

from __future__ import annotations

import math
from random import Random

from holdfast.attacks.positions import Saliency, deletion_edits, word_values
from holdfast.edits.scoring import ExactScorer, QueryMeter
from holdfast.edits.text import apply
from holdfast.errors import InputError
from holdfast.protocols import DifferentiableClassifier, Proposer, Scorer
from holdfast.types import AttackBudget, Edit, Snippet

__all__ = ["EditAssistant"]

_CACHED = 200_000


class EditAssistant:
    """`protocols.Assistant` over one target and one proposer, with a cache shared by all its users.

    Queries are counted in `meter`, cache hits apart; nothing limits them.
    """

    def __init__(self, target: Scorer, proposer: Proposer) -> None:
        """`target` is what is attacked; a DifferentiableClassifier gives the fast first map."""
        self.target = target
        self.proposer = proposer
        self.meter = QueryMeter(AttackBudget(seconds=math.inf, queries=None))
        self._scorer = ExactScorer(target, self.meter)

    def score(self, snippet: Snippet) -> float:
        """The exact logit. Raises InputError where the target cannot score the text."""
        z = self._scored([snippet])[0]
        if math.isinf(z):
            self.target.score([snippet])
            raise InputError("the text cannot be scored")
        return z

    def saliency(self, snippet: Snippet) -> Saliency:
        """Per word (side, start, stop, gradient norm); the deletion map where the target has no gradient."""
        if not isinstance(self.target, DifferentiableClassifier):
            return self.deletion_map(snippet)
        self.meter.grant(3)
        return word_values(snippet, self.target.saliency(snippet))

    def deletion_map(self, snippet: Snippet) -> Saliency:
        """Per word (side, start, stop, logit now minus logit without it): each an experiment."""
        pairs = deletion_edits(snippet, ("prompt", "completion"))
        logits = self._scored([snippet, *(apply(snippet, edit) for _, edit in pairs)])
        return [
            (place.side, place.start, place.stop, logits[0] - z)
            for (place, _), z in zip(pairs, logits[1:], strict=True)
            if math.isfinite(logits[0] - z)
        ]

    def ranked_edits(
        self, snippet: Snippet, side: str, start: int, stop: int, n: int
    ) -> list[tuple[Edit, float]]:
        """Up to `n` edits of one word (start == stop: insertions) with exact logits, lowest first."""
        edits = self.proposer.propose(snippet, side, start, stop, n, seed=0)
        logits = self._scored([apply(snippet, edit) for edit in edits])
        ranked = [(edit, z) for edit, z in zip(edits, logits, strict=True) if math.isfinite(z)]
        return sorted(ranked, key=lambda pair: pair[1])

    def _scored(self, snippets: list[Snippet]) -> list[float]:
        if len(self._scorer.cache) > _CACHED:
            self._scorer.cache.clear()
        found = self._scorer.score(snippets, Random(0))
        return [math.inf if z is None else z for z in found]
