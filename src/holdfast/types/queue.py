"""The labelling queue as rules see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from holdfast.types.snippet import Snippet
from holdfast.types.verdict import Annotation

__all__ = ["Held", "Item", "OpenItem", "QueueCounts"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One snippet in the queue, as it stands."""

    id: str
    wanted: int = 2
    """Labels by different people."""
    labelled_by: frozenset[str] = frozenset()
    skipped_by: frozenset[str] = frozenset()
    author: str = ""
    """The attacker who wrote it: nobody labels their own."""
    disputed: bool = False
    """Its labels settle nothing (`rules.needs_adjudication`)."""
    leases: dict[str, float] = field(default_factory=dict)
    """Person -> when the lease ends, seconds."""

    def open_slots(self, person: str, now: float) -> int:
        """Labels still wanted, less those that others are working on."""
        held = sum(until > now and who != person for who, until in self.leases.items())
        return self.wanted - len(self.labelled_by) - held


@dataclass(frozen=True, kw_only=True)
class Held:
    """An item that one person was given, under the name that only this person knows it by."""

    handle: str
    snippet: Snippet
    purpose: str
    """`label`, `gold`, `test`, `adjudicate`, `again` (own earlier ones) or `harmless` (settled by others)."""
    taken: datetime


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """An item that may be the adjudicator's: what was said of it."""

    snippet: Snippet
    wanted: int
    author: str
    added: datetime
    annotations: tuple[Annotation, ...]
    skips: int
    notes: tuple[str, ...]
    """Of skips, gaps and disputes."""
    gap: bool = False
    """A reported gap that no ruling came after."""
    disputed: bool = False
    """A dispute that no ruling came after."""
    disputed_by: frozenset[str] = frozenset()
    """Who ever disputed it."""
    known: bool = False
    """It is served as a known item."""
    audited: bool = False
    """Drawn among the items that labels settled, and not decided yet."""


@dataclass(frozen=True, kw_only=True)
class QueueCounts:
    """How full the queue is."""

    to_label: int
    leased: int
    labelled: int
    oldest: datetime | None
