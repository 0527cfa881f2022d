"""`holdfast annotate`: have the configured annotator judge what nobody has judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["annotate", "register"]


def annotate(
    group: Annotated[
        str,
        typer.Option(help="Only snippets of this group, for instance attack-train-baseline or delivered."),
    ] = "",
    n: Annotated[
        int, typer.Option(help="At most this many, preferring likely catastrophes; 0: all.", min=0)
    ] = 0,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the selected snippets to this new file for people to label instead."),
    ] = None,
    queue: Annotated[
        int,
        typer.Option(
            help="Put the selected snippets into the workbench's queue instead, for so many labels each.",
            min=0,
            max=9,
        ),
    ] = 0,
) -> None:
    """Judge snippets without an annotation, by the annotator of the config."""
    run("annotate", group=group, n=n, export=str(export.resolve()) if export else "", queue=queue)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(annotate)
