"""What the filter gives back for one prompt."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Delivery"]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One prompt through the filter. `completion` is byte for byte what was scored, or None (abstained)."""

    prompt: str
    completion: str | None
    logit: float | None
    draws: int
    """Completions drawn, the delivered one included."""
    accepted: bool
    unfiltered: str = ""
    """The first draw, whatever its score: what the generator alone would have said."""
    unfiltered_logit: float | None = None
    errors: tuple[str, ...] = ()
    """Draws that could not be scored, and why: each was rejected."""
