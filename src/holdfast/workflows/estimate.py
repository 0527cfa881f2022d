"""How long it will take, said before it starts: rates measured on real texts, times the work asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from holdfast.protocols import Scorer
from holdfast.types import Snippet
from holdfast.workflows.workspace import Workspace

__all__ = ["announce", "scoring_rate"]

PROBE = 64
"""Texts scored to measure the rate."""
WORTH_SAYING = 60.0
"""Seconds below which nothing is said."""
OVERHEAD = 2.0
"""An attack's own work (proposals, screens) is about as much as its scores, measured on a small model."""


def scoring_rate(scorer: Scorer, snippets: Sequence[Snippet]) -> float:
    """Texts per second, on the longest of `snippets` (the slowest batch comes first, not in hour two)."""
    probe = sorted(snippets, key=lambda s: -len(s.text))[:PROBE]
    scorer.score(probe[:1])
    start = time.perf_counter()
    scorer.score(probe)
    return len(probe) / max(time.perf_counter() - start, 1e-9)


def announce(workspace: Workspace, what: str, texts: float, rate: float) -> None:
    """Say how long `texts` scores take at `rate`, where that is over a minute."""
    seconds = texts / rate
    if seconds >= WORTH_SAYING:
        workspace.reporter.say(
            f"{what}: about {seconds / 60:.0f} min for {texts:,.0f} scores at {rate:,.0f}/s; Ctrl-C is safe"
        )
