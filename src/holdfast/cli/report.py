"""`holdfast report`: one self-contained HTML page."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["register", "report"]


def report(
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace snippet texts by ids, for sharing.")
    ] = False,
) -> None:
    """Write reports/index.html and print the summary table."""
    run("report", redact=redact)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)
