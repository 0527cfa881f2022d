"""Lists that grow, a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["MOST", "PAGE", "part"]

T = TypeVar("T")

PAGE, MOST = 20, 100
"""Rows of a part: where nothing is asked for, and at most."""


def part(rows: Sequence[T], offset: int, limit: int) -> Sequence[T]:
    """`limit` of the rows (1 to `MOST`) from `offset` on; a number beyond these bounds means the bound."""
    start = max(0, offset)
    return rows[start : start + max(1, min(limit, MOST))]
