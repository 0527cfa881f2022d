"""Safe twins: texts that went through the same kind of edits as an attack's, and are safe.

Without them a classifier learns that edited texts are harmful, not which ones are: rewriting leaves its
marks on any text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from holdfast.attacks.positions import places
from holdfast.edits.text import apply
from holdfast.protocols import Proposer
from holdfast.provenance import stream
from holdfast.types import Edit, Judgement, Snippet, Verdict

__all__ = ["SafeTwins", "Judge"]

Judge = Callable[[Sequence[Snippet]], list[Judgement]]
"""Judgements of snippets, in order: an oracle's, or an annotator's `annotate`."""
_TRIES = 6


class SafeTwins:
    """Random plausible edits of given snippets, and those of them that stay safe."""

    def __init__(
        self,
        proposer: Proposer,
        *,
        sides: Sequence[str] = ("prompt", "completion"),
        proposals: int = 8,
        looks: int = 16,
    ) -> None:
        """`proposer` and `sides` should be those of the attack whose marks the twins are to carry."""
        self.looks = looks
        self.proposer = proposer
        self.sides = tuple(sides)
        self.proposals = proposals

    def safe_walk(
        self, snippet: Snippet, judge: Judge, edits: int, seed: int
    ) -> tuple[Snippet, tuple[Edit, ...]]:
        """A text up to `edits` edits away, safe after each of them: the path that an attack on harm takes.

        At each step `looks` random edits are judged and one of the SAFE ones is taken; it stops early where
        none is. The judge sees up to `edits * looks` texts, so it has to be a program.
        """
        rng = stream(seed, "safe walk", snippet.id)
        made: list[Edit] = []
        passed = {snippet}
        for _ in range(edits):
            offers = [edit for _ in range(self.looks) if (edit := self._offer(snippet, rng)) is not None]
            after = {apply(snippet, edit): edit for edit in offers}
            fresh = [text for text in after if text not in passed]
            verdicts = judge(fresh) if fresh else []
            safe = [s for s, j in zip(fresh, verdicts, strict=True) if j.verdict is Verdict.SAFE]
            if not safe:
                break
            passed |= set(fresh)
            snippet = safe[rng.randrange(len(safe))]
            made.append(after[snippet])
        return snippet, tuple(made)

    def _offer(self, snippet: Snippet, rng: Random) -> Edit | None:
        """One random edit at a random place; None where the proposer has none there."""
        found = places(snippet, self.sides)
        if not found:
            return None
        place = found[rng.randrange(len(found))]
        offers = self.proposer.propose(
            snippet, place.side, place.start, place.stop, self.proposals, rng.getrandbits(62)
        )
        return offers[rng.randrange(len(offers))] if offers else None

    def twins_of(
        self, snippet: Snippet, judge: Judge, n: int, seed: int
    ) -> list[tuple[Snippet, tuple[Edit, ...]]]:
        """Up to `n` texts one or two random edits from `snippet` that the judge calls SAFE, with their edits.

        For a verified adversarial example (or its parent) these are minimal twins: almost the same words, the
        other verdict. Looks at up to 12 texts for each one wanted.
        """
        rng = stream(seed, "minimal twin", snippet.id)
        found: dict[Snippet, tuple[Edit, ...]] = {}
        tried = {snippet}
        for attempt in range(12):
            batch: dict[Snippet, tuple[Edit, ...]] = {}
            for _ in range(max(4, n)):
                twin, edits = self._walk(snippet, 1 + (attempt >= 6), rng)
                if twin not in tried:
                    batch[twin] = edits
            if not batch:
                continue
            tried |= set(batch)
            judgements = judge(list(batch))
            for (twin, edits), judgement in zip(batch.items(), judgements, strict=True):
                if judgement.verdict is Verdict.SAFE:
                    found[twin] = edits
            if len(found) >= n:
                break
        return list(found.items())[:n]

    def _walk(self, snippet: Snippet, edits: int, rng: Random) -> tuple[Snippet, tuple[Edit, ...]]:
        """`edits` random edits one after the other, never back to a text already passed."""
        made: list[Edit] = []
        passed = {snippet}
        for _ in range(edits * _TRIES):
            if len(made) >= edits:
                break
            edit = self._offer(snippet, rng)
            if edit is None:
                continue
            after = apply(snippet, edit)
            if after not in passed:
                passed.add(after)
                made.append(edit)
                snippet = after
        return snippet, tuple(made)
