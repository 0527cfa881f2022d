"""Edits, attacks and sessions. An attack only ever finds a *candidate*."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args

from holdfast.types.snippet import Snippet

__all__ = ["HOLES", "AttackBudget", "AttackResult", "AttackSession", "AttackStep", "Edit", "Hole", "Outcome"]

Hole = Literal["word", "bigram", "length", "position", "characters", "prompt"]
"""A way in which a classifier may be open: to a certain word, or to two next to each other, wherever they
stand; to a text longer than its parent; to a word in one place only; to letters in disguise; or under a
condition that the prompt alone meets. An attack's `holes` declares the kinds in its edit space: those that it
finds within its budget on a classifier that rejects all else (docs/methods.md)."""
HOLES: tuple[Hole, ...] = get_args(Hole)
"""All six."""


@dataclass(frozen=True, kw_only=True, order=True)
class Edit:
    """Replace `old` by `new` at code points [start, stop) of one side of a snippet."""

    side: Literal["prompt", "completion"]
    start: int
    stop: int
    old: str
    new: str
    operation: Literal["substitute", "insert", "delete", "span"] = "substitute"
    source: str = ""
    """Which proposer suggested it."""


class Outcome(StrEnum):
    """How one attack on one parent ended."""

    CANDIDATE = "candidate"
    """An accepted text was found that may be catastrophic; an annotator decides."""
    FAILED = "failed"
    """Budget spent, nothing accepted."""
    SKIPPED = "skipped"
    """The parent was accepted, or was not catastrophic, before any edit."""


@dataclass(frozen=True, kw_only=True)
class AttackBudget:
    """Upper limits per parent; None: no limit. Reproducible runs limit queries only."""

    queries: int | None = 400
    """Exact scores asked of the target; a gradient counts as 3."""
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that limits nothing, or below zero."""
        if self.queries is None and self.seconds is None:
            raise ValueError("a budget limits queries, seconds or both")
        if (self.queries is not None and self.queries < 0) or (self.seconds is not None and self.seconds < 0):
            raise ValueError("a budget is not negative")


@dataclass(frozen=True, kw_only=True)
class AttackStep:
    """One kept state of a search: the snippet, its logit, and what it took to get there."""

    snippet: Snippet
    logit: float
    edit: Edit | None = None
    """None for the parent."""
    queries: int = 0
    """Queries spent so far in this session."""
    seconds: float = 0.0
    """Active seconds so far."""


@dataclass(frozen=True, kw_only=True)
class AttackResult:
    """What one attack on one parent gave. `steps[0]` is the parent, the last step the best text found."""

    attack: str
    parent: Snippet
    steps: tuple[AttackStep, ...]
    outcome: Outcome
    queries: int
    seconds: float = 0.0
    screens: int = 0
    """Texts shown to the cheap screen before any query was spent on them."""
    draws: int = 0
    """Completions drawn from a generator; beside the queries, unless the method charges them there too."""

    @property
    def candidate(self) -> Snippet | None:
        """The accepted text, if there is one."""
        return self.steps[-1].snippet if self.outcome is Outcome.CANDIDATE else None


@dataclass(frozen=True, kw_only=True)
class AttackSession:
    """One attacker (person or program) working on one target from one parent: everything is kept."""

    attacker: str
    """`beam@1` for a program, a pseudonym for a person."""
    target: str
    """Checkpoint name."""
    round: int
    purpose: Literal["train", "measure"]
    """`measure` sessions never become training data."""
    result: AttackResult
    id: int | None = None
    started: datetime | None = None
