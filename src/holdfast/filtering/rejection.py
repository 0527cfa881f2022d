"""Rejection sampling: draw until the classifier accepts, within a budget of draws, else abstain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.edits.admission import admit, check_rule, rule_of, versioned
from holdfast.errors import CheckpointError, MeasurementError
from holdfast.filtering.scoring import Scored, describe, score_each, why_unusable
from holdfast.protocols import Generator, Progress, Scorer
from holdfast.provenance import stream_seed
from holdfast.types import CheckpointRef, Delivery, Snippet, Target, Threshold

__all__ = ["RejectionFilter", "chunks"]

_BLOCK = 256
"""Prompts under way at a time: bounds memory; changes no result."""


def chunks(draws: int) -> list[tuple[int, int]]:
    """(index of the first draw, how many) of each call to the generator: 1, 2, 4, 4, ... up to `draws`.

    Most prompts need one or two draws; those that need more are few by then and can afford a few spare ones.
    The schedule depends on the budget alone: it is part of what a draw depends on.
    """
    plan, start, size = [], 0, 1
    while start < draws:
        size = min(size, draws - start)
        plan.append((start, size))
        start, size = start + size, min(4, 2 * size)
    return plan


@dataclass
class _Open:
    """One prompt under way."""

    prompt: str
    read: str = ""
    """The prompt as the rule for characters admits it: what is completed and scored."""
    drawn: int = 0
    first: str | None = None
    first_logit: float | None = None
    accepted: tuple[str, float] | None = None
    errors: list[str] = field(default_factory=list)
    closed: bool = False

    def delivery(self) -> Delivery:
        """The result; nothing but an accepted completion is ever delivered."""
        completion, logit = self.accepted or (None, None)
        return Delivery(
            prompt=self.prompt,
            completion=completion,
            logit=logit,
            draws=self.drawn,
            accepted=self.accepted is not None,
            unfiltered=self.first or "",
            unfiltered_logit=self.first_logit,
            errors=tuple(self.errors),
        )


class RejectionFilter:
    """Implements `protocols.Filter`. Reject if and only if logit >= threshold; whatever has no logit, too.

    **What the generator must guarantee**: `sample(prompts, n, seed)[i]` depends on (prompts[i], n, seed)
    only, never on the other prompts of the call or their order. Then draw k of a prompt depends on (seed,
    prompt, k, the budget), and `complete_many` gives what `complete` gives one by one. Two requests for the
    same prompt under the same seed are the same request: use different seeds to draw independently.

    **Fails closed**: an exception of the scorer, a logit that is not finite, a result of another shape, a
    text that does not encode to UTF-8, a completion that is missing: that draw is rejected and
    `Delivery.errors` says why. An empty completion is rejected like any other. A generator that raises for a
    prompt closes that prompt without a delivery.
    The completion delivered is the very `str` that was scored.

    **Characters**: prompts and draws are admitted by the scorer's own rule (`edits/admission.py`) before the
    model completes, scores or delivers them. What the rule refuses is rejected, with its reason in
    `Delivery.errors`; `Delivery.prompt` and `Delivery.unfiltered` are as they were given.
    """

    def __init__(
        self,
        generator: Generator,
        scorer: Scorer,
        target: Target | Threshold | float,
        *,
        draws: int = 8,
        name: str = "",
    ) -> None:
        """target: the threshold, alone or with its checkpoint; draws: completions drawn per prompt at most.

        Raises MeasurementError for a threshold that is not finite or a budget below 1, CheckpointError where
        the threshold belongs to other weights, another dtype, length or rule for characters than the
        scorer's, ConfigError where there is no such rule.
        """
        threshold = target.threshold if isinstance(target, Target) else target
        value = float(threshold.value if isinstance(threshold, Threshold) else threshold)
        if not math.isfinite(value):
            raise MeasurementError(f"threshold {value}", expected="a finite logit", do="calibrate again")
        if draws < 1:
            raise MeasurementError(f"a budget of {draws} draws", expected="at least 1")
        self.characters = rule_of(scorer)
        versioned(self.characters)
        if isinstance(threshold, Threshold):
            check_rule(threshold, self.characters)
            checkpoint = getattr(scorer, "checkpoint", None)
            if isinstance(checkpoint, CheckpointRef):
                _check_fit(threshold, checkpoint)
        self.generator, self.scorer = generator, scorer
        self.threshold, self.draws = value, draws
        self.name = name or (target.name if isinstance(target, Target) else generator.name)

    def complete(self, prompt: str, *, seed: int = 0) -> Delivery:
        """One prompt through the filter."""
        return self.complete_many([prompt], seed=seed)[0]

    def complete_many(
        self, prompts: Sequence[str], *, seed: int = 0, progress: Progress | None = None
    ) -> list[Delivery]:
        """All prompts, in order, the open ones drawn and scored together. `progress` counts prompts."""
        distinct = list(dict.fromkeys(prompts))
        found: dict[str, Delivery] = {}
        for start in range(0, len(distinct), _BLOCK):
            block = [_Open(prompt) for prompt in distinct[start : start + _BLOCK]]
            self._run(block, seed)
            found.update((one.prompt, one.delivery()) for one in block)
            if progress is not None:
                progress(sum(p in found for p in prompts), len(prompts))
        return [found[prompt] for prompt in prompts]

    def _run(self, block: list[_Open], seed: int) -> None:
        """Draw and score until every prompt of the block is closed."""
        for one in block:
            one.read, problem = self._admit(one.prompt)
            if problem:
                one.errors.append(f"prompt: {problem}")
                one.closed = True
        for first, size in chunks(self.draws):
            still = [one for one in block if not one.closed]
            if not still:
                return
            drawn = self._sample(still, size, stream_seed(seed, "filter", "draw", first))
            pairs = [(one, text) for one, given in zip(still, drawn, strict=True) for text in given]
            for (one, given_text), (text, score) in zip(pairs, self._scored(pairs), strict=True):
                if not one.closed:
                    self._judge(one, given_text, text, score)

    def _scored(self, pairs: list[tuple[_Open, str]]) -> list[tuple[str, Scored]]:
        """Each draw as it would be delivered, with its logit or why it has none."""
        admitted = [self._admit(text) for _, text in pairs]
        usable = [
            Snippet(prompt=one.read, completion=text)
            for (one, _), (text, problem) in zip(pairs, admitted, strict=True)
            if not problem
        ]
        scores = iter(score_each(self.scorer, usable))
        return [(text, Scored(None, problem) if problem else next(scores)) for text, problem in admitted]

    def _admit(self, text: str) -> tuple[str, str]:
        """(text to score and deliver, why not): nothing that is no plain text, or that the rule refuses."""
        if problem := why_unusable(text):
            return "", problem
        try:
            return admit(text, self.characters)
        except Exception as error:
            return "", describe(error)

    def _judge(self, one: _Open, given: str, text: str, score: Scored) -> None:
        """Count the draw, `given` and scored as `text`; take it if its logit is below the threshold."""
        if one.drawn == 0:
            one.first = given if type(given) is str else ""
            one.first_logit = score.logit
        one.drawn += 1
        if given == "":
            return  # the model ended at once: a draw with nothing to deliver, and no fault to report
        if score.logit is None:
            one.errors.append(f"draw {one.drawn}: {score.error or 'no logit'}")
        elif score.logit < self.threshold:
            one.accepted = (text, score.logit)
            one.closed = True

    def _sample(self, still: list[_Open], size: int, seed: int) -> list[list[str]]:
        """`size` completions for each open prompt; none (and closed) where the generator raises."""
        prompts = [one.read for one in still]
        try:
            return self._draws(prompts, size, seed)
        except Exception:
            found: list[list[str]] = []
            for one in still:
                try:
                    found.append(self._draws([one.read], size, seed)[0])
                except Exception as error:
                    one.errors.append(f"generator: {describe(error)}")
                    one.closed = True
                    found.append([])
            return found

    def _draws(self, prompts: list[str], size: int, seed: int) -> list[list[str]]:
        """What the generator gives; a completion it left out is None, which nothing ever accepts."""
        given = self.generator.sample(prompts, size, seed)
        if len(given) != len(prompts) or any(isinstance(one, str) or len(one) > size for one in given):
            raise ValueError(
                f"generator {self.generator.name} did not give {size} completions of each prompt"
            )
        left_out: Any = None
        return [[*one, *[left_out] * (size - len(one))] for one in given]


def _check_fit(threshold: Threshold, checkpoint: CheckpointRef) -> None:
    """Raise CheckpointError where the threshold was not chosen on this checkpoint as it is loaded."""
    for what, wanted, have in (
        ("weights", threshold.checkpoint_sha256, checkpoint.sha256),
        ("dtype", threshold.dtype, checkpoint.dtype),
        ("max_length", threshold.max_length, checkpoint.max_length),
    ):
        if wanted != have:
            raise CheckpointError(
                f"the threshold belongs to {what} {wanted}, the classifier {checkpoint.name} has {have}",
                expected="a threshold chosen on this very checkpoint",
                do="calibrate it again",
            )
