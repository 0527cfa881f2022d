"""`holdfast suite`: the fixed suite of attacks against a target."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["register", "suite"]


def suite(
    target: Annotated[str, typer.Argument(help="Classifier checkpoint; left out: the newest.")] = "",
    queries: Annotated[
        int, typer.Option(help="Queries a search: 100, 300, 1000 or 3000; smaller ones are told as well.")
    ] = 300,
    seeds: Annotated[int, typer.Option(help="Seeds of the suite to run, 1 to 3.", min=1)] = 1,
    parents: Annotated[
        int, typer.Option(help="Held-out catastrophic snippets to start from; 0: as configured.", min=0)
    ] = 0,
) -> None:
    """Run the fixed suite of attacks on a target: table, curves, a log of every hit. Run again to go on."""
    run("suite", target=target, queries=queries, seeds=seeds, parents=parents)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(suite)
