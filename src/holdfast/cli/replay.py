"""`holdfast replay`: score a log of hits again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import emit, open_workspace

__all__ = ["register", "replay"]


def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A log of hits that `holdfast suite` wrote.")],
    target: Annotated[str, typer.Option(help="Classifier checkpoint; left out: the log's.")] = "",
) -> None:
    """Make every edit of a log again, score it again, and say what differs; exit with 3 if anything does."""
    from holdfast.workflows.replay import check_same
    from holdfast.workflows.replay import replay as work

    with open_workspace() as workspace:
        outcome = work(workspace, log, target=target)
        emit(outcome)
        check_same(outcome)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)
