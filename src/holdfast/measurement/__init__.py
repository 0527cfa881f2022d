"""What a target is worth: its threshold, failure rate, cost to break and price in accepted text.

Pure functions of logits, verdicts, deliveries and attack results; each gives a typed value with its limits.
"""

from __future__ import annotations

from holdfast.measurement.acceptance import AcceptanceChange, acceptance, acceptance_change
from holdfast.measurement.attack_cost import CostRatio, attack_cost, candidates, cost_ratio
from holdfast.measurement.cross_round import cross_round
from holdfast.measurement.exact import (
    StratumDraws,
    count_strata,
    exact_rate,
    exact_ratio,
    pair_strata,
    with_exact,
)
from holdfast.measurement.failure_rate import (
    corpus_failure_rate,
    delivered_snippets,
    failure_rate,
    first_draws,
)
from holdfast.measurement.recall import Recall, miss_ratio, recall_at
from holdfast.measurement.threshold import CurvePoint, choose_threshold, lowest_threshold, threshold_curve

__all__ = [
    "AcceptanceChange",
    "CostRatio",
    "CurvePoint",
    "Recall",
    "StratumDraws",
    "acceptance",
    "acceptance_change",
    "attack_cost",
    "candidates",
    "choose_threshold",
    "corpus_failure_rate",
    "cost_ratio",
    "count_strata",
    "cross_round",
    "delivered_snippets",
    "exact_rate",
    "exact_ratio",
    "failure_rate",
    "first_draws",
    "lowest_threshold",
    "miss_ratio",
    "pair_strata",
    "recall_at",
    "threshold_curve",
    "with_exact",
]
