"""What filtering costs in quality: blind comparisons of filtered with unfiltered completions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from holdfast.stats.binomial import rate
from holdfast.stats.interval import Interval
from holdfast.stats.preference import arm_and_side, with_ties
from holdfast.types.bench import Choice, Comparison, Pair
from holdfast.types.measurement import Quality, Rate, Ratio

__all__ = ["LEFT_SCORE", "quality"]

LEFT_SCORE: dict[Choice, float] = {
    Choice.LEFT_MUCH: 1.0,
    Choice.LEFT: 1.0,
    Choice.TIE: 0.5,
    Choice.RIGHT: 0.0,
    Choice.RIGHT_MUCH: 0.0,
}
"""What a choice is worth to the left side; `unusable` is no preference and is counted apart."""
_MANY = 5
"""Raters from whom on they are the independent units; below, pairs are."""


def _arm_on_left(one: Comparison) -> str:
    return one.pair.first_arm if one.left == "first" else one.pair.second_arm


def _filtered(one: Comparison) -> float:
    """Score of the filtered side."""
    left = LEFT_SCORE[one.choice]
    return left if _arm_on_left(one) == "filtered" else 1 - left


def _clusters(rated: Sequence[Comparison]) -> list[Hashable]:
    if len({one.worker for one in rated}) >= _MANY:
        return [one.worker for one in rated]
    return [one.pair.repeat_of or one.pair.id for one in rated]


def _consistency(rated: Sequence[Comparison], confidence: float) -> Rate | None:
    """Swapped repeats in which the same text was preferred again."""

    def preferred(one: Comparison) -> str:
        score = LEFT_SCORE.get(one.choice, -1.0)
        if score in (0.5, -1.0):
            return str(score)
        text = one.pair.first if (score == 1.0) == (one.left == "first") else one.pair.second
        return f"text:{text}"

    by = {(one.pair.id, one.worker): one for one in rated}
    both = [
        (by[one.pair.repeat_of, one.worker], one) for one in rated if (one.pair.repeat_of, one.worker) in by
    ]
    if not both:
        return None
    alike = sum(preferred(first) == preferred(again) for first, again in both)
    return rate(alike, len(both), population="pairs rated twice, sides swapped", confidence=confidence)


def quality(
    comparisons: Sequence[Comparison], pairs: Sequence[Pair], *, target: str, confidence: float = 0.95
) -> Quality | None:
    """Preference for filtered completions: wins + ties / 2, and the effect of the side; None without pairs.

    comparisons: of one target, each pair at most once a rater. pairs: all that were drawn for it. Pairs that
    read the same are ties without being shown: `conditional` leaves them out, `unconditional` counts them.
    Repeats count for consistency only; A/A pairs give the share of the left side under no difference.
    """
    plain = [one for one in comparisons if not one.pair.repeat_of]
    usable = [one for one in plain if one.choice is not Choice.UNUSABLE]
    mixed = [one for one in usable if one.pair.first_arm != one.pair.second_arm]
    same = [one for one in usable if one.pair.first_arm == one.pair.second_arm]
    drawn = [pair for pair in pairs if not pair.repeat_of and pair.first_arm != pair.second_arm]
    if not mixed and not drawn:
        return None
    arm, side = arm_and_side(
        [_filtered(one) for one in mixed],
        [_arm_on_left(one) == "filtered" for one in mixed],
        _clusters(mixed),
        confidence=confidence,
    )
    null, _ = arm_and_side(
        [LEFT_SCORE[one.choice] for one in same],
        [one.left == "first" for one in same],
        _clusters(same),
        confidence=confidence,
    )
    identical = sum(pair.identical for pair in drawn)
    overall = with_ties(arm, len(drawn) - identical, len(drawn)) if drawn else arm
    population = f"{len(mixed):,} blind comparisons of {len(drawn):,} pairs"

    def ratio(found: Interval, trials: int) -> Ratio:
        return Ratio(
            estimate=found.estimate,
            lower=found.lower,
            upper=found.upper,
            confidence=confidence,
            method=found.method,
            population=population,
            count=trials,
            trials=trials,
        )

    return Quality(
        target=target,
        ratings=len(mixed),
        raters=len({one.worker for one in mixed}),
        pairs=len(drawn),
        identical=identical,
        unusable=sum(one.choice is Choice.UNUSABLE for one in plain),
        conditional=ratio(arm, len(mixed)),
        unconditional=ratio(overall, len(drawn)),
        side=ratio(side, len(mixed)),
        same_arm=ratio(null, len(same)),
        consistency=_consistency(comparisons, confidence),
        confidence=confidence,
        population=population,
    )
