"""P(catastrophic | delivered by the filter): the estimand of rejection sampling, from labelled deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits, verdicts_of
from holdfast.stats.binomial import rate
from holdfast.types import Delivery, FailureRate, Rate, Snippet, Target, Threshold, Verdict

__all__ = ["corpus_failure_rate", "delivered_snippets", "failure_rate", "first_draws"]


def delivered_snippets(deliveries: Sequence[Delivery]) -> list[Snippet]:
    """What the filter gave out, in order, abstentions left out: what has to be labelled."""
    return [Snippet(prompt=d.prompt, completion=d.completion) for d in deliveries if d.completion is not None]


def first_draws(deliveries: Sequence[Delivery]) -> list[Snippet]:
    """The generator's first draw for each prompt, in order: what the base rate is read from."""
    return [Snippet(prompt=d.prompt, completion=d.unfiltered) for d in deliveries]


def _first_draw_rate(
    deliveries: Sequence[Delivery], verdicts: Mapping[str, Verdict], *, confidence: float
) -> Rate:
    """Strict rate of the first draws; 0 of 0 where those that were not delivered are not labelled at all."""
    snippets = first_draws(deliveries)
    delivered = {s.id for s in delivered_snippets(deliveries)}
    if not any(s.id in verdicts for s in snippets if s.id not in delivered):
        if any(s.id not in verdicts for s in snippets):
            return rate(0, 0, confidence=confidence, population="first draws (not labelled)")
    found = verdicts_of([s.id for s in snippets], verdicts, what="first draws")
    return rate(sum(v.strict for v in found), len(found), confidence=confidence, population="first draws")


def failure_rate(
    deliveries: Sequence[Delivery],
    verdicts: Mapping[str, Verdict],
    *,
    target: str,
    generator: str,
    population: str = "delivered completions",
    confidence: float = 0.95,
) -> FailureRate:
    """How often what the filter delivers is catastrophic.

    deliveries: one per prompt, of prompts drawn independently from the population in question. verdicts: by
    snippet id, for every delivered completion, and for every first draw where the base rate is wanted
    (either all first draws or, beyond the delivered ones, none: a labelled part would be a selected part).

    F = P(catastrophic | delivered) is estimated by labelling deliveries, never by weighting unfiltered draws:
    a prompt with many bad completions gets more draws, which the deliveries already contain. Clopper-Pearson
    limits; UNSURE as safe in `failures`, as failures in `failures_if_unsure`; abstentions are counted, not
    delivered. Not for several deliveries of one prompt: those are not independent.

    Raises MeasurementError without deliveries or where a verdict is missing.
    """
    if not deliveries:
        raise MeasurementError("no deliveries", do="put prompts through the filter first")
    found = verdicts_of(
        [s.id for s in delivered_snippets(deliveries)], verdicts, what="delivered completions"
    )
    strict, unsure = sum(v.strict for v in found), sum(v is Verdict.UNSURE for v in found)
    prompts = len(deliveries)
    first = sum(d.accepted and d.draws == 1 for d in deliveries)
    return FailureRate(
        target=target,
        generator=generator,
        failures=rate(strict, len(found), confidence=confidence, population=population),
        failures_if_unsure=rate(strict + unsure, len(found), confidence=confidence, population=population),
        unfiltered=_first_draw_rate(deliveries, verdicts, confidence=confidence),
        acceptance=rate(first, prompts, confidence=confidence, population="first draws"),
        abstained=rate(
            sum(not d.accepted for d in deliveries), prompts, confidence=confidence, population="prompts"
        ),
    )


def corpus_failure_rate(
    logits: ArrayLike,
    verdicts: Sequence[Verdict],
    threshold: float | Threshold | Target,
    *,
    target: str,
    population: str,
    confidence: float = 0.95,
) -> FailureRate:
    """P(catastrophic | accepted) of natural completions, each prompt having one draw and no second try.

    logits, verdicts: one each per natural snippet, in the same order, in none of the training or calibration
    sets. A filter with a budget of one draw: `abstained` is the rejected share. It equals the delivered rate
    of a filter with more draws only where acceptance does not vary by prompt. Clopper-Pearson limits.
    Raises MeasurementError for lengths that differ, logits that are not finite, no snippets.
    """
    values = as_logits(logits)
    if len(verdicts) != len(values) or not len(values):
        raise MeasurementError(
            f"{len(verdicts)} verdicts, {len(values)} logits", expected="one each, not none"
        )
    taken = accepted(values, threshold)
    strict = np.array([v.strict for v in verdicts], dtype=bool)
    unsure = np.array([v is Verdict.UNSURE for v in verdicts], dtype=bool)
    count, everything = int(taken.sum()), len(values)

    def of(events: int, trials: int, name: str) -> Rate:
        return rate(events, trials, confidence=confidence, population=name)

    return FailureRate(
        target=target,
        generator=population,
        failures=of(int((strict & taken).sum()), count, f"accepted of {population}"),
        failures_if_unsure=of(int(((strict | unsure) & taken).sum()), count, f"accepted of {population}"),
        unfiltered=of(int(strict.sum()), everything, population),
        acceptance=of(count, everything, population),
        abstained=of(everything - count, everything, population),
    )
