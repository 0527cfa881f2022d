"""Which target falls for whose adversarial examples: whether rounds build on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from holdfast.errors import MeasurementError
from holdfast.measurement.logits import accepted, as_logits
from holdfast.stats.binomial import rate
from holdfast.types import CrossRound, Snippet, Target, Threshold

__all__ = ["cross_round"]


def cross_round(
    examples_by_round: Mapping[str, Sequence[Snippet]],
    logits_by_target: Mapping[str, Mapping[str, float]],
    thresholds: Mapping[str, float | Threshold | Target],
    *,
    confidence: float = 0.95,
) -> CrossRound:
    """Share of each round's verified adversarial examples that each target accepts.

    examples_by_round: name of the attacked target -> its verified examples, held out from training;
    duplicates count once. logits_by_target: target -> snippet id -> logit. thresholds: by target. Rows and
    columns keep the order of the mappings. Clopper-Pearson limits, as for independent examples: several
    examples of one family make them too narrow. The diagonal is 1 by construction where an attack only keeps
    what its target accepts.

    Raises MeasurementError where a logit or threshold is missing or not finite.
    """
    rows = {name: list(dict.fromkeys(s.id for s in given)) for name, given in examples_by_round.items()}
    cells = []
    for name, ids in rows.items():
        line = []
        for target, known in logits_by_target.items():
            missing = [i for i in ids if i not in known]
            if missing or target not in thresholds:
                raise MeasurementError(
                    f"{target}: {len(missing)} of {len(ids)} examples of {name} are not scored"
                    if missing
                    else f"{target}: no threshold",
                    do="score every example with every target, and calibrate each",
                )
            logits = as_logits(np.array([known[i] for i in ids], dtype=np.float64))
            count = int(accepted(logits, thresholds[target]).sum())
            population = f"verified examples against {name}, scored by {target}"
            line.append(rate(count, len(ids), confidence=confidence, population=population))
        cells.append(tuple(line))
    return CrossRound(rows=tuple(rows), columns=tuple(logits_by_target), cells=tuple(cells))
