"""What is attacked and measured: a classifier checkpoint and the threshold that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.types.measurement import Rate

__all__ = ["CheckpointRef", "Target", "Threshold"]


@dataclass(frozen=True, kw_only=True)
class CheckpointRef:
    """A saved model: where it is and what its weights hash to."""

    name: str
    """`baseline`, `round-1`, ...; unique in a workspace."""
    kind: str
    """`classifier` or `generator`."""
    path: str
    """Relative to the workspace."""
    sha256: str
    """Hash over weights, config and tokeniser files."""
    dtype: str = "float32"
    max_length: int = 256
    """Tokens; a longer snippet is an error, never truncated."""
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Reject if and only if logit >= value.

    Valid for one checkpoint, dtype, tokeniser, length and rule for characters only.
    """

    value: float
    """Logit (natural units, not a probability)."""
    rule: str
    """How it was chosen, in a sentence."""
    acceptance: Rate
    """Share of the calibration population that it accepts."""
    checkpoint_sha256: str
    dtype: str
    max_length: int
    """Tokens."""
    characters: str = "keep"
    """What is done to texts before they are scored: `normalise@1`, `refuse@1`, ..., `keep`: nothing."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """(classifier checkpoint, threshold): what attacks and measurements name."""

    checkpoint: CheckpointRef
    threshold: Threshold

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self.checkpoint.name
