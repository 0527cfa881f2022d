"""The filter of a workspace, for Python programs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from holdfast.config import FILE_NAME, find_workspace, load_config
from holdfast.filtering.rejection import RejectionFilter
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.workspace import Workspace

__all__ = ["Filter"]


class Filter(RejectionFilter):
    """Rejection sampling with a workspace's generator, classifier and threshold."""

    @classmethod
    def from_workspace(
        cls, folder: str | Path = ".", *, target: str = "", draws: int = 0, overrides: Sequence[str] = ()
    ) -> Self:
        """The filter of the workspace at or above `folder`.

        target: classifier checkpoint (default: the newest); draws: budget a prompt (0: as configured).
        Raises ConfigError where there is no workspace, StoreError, UnknownNameError and CheckpointError where
        it has no generator, no calibrated classifier, or files that are not the recorded ones.
        """
        from holdfast.store import Store

        root = find_workspace(Path(folder).resolve())
        config = load_config(root / FILE_NAME, overrides=overrides, environment=os.environ)
        with Store.open(config.database, root=root) as store:
            workspace = Workspace(root=root, config=config, store=store)
            name = target or newest_target(workspace)
            return cls(
                workspace.generator(),
                workspace.classifier(name),
                workspace.target(name),
                draws=draws or config.filter.draws,
                name=name,
            )
