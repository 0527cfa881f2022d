"""Mathematics of rare events: exact limits, clustered ratios, paired differences, strata, survival.

numpy and scipy only; scipy is imported inside functions. Every estimator gives a typed value with its limits,
and the coverage of each is tested by seeded simulation.
"""

from __future__ import annotations

from holdfast.stats.binomial import rate
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.stats.interval import Interval
from holdfast.stats.paired import clustered_difference, mcnemar, paired_difference
from holdfast.stats.poisson import mean_cost, rate_ratio
from holdfast.stats.stratified import StratumCount, allocate_draws, stratified_rate
from holdfast.stats.stratified_ratio import StratumPair, stratified_ratio
from holdfast.stats.survival import SurvivalCurve, kaplan_meier, log_rank, restricted_mean

__all__ = [
    "Interval",
    "Resampling",
    "StratumCount",
    "StratumPair",
    "SurvivalCurve",
    "allocate_draws",
    "clustered_difference",
    "kaplan_meier",
    "log_rank",
    "mcnemar",
    "mean_cost",
    "paired_difference",
    "rate",
    "rate_ratio",
    "ratio_of_totals",
    "restricted_mean",
    "stratified_rate",
    "stratified_ratio",
]
