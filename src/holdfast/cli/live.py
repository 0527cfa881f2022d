"""What the workbench is handed: the workspace's classifiers, help and filter, loaded when first asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError
from holdfast.protocols import Annotator, Proposer
from holdfast.types import Edit, Snippet, Split, StoredSnippet
from holdfast.workbench import LiveTarget, Playing

if TYPE_CHECKING:
    from holdfast.workflows.workspace import Workspace

__all__ = ["WorkspaceModels"]

_ATTACKED = 2
"""The newest targets that sessions are drawn from: what is new is measured against what was before it."""
_FRESH = 60.0
"""Seconds for which the list of parents is kept."""


class _WhenAsked:
    """A proposer that is made when it is first asked, so that a score need not wait for it."""

    def __init__(self, make: Callable[[], Proposer]) -> None:
        """`make` gives the proposer; asked each time."""
        self._make = make

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """As that proposer."""
        return self._make().propose(snippet, side, start, stop, n, seed)


class WorkspaceModels:
    """`workbench.Live` over a workspace; what a round trains is found as soon as it is calibrated."""

    def __init__(self, workspace: Workspace) -> None:
        """Loads nothing yet."""
        self._workspace = workspace
        self._play: tuple[str, Playing] | None = None
        self._words: Proposer | None = None
        self._parents: tuple[float, Sequence[StoredSnippet]] = (-_FRESH, ())

    def names(self) -> Sequence[str]:
        """The newest calibrated targets under the configured rule for characters, oldest first."""
        from holdfast.edits.admission import versioned

        store, rule = self._workspace.store, versioned(self._workspace.config.filter.characters)
        found = []
        for ref in store.checkpoints("classifier"):
            thresholds = store.thresholds(ref.name)
            current = thresholds and thresholds[-1].checkpoint_sha256 == ref.sha256
            if current and thresholds[-1].characters == rule:
                found.append(ref.name)
        return found[-_ATTACKED:]

    def target(self, name: str) -> LiveTarget:
        """The target of that name, loaded; the words that its help offers come when they are asked for."""
        from holdfast.assemble import build_screen
        from holdfast.attacks.assist import EditAssistant

        workspace = self._workspace
        classifier = workspace.classifier(name)
        screen = build_screen(workspace.annotator)
        assistant = EditAssistant(classifier, _WhenAsked(self._proposer), plausible=screen)
        return LiveTarget(target=workspace.target(name), scorer=classifier, assistant=assistant)

    def _proposer(self) -> Proposer:
        """Shared by all targets: reading every training text takes longer than loading a classifier."""
        if self._words is None:
            self._words = self._workspace.proposer(Split.TRAIN)
        return self._words

    def playing(self) -> Playing | None:
        """The newest target's filter."""
        names = self.names()
        if not names or all(
            ref.name != "generator" for ref in self._workspace.store.checkpoints("generator")
        ):
            return None
        if self._play is None or self._play[0] != names[-1]:
            playing = Playing(
                filter=self._workspace.filter(names[-1]),
                target=self._workspace.target(names[-1]),
                draws=self._workspace.config.filter.draws,
            )
            self._play = (names[-1], playing)
        return self._play[1]

    def parents(self) -> Sequence[StoredSnippet]:
        """Those that training attacks start from; none where nothing catastrophic is known yet."""
        from holdfast.workflows.attack import parents

        read, found = self._parents
        if time.monotonic() - read < _FRESH:
            return found
        try:
            found = parents(self._workspace, "train", 10_000, 0)
        except HoldfastError:
            found = ()
        self._parents = (time.monotonic(), found)
        return found

    @property
    def annotator(self) -> Annotator | None:
        """The configured program."""
        return self._workspace.annotator
