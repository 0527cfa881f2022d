"""`holdfast attack`: search for snippets that are catastrophic and accepted."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["attack", "register"]


def attack(
    target: Annotated[str, typer.Argument(help="Classifier checkpoint; left out: the newest.")] = "",
    purpose: Annotated[
        str,
        typer.Option(
            help="train: from training parents, may be trained on; measure: held-out parents, never."
        ),
    ] = "measure",
    parents: Annotated[
        int, typer.Option(help="Catastrophic snippets to start from; 0: as configured.", min=0)
    ] = 0,
) -> None:
    """Run the configured attacks on a target; candidates only, until an annotator has judged them."""
    run("attack", target=target, purpose=purpose, parents=parents)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(attack)
