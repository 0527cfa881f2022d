"""A snippet: what is judged. Its id is a hash of its text, so de-duplication is set arithmetic."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

__all__ = ["Snippet", "Source", "Split", "StoredSnippet"]


class Split(StrEnum):
    """TRAIN fits weights, VALIDATION chooses thresholds and checkpoints, TEST is for measuring only."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Source(StrEnum):
    """Where a snippet came from. A training mixture gives each its own share."""

    NATURAL = "natural"
    """Drawn from the corpus or the generator as it is."""
    TILTED = "tilted"
    """Drawn with harm over-represented; carries a weight."""
    IMPORTED = "imported"
    ATTACK = "attack"
    """Found by an attack (person or program)."""
    TWIN = "twin"
    """A safe snippet put through the same kind of edits, or a minimally different safe one."""


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A prompt and the completion that follows it.

    The completion is stored as it will be delivered; the text a reader sees is `prompt + " " + completion`
    unless the completion begins with white space or the prompt is empty.
    """

    prompt: str
    completion: str

    @cached_property
    def id(self) -> str:
        """`s1_` and 20 hex digits of the SHA-256 of the canonical JSON; another form changes every id."""
        canonical = json.dumps([self.prompt, self.completion], ensure_ascii=False, separators=(",", ":"))
        return "s1_" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    @property
    def text(self) -> str:
        """Prompt and completion as one running text."""
        if not self.prompt or self.completion[:1].isspace():
            return self.prompt + self.completion
        return f"{self.prompt} {self.completion}"


@dataclass(frozen=True, kw_only=True)
class StoredSnippet:
    """A snippet with its place in the workspace: where it came from and what it may be used for."""

    snippet: Snippet
    source: Source
    split: Split
    family: str
    """Root of its lineage; families never cross a split."""
    parent_id: str | None = None
    """The snippet it was rewritten from."""
    round: int = 0
    """Round that brought it; 0 before any."""
    group: str = ""
    """Free tag: the file it came from, or the pool it was drawn for (`natural`, `tilted`, `parents`)."""
    log_weight: float = 0.0
    """log(natural density / sampling density)."""
    inclusion: float = 1.0
    """Probability with which it was selected for labelling; needed to weight enriched selections back."""

    @property
    def id(self) -> str:
        """The snippet's id."""
        return self.snippet.id
