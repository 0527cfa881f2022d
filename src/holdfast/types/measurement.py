"""Typed results. Never a bare float: count, trials, interval, confidence, method, population."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

__all__ = [
    "AttackCost",
    "AttackTime",
    "CrossRound",
    "Difference",
    "FailureRate",
    "LabelNoise",
    "Quality",
    "Rate",
    "Ratio",
    "StoredMeasurement",
]


def _percent(x: float) -> str:
    """Three significant digits, in per cent; small rates in scientific notation."""
    if math.isnan(x):
        return "n/a"
    return f"{100 * x:.3g} %" if x == 0 or x >= 1e-4 else f"{x:.2e}"


class _Result:
    """Shared rendering of a result."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able dict of all fields."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    def _repr_html_(self) -> str:
        return f"<code>{self}</code>"


@dataclass(frozen=True, kw_only=True)
class Rate(_Result):
    """A proportion with a two-sided interval and a one-sided upper bound."""

    count: int
    trials: int
    lower: float
    upper: float
    confidence: float
    method: str
    population: str
    bound: float
    """One-sided upper bound at `confidence`: what a gate or a certificate uses."""

    @property
    def estimate(self) -> float:
        """count / trials; nan where nothing was tried."""
        return self.count / self.trials if self.trials else math.nan

    def __str__(self) -> str:
        if self.count == 0 and self.trials:
            return f"0 of {self.trials:,}: below {_percent(self.bound)} at {self.confidence:.0%}"
        interval = f"[{_percent(self.lower)}, {_percent(self.upper)}]"
        return f"{_percent(self.estimate)} {interval} ({self.count:,} of {self.trials:,})"


@dataclass(frozen=True, kw_only=True)
class Ratio(_Result):
    """A ratio of two quantities with its interval."""

    estimate: float
    lower: float
    upper: float
    confidence: float
    method: str
    population: str
    count: int
    """Events in the numerator."""
    trials: int
    """Events in the denominator."""
    bound: float | None = None
    """One-sided upper bound at `confidence`, where the method gives one."""

    def __str__(self) -> str:
        return f"{self.estimate:.2f} [{self.lower:.2f}, {self.upper:.2f}] at {self.confidence:.0%}"


@dataclass(frozen=True, kw_only=True)
class Difference(_Result):
    """A difference of two proportions on the same items, first minus second."""

    estimate: float
    lower: float
    upper: float
    confidence: float
    method: str
    population: str
    gained: int
    """Items positive under the first only."""
    lost: int
    """Items positive under the second only."""
    trials: int
    """Items."""

    def __str__(self) -> str:
        points = (f"{100 * x:+.2f}" for x in (self.estimate, self.lower, self.upper))
        estimate, lower, upper = points
        return f"{estimate} points [{lower}, {upper}] at {self.confidence:.0%} ({self.trials:,} pairs)"


@dataclass(frozen=True, kw_only=True)
class FailureRate(_Result):
    """P(catastrophic | delivered by the filter), with UNSURE counted both ways."""

    target: str
    failures: Rate
    """Strict: CATASTROPHIC among delivered; UNSURE counted as safe."""
    failures_if_unsure: Rate
    """The same with UNSURE counted as failures."""
    unfiltered: Rate
    """P(catastrophic) of the generator's first draws: the base rate."""
    acceptance: Rate
    """Share of first draws that the filter accepted: one draw a prompt, so that trials are independent."""
    abstained: Rate
    """Share of prompts for which the draw budget ran out."""
    generator: str
    exact: float | None = None
    """The same quantity by exact stratification where densities are known (see `method_exact`)."""
    exact_lower: float | None = None
    exact_upper: float | None = None
    method_exact: str = ""


@dataclass(frozen=True, kw_only=True)
class AttackCost(_Result):
    """Queries per verified adversarial example, with unbroken parents censored."""

    target: str
    attack: str
    parents: int
    """Parents attacked, the skipped ones left out."""
    skipped: int
    """Parents that the target accepted before any edit."""
    candidates: int
    verified: int
    """Distinct candidates judged CATASTROPHIC."""
    unsure: int
    """Candidates the annotators could not judge: they may be successes that cannot be counted."""
    queries: int
    per_success: float
    """queries / verified; the maximum-likelihood mean under censoring; inf where nothing was found."""
    lower: float
    upper: float
    """inf where nothing was found."""
    confidence: float
    method: str
    population: str
    draws: int = 0
    """Completions drawn from a generator by all searches, beside the queries."""

    def __str__(self) -> str:
        broken = f"{self.verified} of {self.parents} parents broken"
        broken += f", {self.draws:,} generator draws" if self.draws else ""
        if self.verified == 0:
            return f"> {self.lower:,.0f} queries ({broken})"
        high = "inf" if math.isinf(self.upper) else f"{self.upper:,.0f}"
        return f"{self.per_success:,.0f} [{self.lower:,.0f}, {high}] queries ({broken})"


@dataclass(frozen=True, kw_only=True)
class AttackTime(_Result):
    """Active seconds per verified success of people on one target, all their sessions counted."""

    target: str
    arm: str
    """`tools`, `unaided` or `programs` (bots that came through the same door)."""
    sessions: int
    attackers: int
    seconds: float
    seconds_claimed: float
    """Thinking time claimed by hand, not in `seconds`."""
    seconds_short: float
    """With gaps counted up to the shorter cap, of labelling."""
    successes: int
    distinct: int
    """Successes, near-duplicates once."""
    pending: int
    """Finds whose labels are awaited: not counted yet."""
    per_success: Ratio
    per_distinct: Ratio
    by_attacker: Ratio
    """Per success, with limits by a bootstrap over attackers."""
    confidence: float
    population: str

    def __str__(self) -> str:
        if self.successes == 0:
            return f"> {self.per_success.lower / 60:,.1f} min ({self.sessions} sessions, no success)"
        x = self.per_success
        span = f"{x.estimate / 60:,.1f} [{x.lower / 60:,.1f}, {x.upper / 60:,.1f}] min"
        return f"{span} a success ({self.successes} in {self.sessions} sessions, {self.arm})"


@dataclass(frozen=True, kw_only=True)
class Quality(_Result):
    """Preference for filtered completions in blind comparisons: wins + ties / 2; 1/2 is no difference."""

    target: str
    ratings: int
    raters: int
    pairs: int
    identical: int
    """Pairs that read the same: ties that nobody is shown."""
    unusable: int
    conditional: Ratio
    """Among pairs that differ."""
    unconditional: Ratio
    """Among all pairs."""
    side: Ratio
    """What standing on the left added to a score."""
    same_arm: Ratio
    """Score of the left side where both are of one arm: what no difference looks like."""
    consistency: Rate | None
    """Pairs shown twice, sides swapped, that were answered alike."""
    confidence: float
    population: str

    def __str__(self) -> str:
        x = self.unconditional
        span = f"{x.estimate:.3f} [{x.lower:.3f}, {x.upper:.3f}]"
        return f"{span} for filtered ({self.ratings} ratings, {self.identical} of {self.pairs} identical)"


@dataclass(frozen=True, kw_only=True)
class LabelNoise(_Result):
    """How far labels alone make a rate: what they say of texts whose truth is known otherwise."""

    alarms: Rate | None
    """Labels of known harmless items that say CATASTROPHIC; None before any."""
    wrong: Rate | None
    """Items settled by agreement that an adjudicator, who did not see the labels, decided otherwise."""
    missed: Rate | None
    """The same among those settled as no catastrophe: which were one."""
    waiting: int
    """Drawn for it, and not decided yet."""


@dataclass(frozen=True, kw_only=True)
class CrossRound(_Result):
    """Acceptance by each target (columns) of the verified adversarial examples of each round (rows)."""

    rows: tuple[str, ...]
    """Whose held-out successes: `baseline`, `round-1`, ..."""
    columns: tuple[str, ...]
    """Target that scores them."""
    cells: tuple[tuple[Rate, ...], ...]
    """cells[i][j]: share of rows[i]'s examples that columns[j] accepts."""


@dataclass(frozen=True, kw_only=True)
class StoredMeasurement:
    """A result as the store keeps it: what was measured, of which target, by which run."""

    kind: str
    """`failure_rate`, `attack_cost`, `cross_round`, ..."""
    target: str
    """Name of the checkpoint measured."""
    round: int
    population: str
    result: dict[str, Any]
    """`to_dict()` of the typed result; its tuples are lists here."""
    run_id: str
    id: int | None = None
    at: datetime | None = None
    """UTC; the store fills it in."""
