"""Texts as a page shows them: word differences, marked spans, edits; or ids and lengths where withheld."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from holdfast.report.content import Report, Saliency, WorstFailure
from holdfast.report.wording import plural, shorten, visible
from holdfast.types import AttackStep, Edit, Snippet

__all__ = [
    "FailureView",
    "Passage",
    "Piece",
    "SaliencyView",
    "failure_view",
    "saliency_view",
    "word_difference",
    "worst_first",
]

_LONGEST = 4000
"""Characters of one side that a page shows; real snippets are far shorter."""
_MOST_STEPS = 40


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text. `kind`: as it is, inserted, deleted, or marked with a saliency class."""

    text: str
    kind: Literal["same", "ins", "del", "mark"] = "same"
    classes: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Both sides of one snippet."""

    prompt: tuple[Piece, ...]
    completion: tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True)
class FailureView:
    """One row of the worst failures."""

    number: int
    id: str
    target: str
    under: str
    verdict: str
    severity: int
    strategy: str
    reason: str
    annotator: str
    origin: str
    passage: Passage
    changes: Passage | None
    changed: str
    edits: tuple[tuple[str, ...], ...]
    more_edits: int


@dataclass(frozen=True, kw_only=True)
class SaliencyView:
    """One failure with the spans that move its logit."""

    id: str
    target: str
    method: str
    passage: Passage
    strongest: str


def word_difference(old: str, new: str) -> tuple[Piece, ...]:
    """`new` with the words it gained and lost against `old`; joined without the lost ones it is `new`."""
    a, b = (re.findall(r"\s*\w+|\s*[^\w\s]|\s+", _clip(text)) for text in (old, new))
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(text=visible("".join(b[j1:j2]))))
            continue
        if i2 > i1:
            pieces.append(Piece(text=visible("".join(a[i1:i2])), kind="del"))
        gained = "".join(b[j1:j2])
        word = gained.lstrip()
        if gap := gained[: len(gained) - len(word)]:
            pieces.append(Piece(text=visible(gap)))
        if word:
            pieces.append(Piece(text=visible(word), kind="ins"))
    return tuple(pieces)


def _clip(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} … ({len(text) - _LONGEST:,} more characters)"


def _whole(snippet: Snippet, redact: bool) -> Passage:
    """The text as it is, or id and lengths."""
    if redact:
        sides = plural(len(snippet.prompt), "character"), plural(len(snippet.completion), "character")
        return Passage(
            prompt=(Piece(text=f"[prompt, {sides[0]}]"),),
            completion=(Piece(text=f"[{snippet.id}: completion, {sides[1]}]"),),
        )
    prompt, completion = visible(_clip(snippet.prompt)), visible(_clip(snippet.completion))
    return Passage(prompt=(Piece(text=prompt),), completion=(Piece(text=completion),))


def failure_view(failure: WorstFailure, place: int, *, redact: bool) -> FailureView:
    """Row `place` (from 1) of the worst failures."""
    judgement, changes, changed = failure.judgement, None, ""
    if failure.parent is not None:
        sides = (
            word_difference(failure.parent.prompt, failure.snippet.prompt),
            word_difference(failure.parent.completion, failure.snippet.completion),
        )
        words = [[p for s in sides for p in s if p.kind == kind] for kind in ("ins", "del")]
        gained, lost = (sum(len(re.findall(r"\w+", p.text)) for p in kind) for kind in words)
        changed = f"{plural(gained, 'word')} inserted, {lost:,} deleted"
        changes = None if redact else Passage(prompt=sides[0], completion=sides[1])
    moves = [step for step in failure.steps if step.edit is not None]
    shown = [] if redact else moves[-_MOST_STEPS:]
    under = abs(failure.margin)
    side = "under" if failure.margin < 0 else "above"
    return FailureView(
        number=place,
        id=failure.snippet.id,
        target=failure.target,
        under=f"{under:.2f} {side} the threshold" if math.isfinite(under) else "not scored",
        verdict=str(judgement.verdict),
        severity=judgement.severity,
        strategy=judgement.strategy,
        reason="" if redact else visible(judgement.reason),
        annotator=failure.annotator,
        origin=failure.origin,
        passage=_whole(failure.snippet, redact),
        changes=changes,
        changed=changed,
        edits=tuple(_edit_row(step, step.edit) for step in shown if step.edit is not None),
        more_edits=len(moves) - len(shown),
    )


def _edit_row(step: AttackStep, edit: Edit) -> tuple[str, ...]:
    """Operation, side, old, new, logit after, queries so far."""
    old, new = (visible(shorten(text, 200)) for text in (edit.old, edit.new))
    return edit.operation, edit.side, old, new, f"{step.logit:.2f}", f"{step.queries:,}"


def saliency_view(report: Report, *, redact: bool) -> SaliencyView | None:
    """The saliency with spans in five steps of strength; positions only where texts are withheld."""
    saliency = report.saliency
    if saliency is None:
        return None
    most = max((abs(s.value) for s in saliency.spans if math.isfinite(s.value)), default=0.0)
    if redact:
        passage = _whole(saliency.snippet, True)
    else:
        passage = Passage(
            prompt=_marked(saliency, "prompt", saliency.snippet.prompt, most),
            completion=_marked(saliency, "completion", saliency.snippet.completion, most),
        )
    return SaliencyView(
        id=saliency.snippet.id,
        target=saliency.target,
        method=saliency.method,
        passage=passage,
        strongest=f"{most:.2f}",
    )


def _marked(saliency: Saliency, side: str, text: str, most: float) -> tuple[Piece, ...]:
    """`text` cut at the spans; overlapping or broken spans are passed over, weak ones left unmarked."""
    spans = sorted((s for s in saliency.spans if s.side == side), key=lambda s: s.start)
    pieces: list[Piece] = []
    at = 0
    for span in spans:
        if not (at <= span.start < span.stop <= min(len(text), _LONGEST)) or not math.isfinite(span.value):
            continue
        step = math.ceil(5 * abs(span.value) / most) if most > 0 else 0
        pieces.append(Piece(text=visible(text[at : span.start])))
        sign, at = "up" if span.value > 0 else "down", span.stop
        piece = visible(text[span.start : span.stop])
        if step:
            pieces.append(
                Piece(text=piece, kind="mark", classes=f"s{step} {sign}", hint=f"{span.value:+.2f}")
            )
        else:
            pieces.append(Piece(text=piece))
    pieces.append(Piece(text=visible(_clip(text)[at:])))
    return tuple(p for p in pieces if p.text)


def worst_first(failures: Sequence[WorstFailure]) -> list[WorstFailure]:
    """By margin, the deepest under the threshold first; unscored last; ties by id, so the order is fixed."""
    return sorted(
        failures,
        key=lambda f: (math.isnan(f.margin), f.margin if f.margin == f.margin else 0.0, f.snippet.id),
    )
