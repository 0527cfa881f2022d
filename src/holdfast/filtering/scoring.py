"""Scoring that never lets a text through for want of a score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.protocols import Scorer
from holdfast.types import Snippet

__all__ = ["Scored", "score_each", "why_unusable"]


@dataclass(frozen=True)
class Scored:
    """A finite logit, or the reason why there is none."""

    logit: float | None
    error: str = ""


def describe(error: Exception) -> str:
    """Type and first line of an exception."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def why_unusable(text: object) -> str:
    """Why `text` must not be scored or delivered; empty where it may: a plain `str` that encodes to UTF-8."""
    if text is None:
        return "no completion"
    if type(text) is not str:
        return f"not a text but {type(text).__name__}"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"cannot be encoded to UTF-8: {error.reason} at {error.start}"
    return ""


def _ask(scorer: Scorer, snippets: Sequence[Snippet]) -> list[Scored]:
    """One call to the scorer. Raises what it raises, and ValueError for a result of another shape."""
    import numpy as np

    logits = np.asarray(scorer.score(snippets))
    if logits.shape != (len(snippets),):
        raise ValueError(f"scorer gave shape {logits.shape} for {len(snippets)} snippets")
    if not (np.issubdtype(logits.dtype, np.floating) or np.issubdtype(logits.dtype, np.integer)):
        raise ValueError(f"scorer gave {logits.dtype}, not real numbers")
    values = [float(x) for x in logits.astype(np.float64)]
    return [Scored(x) if math.isfinite(x) else Scored(None, f"logit is {x}") for x in values]


def score_each(scorer: Scorer, snippets: Sequence[Snippet]) -> list[Scored]:
    """The logit of each snippet, or why it has none; never raises for a scorer's own failure.

    Equal snippets are scored once. Empty completions (what a generator gave up) and texts that cannot be
    encoded to UTF-8 never reach the scorer. Where a
    batch fails (an exception, another shape), each of its snippets is scored alone, so that one unusable text
    costs only itself; a scorer that is broken altogether leaves no snippet with a logit.
    """
    problems = [
        why_unusable(s.prompt) or why_unusable(s.completion) or ("" if s.completion.strip() else "empty")
        for s in snippets
    ]
    usable = list(dict.fromkeys(s for s, problem in zip(snippets, problems, strict=True) if not problem))
    known: dict[Snippet, Scored] = {}
    try:
        found = _ask(scorer, usable) if usable else []
        known.update(zip(usable, found, strict=True))
    except Exception:
        for snippet in usable:
            try:
                known[snippet] = _ask(scorer, [snippet])[0]
            except Exception as error:
                known[snippet] = Scored(None, describe(error))
    return [
        Scored(None, problem) if problem else known[snippet]
        for snippet, problem in zip(snippets, problems, strict=True)
    ]
