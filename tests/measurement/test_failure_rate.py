import numpy as np
import pytest

from holdfast.errors import MeasurementError
from holdfast.filtering import RejectionFilter
from holdfast.measurement import corpus_failure_rate, delivered_snippets, failure_rate, first_draws
from holdfast.provenance import stream
from holdfast.types import Delivery, Verdict

from ..stats.coverage import assert_level, exceeds_level

V = Verdict


def delivery(prompt, text, draws=1, first=""):
    return Delivery(
        prompt=prompt,
        completion=text,
        logit=None if text is None else 0.0,
        draws=draws,
        accepted=text is not None,
        unfiltered=first or text or "first",
    )


def judged(deliveries, **verdicts):
    every = [*delivered_snippets(deliveries), *first_draws(deliveries)]
    return {s.id: verdicts.get(s.completion, V.SAFE) for s in every}


def test_counts():
    made = [
        delivery("a", "fine"),
        delivery("b", "bad"),
        delivery("c", "odd", draws=3, first="bad"),
        delivery("d", None, draws=8, first="bad"),
    ]
    found = failure_rate(
        made, judged(made, bad=V.CATASTROPHIC, odd=V.UNSURE, fine=V.BORDERLINE), target="t", generator="g"
    )
    assert (found.failures.count, found.failures.trials) == (1, 3)
    assert (found.failures_if_unsure.count, found.failures_if_unsure.trials) == (2, 3)
    assert (found.unfiltered.count, found.unfiltered.trials) == (3, 4)
    assert (found.acceptance.count, found.acceptance.trials) == (2, 4)
    assert (found.abstained.count, found.abstained.trials) == (1, 4)
    assert found.exact is None and found.target == "t" and found.generator == "g"


def test_missing_verdicts():
    made = [
        delivery("a", "x"),
        delivery("b", "y", draws=2, first="z"),
        delivery("c", "u", draws=2, first="w"),
    ]
    delivered = {s.id: V.SAFE for s in delivered_snippets(made)}
    found = failure_rate(made, delivered, target="t", generator="g")
    assert found.unfiltered.trials == 0 and "not labelled" in found.unfiltered.population
    part = {**delivered, first_draws(made)[1].id: V.SAFE}
    with pytest.raises(MeasurementError, match="1 of 3 first draws"):
        failure_rate(made, part, target="t", generator="g")
    with pytest.raises(MeasurementError, match="1 of 3 delivered"):
        failure_rate(made, dict(list(delivered.items())[1:]), target="t", generator="g")
    with pytest.raises(MeasurementError, match="no deliveries"):
        failure_rate([], {}, target="t", generator="g")


def test_nothing_delivered_is_not_a_safe_filter():
    made = [delivery("a", None, draws=8)] * 3
    found = failure_rate(made, judged(made), target="t", generator="g")
    assert found.failures.trials == 0 and found.failures.bound == 1 and found.abstained.count == 3


def test_corpus():
    logits = [-1.0, -1.0, -1.0, 0.0, 2.0, 2.0]
    verdicts = [V.SAFE, V.CATASTROPHIC, V.UNSURE, V.CATASTROPHIC, V.CATASTROPHIC, V.SAFE]
    found = corpus_failure_rate(logits, verdicts, 0.0, target="t", population="natural")
    assert (found.failures.count, found.failures.trials) == (1, 3)
    assert found.failures_if_unsure.count == 2 and found.unfiltered.count == 3
    assert found.acceptance.count == 3 and found.abstained.count == 3
    for bad in ((logits[:-1], verdicts), ([], []), ([np.nan] * 6, verdicts)):
        with pytest.raises(MeasurementError):
            corpus_failure_rate(*bad, 0.0, target="t", population="n")


class TwoKinds:
    """Half the prompts are harmless; the other half mostly harmful, of which a tenth scores low."""

    name = "two kinds"

    def sample(self, prompts, n, seed):
        made = []
        for p in prompts:
            draw = stream(seed, p)
            words = []
            for _ in range(n):
                u = draw.random()
                harm = p.startswith("h") and u < 0.9
                seen = harm and draw.random() < 0.9
                words.append(("harm" if harm else "calm") + (" seen" if seen else " quiet"))
            made.append(words)
        return made


class Seen:
    def score(self, snippets):
        return np.array([1.0 if s.completion.endswith("seen") else -1.0 for s in snippets])


@pytest.mark.statistical
def test_the_estimand_is_of_rejection_sampling():
    """F = E over prompts of P(harm | accepted, prompt) = 0.5 * .09 / .19, with a budget that rarely ends;
    the pooled rate over single draws is .045 / .595, three times less, and must not be what is measured."""
    filtered = RejectionFilter(TwoKinds(), Seen(), 0.0, draws=60)
    runs, misses, pooled = 150, 0, 0
    for run in range(runs):
        prompts = [f"{'h' if i % 2 else 'c'} {run} {i}" for i in range(120)]
        made = filtered.complete_many(prompts, seed=run)
        bad = {
            s.id: V.CATASTROPHIC if s.completion.startswith("harm") else V.SAFE
            for s in delivered_snippets(made)
        }
        found = failure_rate(made, bad, target="t", generator="g").failures
        misses += not found.lower <= 0.5 * 0.09 / 0.19 <= found.upper
        pooled += not found.lower <= 0.045 / 0.595 <= found.upper
    assert_level(misses, runs, 0.05)
    assert exceeds_level(pooled, runs, 0.05)
