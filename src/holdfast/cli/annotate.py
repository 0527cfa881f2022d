"""`holdfast annotate`: have the configured annotator judge what nobody has judged."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["annotate", "register"]


def annotate(
    group: Annotated[str, typer.Option(help="Only snippets of this group.")] = "",
    n: Annotated[int, typer.Option(help="At most this many, most informative first; 0: all.", min=0)] = 0,
    export: Annotated[
        str, typer.Option(help="Write the selected snippets to this file for people to label instead.")
    ] = "",
) -> None:
    """Judge snippets without an annotation, by the annotator of the config."""
    run("annotate", group=group, n=n, export=export)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(annotate)
