"""What a person sees: results on stdout, progress on stderr; plain lines where there is no terminal.

`--display auto|plain|none`. Plain mode prints a line at the start of a step, at each tenth and at least each
30 s, with rate and time left, so that a log file shows that work goes on.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Display", "choose_display"]

LINE_SECONDS = 30.0
"""Longest silence of a running step in plain mode, seconds."""


def _clock(seconds: float) -> str:
    """`m:ss` or `h:mm:ss`."""
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


@dataclass
class Display:
    """Writes progress to stderr. `mode` is `live` (one line rewritten), `plain` or `none`."""

    mode: str
    stream: TextIO = sys.stderr
    now: Callable[[], float] = time.monotonic

    def say(self, text: str) -> None:
        """One line of progress."""
        if self.mode != "none":
            print(text, file=self.stream, flush=True)  # noqa: T201

    def step(self, name: str) -> Callable[[int, int], None]:
        """A progress callback for one step of work."""
        if self.mode == "none":
            return lambda done, total: None
        return _Step(self, name)


class _Step:
    """Progress of one step."""

    def __init__(self, display: Display, name: str) -> None:
        self.display, self.name = display, name
        self.started = self.last = display.now()
        self.tenth = -1

    def __call__(self, done: int, total: int) -> None:
        now = self.display.now()
        tenth = 10 * done // total if total else 10
        live = self.display.mode == "live"
        due = now - self.last >= (0.2 if live else LINE_SECONDS)
        if not (tenth > self.tenth or due or done >= total):
            return
        self.tenth, self.last = tenth, now
        spent = now - self.started
        rate = done / spent if spent > 0 else 0.0
        left = (
            f"{_clock((total - done) / rate)} left" if rate > 0 and done < total else f"{_clock(spent)} taken"
        )
        line = f"  {self.name}  {done:,}/{total:,}  {rate:,.0f}/s  {left}"
        if live:
            end = "\n" if done >= total else ""
            print(f"\r\x1b[2K{line}", end=end, file=self.display.stream, flush=True)  # noqa: T201
        else:
            print(line, file=self.display.stream, flush=True)  # noqa: T201


def choose_display(choice: str, stream: TextIO = sys.stderr) -> Display:
    """`auto` is live on a terminal and plain elsewhere (also under CI and TERM=dumb)."""
    if choice == "auto":
        dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("CI"))
        choice = "live" if stream.isatty() and not dumb else "plain"
    return Display(mode=choice, stream=stream)
