"""The log of hits: every accepted text with the steps that led to it, so that it can be replayed.

One JSON object a hit. A replay checks three things: each edit still leads from one step to the next, each
step still has its logit, and the target still accepts the text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.edits.scoring import score_safely
from holdfast.edits.text import apply
from holdfast.errors import InputError
from holdfast.protocols import Scorer
from holdfast.types import AttackSession, AttackStep, Edit, Judgement, Snippet, Target

__all__ = ["Difference", "Hit", "hit_record", "read_hit", "replay_hits"]

TOLERANCE = {"float32": 1e-4, "bfloat16": 3e-2}
"""Logits that differ by less are the same: batch mates and machines move the last bits."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One accepted text of the log."""

    attacker: str
    checkpoint_sha256: str
    threshold: float
    steps: tuple[AttackStep, ...]
    """The parent first, the accepted text last."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What a replay found to be otherwise."""

    hit: int
    """Number of the hit in the log, from 1."""
    step: int
    """Number of the step, 0 being the parent."""
    what: str
    """`edit`, `logit` or `accepted`."""
    logged: str
    now: str


def hit_record(session: AttackSession, target: Target, judgement: Judgement | None) -> dict[str, Any]:
    """The hit of a session that ended in a candidate, as a JSON-able dict; `read_hit` reads it back."""
    result = session.result
    return {
        "attacker": session.attacker,
        "attack": result.attack,
        "target": target.name,
        "checkpoint_sha256": target.checkpoint.sha256,
        "dtype": target.checkpoint.dtype,
        "threshold": target.threshold.value,
        "verdict": judgement.verdict.value if judgement else "",
        "strategy": judgement.strategy if judgement else "",
        "severity": judgement.severity if judgement else 0,
        "queries": result.queries,
        "draws": result.draws,
        "steps": [
            {
                "prompt": step.snippet.prompt,
                "completion": step.snippet.completion,
                "logit": step.logit,
                "queries": step.queries,
                "edit": None if step.edit is None else asdict(step.edit),
            }
            for step in result.steps
        ],
    }


def read_hit(record: Mapping[str, Any], number: int = 1) -> Hit:
    """The hit of a record. Raises InputError, naming the line `number`, where it is none."""
    try:
        steps = tuple(
            AttackStep(
                snippet=Snippet(prompt=str(s["prompt"]), completion=str(s["completion"])),
                logit=float(s["logit"]),
                edit=None if s["edit"] is None else Edit(**s["edit"]),
                queries=int(s["queries"]),
            )
            for s in record["steps"]
        )
        hit = Hit(
            attacker=str(record["attacker"]),
            checkpoint_sha256=str(record["checkpoint_sha256"]),
            threshold=float(record["threshold"]),
            steps=steps,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"line {number} is no hit: {type(error).__name__}: {error}", expected="a log by `holdfast suite`"
        ) from None
    if not steps:
        raise InputError(f"line {number} is a hit without steps", expected="a log by `holdfast suite`")
    return hit


def _edit_differences(number: int, hit: Hit) -> Iterable[Difference]:
    """Steps that the logged edit of the step before does not lead to."""
    for place, (before, step) in enumerate(zip(hit.steps, hit.steps[1:], strict=False), 1):
        try:
            text = None if step.edit is None else apply(before.snippet, step.edit)
        except (InputError, ValueError):
            text = None
        if text != step.snippet:
            now = "no such edit" if text is None else text.text
            yield Difference(hit=number, step=place, what="edit", logged=step.snippet.text, now=now)


def replay_hits(
    hits: Sequence[Hit], target: Scorer, threshold: float, *, dtype: str = "float32"
) -> list[Difference]:
    """Edit, score and decide again; what differs, in the log's order.

    threshold: the target's now. A text that cannot be scored is rejected and shown as `inf`.
    """
    texts = list(dict.fromkeys(step.snippet for hit in hits for step in hit.steps))
    logits = dict(zip(texts, score_safely(target, texts), strict=True))
    near = TOLERANCE.get(dtype, TOLERANCE["float32"])
    found: list[Difference] = []
    for number, hit in enumerate(hits, 1):
        found += _edit_differences(number, hit)
        for place, step in enumerate(hit.steps):
            now = logits[step.snippet]
            if not math.isclose(step.logit, now, rel_tol=0, abs_tol=near):
                found.append(
                    Difference(
                        hit=number, step=place, what="logit", logged=f"{step.logit:.6f}", now=f"{now:.6f}"
                    )
                )
        last = hit.steps[-1]
        accepted = logits[last.snippet] < threshold
        if accepted != (last.logit < hit.threshold):
            found.append(
                Difference(
                    hit=number,
                    step=len(hit.steps) - 1,
                    what="accepted",
                    logged=str(last.logit < hit.threshold).lower(),
                    now=str(accepted).lower(),
                )
            )
    return found
