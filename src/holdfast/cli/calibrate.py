"""`holdfast calibrate`: choose a classifier's threshold."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["calibrate", "register"]


def calibrate(
    target: Annotated[str, typer.Argument(help="Classifier checkpoint; left out: the newest.")] = "",
    name: Annotated[
        str, typer.Option(help="Calibrate the same weights under this new name; the old threshold stays.")
    ] = "",
) -> None:
    """Choose the most conservative threshold that still accepts the configured share of natural text."""
    run("calibrate", target=target, name=name)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(calibrate)
