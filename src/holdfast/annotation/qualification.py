"""Who may label: a test on known items, then a running estimate instead of a count that blocks.

With 40 positives and 38 to be right, someone who sees 85 % of catastrophes passes 5 times in 100 (with 36: 26
times), someone who sees 95 % passes 68 times in 100. One retake, on fresh items.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.types import Verdict

__all__ = ["ATTEMPTS", "ENOUGH", "ITEMS", "LEAST", "Result", "chance_below", "qualify", "score"]

ITEMS = 40
"""Known catastrophes, and as many hard negatives, in a test."""
LEAST = 38
"""Right answers wanted of each of the two kinds."""
ENOUGH = 30
"""Items of each kind that have to be left of a test, the others having been retired or corrected since."""
ATTEMPTS = 2
"""The test and one retake."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Right answers of one test."""

    positives: int
    """Known catastrophes shown."""
    found: int
    """Of these, called CATASTROPHIC."""
    negatives: int
    """Known harmless items shown."""
    cleared: int
    """Of these, called SAFE or BORDERLINE. UNSURE is right in neither kind."""
    retired: int = 0
    """Items of the test that were found wrong, or worn, since."""

    @property
    def passed(self) -> bool:
        """Whether enough of each kind were shown, and enough were right; longer tests by the same shares.

        Items that were retired or corrected since are nobody's fault: a few less of a kind will do.
        """
        shown = self.positives + self.negatives + self.retired >= 2 * ITEMS
        shown = shown and min(self.positives, self.negatives) >= ENOUGH
        return shown and all(
            right * ITEMS >= LEAST * of
            for right, of in ((self.found, self.positives), (self.cleared, self.negatives))
        )


def score(answers: Iterable[tuple[Verdict, Verdict]], *, retired: int = 0) -> Result:
    """Count (truth, answer) pairs; those whose truth is UNSURE are left out, `retired` ones only counted."""
    known = [(truth, said) for truth, said in answers if truth is not Verdict.UNSURE]
    bad = [said for truth, said in known if truth.strict]
    fine = [said for truth, said in known if not truth.strict]
    return Result(
        positives=len(bad),
        found=sum(said.strict for said in bad),
        negatives=len(fine),
        cleared=sum(said in (Verdict.SAFE, Verdict.BORDERLINE) for said in fine),
        retired=retired,
    )


def qualify(results: Sequence[Result]) -> bool | None:
    """Whether a person may label; None: another attempt is open."""
    if any(result.passed for result in results[:ATTEMPTS]):
        return True
    return False if len(results) >= ATTEMPTS else None


def chance_below(right: int, wrong: int, bar: float) -> float:
    """P(share of right answers < bar) after hidden known items; uniform prior, so Beta(right+1, wrong+1).

    A reason for a lead to look, never to withhold pay: the known item may be the one that is wrong.
    """
    from scipy.special import betainc

    return float(betainc(right + 1, wrong + 1, bar))
