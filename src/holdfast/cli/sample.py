"""`holdfast sample`: draw snippets to label and train on."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["register", "sample"]


def sample(
    source: Annotated[
        str,
        typer.Option(
            "--from", help="corpus (the catastrophe's own), generator, or auto: corpus where there is one."
        ),
    ] = "auto",
    n: Annotated[int, typer.Option(help="Completions to draw from the generator.", min=1)] = 2000,
    split: Annotated[str, typer.Option(help="Split whose prompts the generator completes.")] = "train",
) -> None:
    """Draw natural snippets: from the catastrophe's corpus, or by the generator on imported prompts."""
    run("sample", source=source, n=n, split=split)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sample)
