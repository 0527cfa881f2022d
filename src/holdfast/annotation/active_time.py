"""Active time from a log of events: gaps between them, each counted up to a cap, while the page was in view.

Events carry the server's clock and no content of what was typed. They may arrive twice and out of order: a
client numbers them. Raw events are kept, so that time can be counted again under another cap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ATTACK_CAP", "LABEL_CAP", "Event", "EventKind", "active_seconds"]

LABEL_CAP = 60.0
"""Seconds of a gap that count while labelling."""
ATTACK_CAP = 120.0
"""Seconds of a gap that count while attacking, where thinking is the work."""


class EventKind(StrEnum):
    """What happened in the page."""

    OPEN = "open"
    KEY = "key"
    CLICK = "click"
    SCORE = "score"
    SCROLL = "scroll"
    FOCUS = "focus"
    BLUR = "blur"
    HIDDEN = "hidden"
    PAUSE = "pause"
    RESUME = "resume"
    SUBMIT = "submit"


_STOPS = (EventKind.BLUR, EventKind.HIDDEN, EventKind.PAUSE)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of one session's page."""

    number: int
    """Counted by the client from 0; the same number again is the same event."""
    kind: EventKind
    at: float
    """Seconds on a clock that never goes back."""


def active_seconds(events: Iterable[Event], *, cap: float) -> float:
    """Sum of the gaps between events, each at most `cap` seconds, over spans in view and not paused.

    A pause ends with `resume` (or a new `open`) only; a hidden or blurred page is in view again with whatever
    happens next in it. A clock that goes back counts as no time.
    """
    if cap < 0:
        raise ValueError(f"cap {cap}: expected 0 or more seconds")
    total = 0.0
    paused = away = False
    before: Event | None = None
    for event in sorted({one.number: one for one in events}.values(), key=lambda one: one.number):
        if before is not None and not (paused or away):
            total += min(max(event.at - before.at, 0.0), cap)
        if event.kind is EventKind.PAUSE:
            paused = True
        elif event.kind in (EventKind.RESUME, EventKind.OPEN):
            paused = False
        away = event.kind in _STOPS and event.kind is not EventKind.PAUSE
        before = event
    return total
