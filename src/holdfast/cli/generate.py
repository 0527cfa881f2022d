"""`holdfast generate`: filtered text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["generate", "register"]


def generate(
    prompts: Annotated[
        Path,
        typer.Option(
            help="A table (.jsonl, .csv, ...) with a `prompt` column, or plain text with one prompt a line."
        ),
    ],
    target: Annotated[str, typer.Option(help="Classifier checkpoint; left out: the newest.")] = "",
    draws: Annotated[int, typer.Option(help="Draw budget a prompt; 0: as configured.", min=0)] = 0,
) -> None:
    """Complete prompts through the filter; one JSON object a line, `completion` null where it abstained."""
    run("generate", prompts=str(prompts.resolve()), target=target, draws=draws)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(generate)
