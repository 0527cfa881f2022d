"""The live objects that the site is handed: what scores, helps and completes. It never makes any itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.protocols import Assistant, Filter, Scorer
from holdfast.types import Target

__all__ = ["LiveModels", "LiveTarget"]


@dataclass(frozen=True, kw_only=True)
class LiveTarget:
    """One target that people may attack now."""

    target: Target
    scorer: Scorer
    assistant: Assistant | None = None
    """None: score only, no saliency and no edits."""


@dataclass(frozen=True, kw_only=True)
class LiveModels:
    """Everything live; empty: people can label and see, but not attack."""

    targets: Mapping[str, LiveTarget] = field(default_factory=dict)
    """Name -> target; a session draws one of them, blind."""
    filter: Filter | None = None
    """The playground's: the newest target's filter."""
    filter_target: Target | None = None
    """What `filter`'s scores are relative to."""
