"""`holdfast run list|show|reproduce`: what was run here."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import emit, open_workspace

__all__ = ["list_", "register", "reproduce", "show"]

runs = typer.Typer(help="What was run here, and running it again.", no_args_is_help=True)


@runs.command("list")
def list_(
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that did not finish.")] = False,
) -> None:
    """The runs of this workspace, oldest first."""
    from holdfast.workflows.runs import list_runs

    with open_workspace() as workspace:
        emit(list_runs(workspace, failed=failed))


@runs.command()
def show(run_id: Annotated[str, typer.Argument(metavar="ID", help="Run id, or its beginning.")]) -> None:
    """One run: config, revision, packages, seed, inputs, outputs."""
    from holdfast.workflows.runs import show_run

    with open_workspace() as workspace:
        emit(show_run(workspace, run_id))


@runs.command()
def reproduce(run_id: Annotated[str, typer.Argument(metavar="ID", help="Run id, or its beginning.")]) -> None:
    """Replay the runs up to this one in a fresh folder and compare the outputs."""
    from holdfast.workflows.runs import reproduce_run

    with open_workspace() as workspace:
        emit(reproduce_run(workspace, run_id))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(runs, name="run")
