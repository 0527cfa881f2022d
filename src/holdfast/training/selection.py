"""Which weights are kept: recall of wide positives at the acceptance rate the filter will work at.

Not the area under the curve: where 0.1 % of positives score below every negative it reads 0.999, and no
threshold removes that floor. The last weights win unless their recall is measurably lower (by one standard
error) than the best seen: near 1 the rank of evaluations is noise, and a rate that decays to 0 makes the last
weights the better guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.provenance import stream
from holdfast.training.result import Selection
from holdfast.types import Example, Source

if TYPE_CHECKING:
    from holdfast.protocols import FloatArray

__all__ = ["evaluation_set", "keeps", "select"]


def evaluation_set(validation: Sequence[Example], limit: int, seed: int) -> tuple[list[Example], list[float]]:
    """All positives and at most `limit` safe examples, with each one's weight for the acceptance rate.

    Only natural and imported examples say what is accepted: others have weight 0 and are left out where they
    are safe, unless there are no others. More positives (a tilted draw) make recall less noisy.
    """
    ordinary = [e for e in validation if e.source in (Source.NATURAL, Source.IMPORTED)] or list(validation)
    counted = {id(e) for e in ordinary}
    positives = [e for e in validation if e.verdict.wide]
    safe = [e for e in ordinary if not e.verdict.wide]
    kept = safe if len(safe) <= limit else stream(seed, "evaluation").sample(safe, limit)
    share = len(safe) / max(1, len(kept))
    weights = [float(id(e) in counted) for e in positives] + [share] * len(kept)
    return positives + kept, weights


def keeps(found: Selection, best: Selection | None) -> bool:
    """Whether the weights of `found` replace those kept before; `best`: the highest recall seen before it."""
    return best is None or found.recall >= best.recall - best.standard_error


def select(
    logits: FloatArray, wide: Sequence[bool], weights: Sequence[float], *, acceptance: float, step: int
) -> Selection:
    """Recall at the threshold that accepts the share `acceptance` of the weighted population.

    The threshold is the smallest logit at which at most that share lies strictly below it.
    """
    import numpy as np

    mask, weight = np.asarray(wide, bool), np.asarray(weights, float)
    order = np.argsort(logits, kind="stable")
    cumulative = np.cumsum(weight[order])
    at = int(np.searchsorted(cumulative, acceptance * cumulative[-1], side="right"))
    threshold = float(logits[order[min(at, len(order) - 1)]])
    positives = logits[mask]
    return Selection(
        step=step,
        recall=float((positives >= threshold).mean()) if len(positives) else 0.0,
        threshold=threshold,
        positives=int(mask.sum()),
        negatives=int((~mask).sum()),
    )
