"""`holdfast demo`: the whole loop on the story world, on a CPU, with nothing to download."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import emit, state
from holdfast.cli.workbench import start_beside

__all__ = ["demo", "register"]


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's workspace is made.")] = Path("demo"),
    rounds: Annotated[int, typer.Option(help="Rounds of adversarial training.", min=0)] = 2,
    workbench: Annotated[
        bool,
        typer.Option("--workbench", help="Open the people's site as soon as the baseline can be attacked."),
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the people's site.", min=1, max=65535)] = 8400,
) -> None:
    """Story world: generator, filter, attack, two rounds, measurement, report. Run again to go on."""
    state.display.say("Holdfast  story world (exact truth)  nothing is downloaded, nothing is sent")
    import os

    from holdfast.workflows.demo import demo as run_demo

    beside: list[subprocess.Popen[bytes]] = []

    def after(step: str) -> None:
        if workbench and step == "calibrate" and not beside:
            beside.append(start_beside(folder, port))

    try:
        emit(
            run_demo(
                folder,
                rounds=rounds,
                overrides=state.overrides,
                environment=os.environ,
                reporter=state.display,
                after=after,
            )
        )
        for process in beside:
            state.display.say("the workbench is open; Ctrl-C ends it")
            process.wait()
    finally:
        for process in beside:
            process.terminate()
            process.wait(timeout=10)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
