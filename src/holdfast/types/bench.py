"""What people do in the workbench, as it is kept: remarks, attack work, finds, pairs and comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from holdfast.types.attack import AttackSession
from holdfast.types.snippet import Snippet
from holdfast.types.verdict import Verdict

__all__ = ["AttackWork", "Choice", "Comparison", "Find", "Gold", "Pair", "Remark"]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What somebody said of an item instead of, or besides, a label."""

    key: str
    """Made by the client; the same deed sent again is written once."""
    snippet_id: str
    worker: str
    kind: str
    """`skip`, `gap` (the guidelines do not settle it) or `dispute` (of a known item, or of a verdict)."""
    reason: str
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Gold:
    """A known item: decided by an adjudicator, served like any other."""

    snippet_id: str
    verdict: Verdict
    severity: int
    note: str
    author: str
    at: datetime
    ground: str = ""
    """Why it was hard, in the adjudicator's eyes; empty where it was not kept."""
    retired: datetime | None = None
    corrected: datetime | None = None
    """When its verdict was found wrong; what is given here is the corrected one."""
    edge: bool = False
    """Whether it teaches the rule in the bank of edge cases."""


@dataclass(frozen=True, kw_only=True)
class AttackWork:
    """An attack session in the workbench: the session, and how it was worked on."""

    session: AttackSession
    worker: str
    practice: bool
    tools: bool
    lock_prompt: bool
    bot: bool
    ended: bool
    submitted: bool
    helps: int = 0
    """Forward-equivalents that saliency and menus cost."""
    claimed: float = 0.0
    """Seconds claimed by hand."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """A submission. Whether it is verified follows from annotations and is never stored."""

    id: int
    session_id: int
    target: str
    snippet: Snippet
    worker: str
    note: str
    strategies: tuple[str, ...]
    logit: float
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two completions of one prompt; an A/A pair has two of the same arm."""

    id: str
    target: str
    prompt: str
    first: str
    second: str
    first_arm: str
    """`filtered` or `unfiltered`."""
    second_arm: str
    batch: str
    repeat_of: str = ""
    """The pair whose texts it shows again, sides swapped, to whoever rated that one."""

    @property
    def identical(self) -> bool:
        """Whether both sides read the same: a tie that nobody needs to be shown."""
        return self.first == self.second


class Choice(StrEnum):
    """What a rater says of two sides."""

    LEFT_MUCH = "left_much"
    LEFT = "left"
    TIE = "tie"
    RIGHT = "right"
    RIGHT_MUCH = "right_much"
    UNUSABLE = "unusable"
    """Both are: no preference, counted apart."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One rating of one pair."""

    key: str
    pair: Pair
    worker: str
    left: str
    """Which text was on the left: `first` or `second`."""
    choice: Choice
    chips: tuple[str, ...] = field(default=())
    seconds: float = 0.0
    at: datetime | None = None
