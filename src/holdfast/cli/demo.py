"""`holdfast demo`: the whole loop on the story world, on a CPU, with nothing to download."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import emit, state

__all__ = ["demo", "register"]


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's workspace is made.")] = Path("demo"),
    rounds: Annotated[int, typer.Option(help="Rounds of adversarial training.", min=0)] = 2,
) -> None:
    """Story world: generator, filter, attack, two rounds, measurement, report. Run again to go on."""
    state.display.say("Holdfast  story world (exact truth)  nothing is downloaded, nothing is sent")
    import os

    from holdfast.workflows.demo import demo as run_demo

    emit(
        run_demo(
            folder,
            rounds=rounds,
            overrides=state.overrides,
            environment=os.environ,
            reporter=state.display,
        )
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
