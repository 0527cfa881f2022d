"""`holdfast demo`: the whole loop on the story world, on a CPU, with nothing to download."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import emit, state
from holdfast.cli.workbench import end_beside, listening, said_beside, start_beside

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

    beside: list[subprocess.Popen[str]] = []

    def after(step: str) -> None:
        if workbench and step == "train classifier" and not beside:
            # It starts while the threshold is set. Earlier, what it loads would delay the training.
            beside.append(start_beside(folder, port))
        if workbench and step == "calibrate":
            state.display.say(_opened(said_beside(beside[0])))

    if workbench:
        # Whoever ends the demo ends the site beside it, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        with listening("127.0.0.1", port):
            pass  # a port that is taken is refused now, not after the baseline is trained
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
            if process.poll() is None:
                state.display.say("the rounds are done; the workbench stays open, Ctrl-C ends it")
                with contextlib.suppress(KeyboardInterrupt):
                    process.wait()
    finally:
        for process in beside:
            end_beside(process)


def _opened(said: str) -> str:
    """What to do with the site that was started beside the demo."""
    if not said:
        return "the workbench did not start; the demo goes on without it"
    lines = ["", *(f"  {line}" for line in said.splitlines())]
    if "admin" in said:
        lines.append("  open that link, choose a name, and attack the baseline while the rounds go on")
    return "\n".join([*lines, ""])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
