"""The live objects that the site is handed: what scores, helps, completes and judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.protocols import Annotator, Assistant, Filter, Scorer
from holdfast.types import StoredSnippet, Target

__all__ = ["Live", "LiveModels", "LiveTarget", "Playing"]


@dataclass(frozen=True, kw_only=True)
class LiveTarget:
    """One target that people may attack now."""

    target: Target
    scorer: Scorer
    assistant: Assistant | None = None
    """None: score only, no saliency and no edits."""


@dataclass(frozen=True, kw_only=True)
class Playing:
    """What the playground shows: a filter, and the target that its scores are relative to."""

    filter: Filter
    target: Target
    draws: int


class Live(Protocol):
    """Asked from several threads; whatever loads a model is asked from the one thread that runs models."""

    def names(self) -> Sequence[str]:
        """Targets that sessions may be drawn from now, oldest first; quick, loads nothing."""
        ...

    def target(self, name: str) -> LiveTarget:
        """The target of that name, loaded; an older one, too. Raises UnknownNameError."""
        ...

    def playing(self) -> Playing | None:
        """The playground's filter; None where there is no generator."""
        ...

    def parents(self) -> Sequence[StoredSnippet]:
        """Catastrophic training snippets that may be rewritten; quick."""
        ...

    @property
    def annotator(self) -> Annotator | None:
        """The program that judges finds at once; None where people do."""
        ...


@dataclass(frozen=True, kw_only=True)
class LiveModels:
    """A fixed set, loaded already; empty: people can label and see, but not attack."""

    targets: Mapping[str, LiveTarget] = field(default_factory=dict)
    play: Playing | None = None
    offered: Sequence[StoredSnippet] = ()
    annotator: Annotator | None = None

    def names(self) -> Sequence[str]:
        """All of them."""
        return list(self.targets)

    def target(self, name: str) -> LiveTarget:
        """Raises UnknownNameError."""
        from holdfast.errors import UnknownNameError, closest

        if name not in self.targets:
            raise UnknownNameError(f"no target {name!r} is loaded", expected=closest(name, self.names()))  # type: ignore[arg-type]
        return self.targets[name]

    def playing(self) -> Playing | None:
        """As given."""
        return self.play

    def parents(self) -> Sequence[StoredSnippet]:
        """As given."""
        return self.offered
