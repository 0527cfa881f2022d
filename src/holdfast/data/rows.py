"""What reading a file gives: typed rows, and a count of what was skipped and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.types import Annotation, Snippet, Source, Split

__all__ = ["ImportedRow", "ReadOptions", "ReadReport", "Skip"]


@dataclass(frozen=True, kw_only=True)
class ImportedRow:
    """One row of a user's file."""

    snippet: Snippet
    family: str
    """The column `family`, else `source`, else a group made of the prompt."""
    split: Split | None = None
    """The split that the file names; None: to be assigned by `holdfast.data.split`."""
    annotations: tuple[Annotation, ...] = ()
    parent_ref: str | None = None
    """The parent's (or the attack's, for a twin) snippet id where it is in the same file, else as written."""
    kind: str = ""
    """The file's own word: `attack`, `twin`, `look-alike`, ...; `source` is what it means."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Every other column, as text: title, strategy, selected, ..."""
    source: Source = Source.IMPORTED
    round: int = 0
    ref: str = ""
    """The file's own id for the row; empty where it has none."""
    file: str = ""
    line: int = 0
    """Where it was read, counted from 1."""

    @property
    def id(self) -> str:
        """The snippet's id."""
        return self.snippet.id


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a file's columns and words are to be understood."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """The file's column -> ours (`{"text": "completion"}`); an empty target drops the column."""
    positive: tuple[str, ...] = ()
    """Verdict values that mean CATASTROPHIC, where the usual words do not fit."""
    negative: tuple[str, ...] = ()
    """Verdict values that mean SAFE; needed where `positive` leaves more than one other value."""
    annotator: str = ""
    """Whose verdicts a plain `verdict` column holds; empty: `import:<file name>`."""
    guidelines: str = ""
    """Version of the guidelines followed, where the file does not say."""
    strict: bool = False
    """Refuse the file at the first row that would be skipped."""
    limit: int | None = None
    """Rows to read at most."""
    max_chars: int = 20_000
    """A longer prompt or completion is skipped and counted."""


@dataclass(frozen=True, kw_only=True)
class Skip:
    """One row left out."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """The rows of one file, and what did not become one."""

    rows: tuple[ImportedRow, ...]
    file: str
    read: int
    """Rows seen, skipped ones included."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> how many."""
    examples: tuple[Skip, ...] = ()
    """The first rows skipped, at most three a reason."""
    notes: tuple[str, ...] = ()
    """Things mended in passing: a byte-order mark removed, annotations of one text joined."""

    def __str__(self) -> str:
        parts = [f"{self.file}: {len(self.rows):,} rows"]
        parts += [f"{count:,} skipped ({reason})" for reason, count in sorted(self.skipped.items())]
        return "; ".join([*parts, *self.notes])
