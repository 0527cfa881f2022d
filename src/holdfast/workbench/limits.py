"""How often things may be asked: moving windows in this process's memory, and requests in flight."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from holdfast.workbench.problems import Refused

__all__ = ["Limits"]

RULES: dict[str, str] = {
    "sign-in": "5/minute",
    "address": "30/minute",
    "invite": "20/minute",
    "score": "10/second",
    "help": "5/second",
    "write": "20/second",
    "playground": "20/minute",
    "export": "10/minute",
}
"""What -> how often, for one person, name or address."""
_FLIGHT = 2
"""Scores of one person under way at once."""


class Limits:
    """Refuses what comes too often; nothing about anybody is written down."""

    def __init__(self, rules: dict[str, str] | None = None) -> None:
        """`rules` replace those of the same name."""
        self._rules: dict[str, RateLimitItem] = {k: parse(v) for k, v in {**RULES, **(rules or {})}.items()}
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._flight: Counter[str] = Counter()
        self._lock = threading.Lock()

    def hit(self, rule: str, who: str) -> None:
        """Count one. Raises Refused (429) where it is one too many."""
        item = self._rules[rule]
        if not self._windows.hit(item, rule, who):
            after = max(0.1, self._windows.get_window_stats(item, rule, who).reset_time - time.time())
            raise Refused(429, "rate", f"too many requests ({item})", do="wait a moment", after=after)

    @contextmanager
    def flying(self, who: str) -> Iterator[None]:
        """Hold one of the places in flight. Raises Refused (429) where all are taken."""
        with self._lock:
            if self._flight[who] >= _FLIGHT:
                raise Refused(429, "rate", "two scores are under way", do="wait for them", after=0.2)
            self._flight[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._flight[who] -= 1
                if not self._flight[who]:
                    del self._flight[who]
