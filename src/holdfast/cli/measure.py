"""`holdfast measure`: how often the filtered system fails, and what it costs to break."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run, state

__all__ = ["measure", "register"]


def measure(
    target: Annotated[str, typer.Argument(help="Classifier checkpoint; left out: the newest.")] = "",
    fail_above: Annotated[
        float | None, typer.Option(help="Exit with 3 if the upper bound of the failure rate is above this.")
    ] = None,
) -> None:
    """Failure rate of the filtered output, attack cost, cross-round matrix and acceptance, with intervals."""
    run("measure", target=target)
    if fail_above is not None:
        _gate(target, fail_above)


def _gate(target: str, limit: float) -> None:
    from holdfast.cli.state import open_workspace
    from holdfast.workflows.measure import check_gate

    with open_workspace() as workspace:
        check_gate(workspace, target, limit)
    state.display.say(f"gate passed: upper bound at most {limit:g}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(measure)
