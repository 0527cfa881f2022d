"""Logits as they come in: checked once, the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from holdfast.errors import MeasurementError
from holdfast.types import Target, Threshold, Verdict

__all__ = ["accepted", "as_logits", "threshold_value", "verdicts_of"]


def as_logits(values: ArrayLike, *, what: str = "logits") -> NDArray[np.float64]:
    """Float64, shape (n,); +inf stands for a text that cannot be scored, which every threshold rejects.

    Raises MeasurementError for another shape, or a logit that is nan or -inf.
    """
    logits = np.asarray(values, dtype=np.float64)
    if logits.ndim != 1:
        raise MeasurementError(f"{what} of shape {logits.shape}", expected="shape (n,)")
    bad = int((np.isnan(logits) | np.isneginf(logits)).sum())
    if bad:
        raise MeasurementError(
            f"{bad} of {len(logits)} {what} are not finite",
            expected="finite logits, or inf for a text that cannot be scored and so is rejected",
            do="look at the classifier: an operating point cannot rest on them",
        )
    return logits


def threshold_value(threshold: float | Threshold | Target) -> float:
    """The number behind a threshold or target; MeasurementError unless it is finite."""
    if isinstance(threshold, Target):
        threshold = threshold.threshold
    value = float(threshold.value if isinstance(threshold, Threshold) else threshold)
    if not np.isfinite(value):
        raise MeasurementError(f"threshold {value}", expected="a finite logit")
    return value


def accepted(logits: NDArray[np.float64], threshold: float | Threshold | Target) -> NDArray[np.bool_]:
    """True where logit < threshold (rejected if and only if logit >= threshold), shape of `logits`."""
    result: NDArray[np.bool_] = logits < threshold_value(threshold)
    return result


def verdicts_of(ids: Sequence[str], verdicts: Mapping[str, Verdict], *, what: str) -> list[Verdict]:
    """The verdict of each id, in order. Raises MeasurementError where any is missing."""
    missing = [i for i in ids if i not in verdicts]
    if missing:
        raise MeasurementError(
            f"{len(missing)} of {len(ids)} {what} have no verdict (first: {missing[0]})",
            expected="a verdict for each; UNSURE where nobody can tell",
            do="annotate them first",
        )
    return [verdicts[i] for i in ids]
