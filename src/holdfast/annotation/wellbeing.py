"""Limits that protect the people who read: breaks and a daily measure."""

from __future__ import annotations

from datetime import datetime

__all__ = ["BREAK_EVERY", "break_due", "left_today", "start_of_day"]

BREAK_EVERY = 25 * 60.0
"""Seconds of work after which a break is suggested."""


def break_due(worked: float) -> bool:
    """Whether somebody who worked for so many seconds since the last break should take one."""
    return worked >= BREAK_EVERY


def left_today(items: int, seconds: float, *, most_items: int, most_minutes: int) -> int:
    """Items left of the daily measure; 0 where the minutes are used up, too."""
    return 0 if seconds >= 60 * most_minutes else max(0, most_items - items)


def start_of_day(now: datetime) -> datetime:
    """Midnight before `now`, in its own zone: the day is the server's."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
