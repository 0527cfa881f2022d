"""`holdfast round`: attack -> annotate -> retrain -> calibrate -> measure, resumable."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["close", "open_", "register", "rounds"]

rounds = typer.Typer(help="Rounds of adversarial training.", no_args_is_help=True)


@rounds.command("open")
def open_() -> None:
    """Open the next round and attack its target. Run again to go on after an interruption."""
    run("round open")


@rounds.command("close")
def close() -> None:
    """Annotate, retrain, calibrate and measure the open round. Run again to go on after an interruption."""
    run("round close")


@rounds.command("run")
def run_(
    n: Annotated[
        int, typer.Argument(help="Rounds to have finished in the end; 0: as configured.", min=0)
    ] = 0,
) -> None:
    """Open and close rounds until `n` are finished."""
    run("round run", n=n)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(rounds, name="round")
