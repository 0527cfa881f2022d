"""`holdfast new`: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import emit, state

__all__ = ["new", "register"]


def new(
    name: Annotated[Path, typer.Argument(help="Folder to make; its last part is the workspace's name.")],
    catastrophe: Annotated[
        str,
        typer.Option(
            help="A registered catastrophe (`holdfast list catastrophes`); left out: one of your own."
        ),
    ] = "",
    question: Annotated[str, typer.Option(help="The yes/no question, for a catastrophe of your own.")] = "",
    preset: Annotated[str, typer.Option(help="Variant of a registered catastrophe.")] = "",
) -> None:
    """Make a workspace: holdfast.toml, guidelines.md and an empty database."""
    import os

    from holdfast.workflows.new import new as make

    if not catastrophe and not question:
        if not _interactive():
            raise typer.BadParameter(
                "a catastrophe of your own needs --question; or name a registered one with --catastrophe"
            )
        question = typer.prompt("The yes/no question an annotator answers of each snippet", err=True)
    emit(
        make(
            name,
            catastrophe=catastrophe,
            question=question,
            preset=preset,
            overrides=state.overrides,
            environment=os.environ,
        )
    )


def _interactive() -> bool:
    import sys

    return sys.stdin.isatty()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(new)
