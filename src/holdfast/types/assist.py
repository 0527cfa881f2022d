"""What a person who attacks with tools is shown: maps of a text, and menus of edits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from holdfast.errors import InputError
from holdfast.types.attack import Edit

__all__ = ["BestEdit", "EditRequest", "Operation", "RankedEdit", "SaliencyMap"]

Operation = Literal["substitute", "insert", "delete", "span"]


@dataclass(frozen=True, kw_only=True)
class SaliencyMap:
    """One value for each word of a snippet, prompt and completion alike."""

    method: str
    """Name in `attacks.saliency.METHODS`, which says what the values mean."""
    words: tuple[tuple[str, int, int, float], ...]
    """(side, start, stop, value): code points [start, stop) of that side; the unit is the method's."""
    cost: int
    """Forward-equivalents asked: a scored text 1, a gradient 3. What was cached already costs less."""
    gap: float = 0.0
    """Integrated gradients: |sum of attributions - logit difference| / |logit difference|; else 0."""


@dataclass(frozen=True, kw_only=True)
class EditRequest:
    """What a menu of edits may hold and cost. The defaults are those of one click."""

    propose: int = 200
    """Edits proposed, at most."""
    exact: int = 16
    """Of them scored exactly; 0: none, the menu lists estimates alone."""
    screen: int = 64
    """Of them shown to the screen at most, where there is one (never fewer than `exact`)."""
    operations: tuple[Operation, ...] = field(default=get_args(Operation))
    explore: float = 0.25
    """Share of the exact scores for edits that no estimate speaks for."""
    longest: int = 3
    """Words of a rewritten span, at most (2 to 6)."""

    def __post_init__(self) -> None:
        """Raise InputError for numbers out of range and unknown operations."""
        unknown = set(self.operations) - set(get_args(Operation))
        if unknown:
            raise InputError(
                f"operations {sorted(unknown)}", expected=f"some of {', '.join(get_args(Operation))}"
            )
        if min(self.propose, self.exact, self.screen) < 0 or not 0 <= self.explore <= 1:
            raise InputError(
                f"propose {self.propose}, exact {self.exact}, screen {self.screen}, explore {self.explore}",
                expected="counts of 0 or more, a share from 0 to 1",
            )
        if not 2 <= self.longest <= 6:
            raise InputError(f"spans of up to {self.longest} words", expected="2 to 6")


@dataclass(frozen=True, kw_only=True)
class RankedEdit:
    """One entry of a menu: an edit and what it does to the score."""

    edit: Edit
    before: float
    """Exact logit of the text as it is."""
    logit: float | None
    """Exact logit of the edited text; None where it was only estimated."""
    estimate: float | None = None
    """First-order guess of that logit, where there was one."""
    plausible: float = 1.0
    """Probability that the edited text is still catastrophic, by the screen; 1 where none was asked."""

    @property
    def drop(self) -> float | None:
        """How far the logit falls, exactly where known, else by estimate; None where neither is known."""
        after = self.estimate if self.logit is None else self.logit
        return None if after is None else self.before - after

    @property
    def gain(self) -> float:
        """Drop times `plausible`, what menus are ordered by; a rise counts in full, an unknown drop as 0."""
        drop = self.drop or 0.0
        return drop * self.plausible if drop > 0 else drop


@dataclass(frozen=True, kw_only=True)
class BestEdit:
    """The edit of one word that does most, [start, stop) of `side`."""

    side: str
    start: int
    stop: int
    best: RankedEdit | None
    """None where nothing was proposed for the word, or nothing of it could be scored."""
