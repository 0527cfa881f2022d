"""A snippet with a label, ready to train or measure on."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.types.snippet import Snippet, Source, Split
from holdfast.types.verdict import Verdict

__all__ = ["Example"]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One labelled snippet."""

    snippet: Snippet
    verdict: Verdict
    source: Source = Source.NATURAL
    family: str = ""
    """Root of its lineage (or the prompt's own group); families never cross a split. Empty: its own id."""
    split: Split = Split.TRAIN
    round: int = 0
    """Round that produced it; 0 before any."""
    severity: int = 0
    strategy: str = ""

    @property
    def family_id(self) -> str:
        """The family, or the snippet's own id where none was given."""
        return self.family or self.snippet.id
