"""`holdfast`: the commands, the global options, and what an error ends with."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.cli import (
    annotate,
    attack,
    calibrate,
    config,
    demo,
    doctor,
    fidelity,
    generate,
    import_,
    list_,
    measure,
    new,
    replay,
    report,
    round_,
    runs,
    sample,
    suite,
    train,
    workbench,
)
from holdfast.cli.display import choose_display
from holdfast.cli.state import State, state

__all__ = ["app", "main"]

app = typer.Typer(
    name="holdfast",
    help="Train a filter that holds: attack it, retrain it, and say with what confidence it still fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from holdfast import __version__

        typer.echo(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def options(
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", envvar="HOLDFAST_WORKSPACE", help="Workspace; else found upward."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a config value, e.g. train.steps=200. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the result to a file: .json, .jsonl, .csv, .html, .parquet."
        ),
    ] = None,
    display: Annotated[
        str, typer.Option(envvar="HOLDFAST_DISPLAY", help="Progress: auto, plain or none.")
    ] = "auto",
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Options that every command takes; they stand before the command."""
    if display not in ("auto", "plain", "none"):
        raise typer.BadParameter(f"{display!r}; expected auto, plain or none", param_hint="--display")
    if output is not None:
        from holdfast.workflows.output import check_output

        check_output(output)
    fresh = State(
        workspace=workspace,
        overrides=list(overrides or []),
        as_json=as_json,
        output=output,
        display=choose_display(display),
    )
    state.__dict__.update(fresh.__dict__)


for module in (
    new,
    demo,
    import_,
    sample,
    train,
    annotate,
    calibrate,
    attack,
    suite,
    fidelity,
    replay,
    round_,
    measure,
    report,
    generate,
    workbench,
    runs,
    list_,
    config,
    doctor,
):
    module.register(app)


def _quiet_environment() -> None:
    """No telemetry, no progress bars of other libraries, one allocator choice less to wonder about."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")


_FLAGS = ("--json",)
_VALUED = ("--set", "--output", "-o", "--workspace", "-w", "--display")


def hoist(arguments: list[str]) -> list[str]:
    """Move global options that stand after the command to its front, where the parser expects them."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name = argument.partition("=")[0]
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _FLAGS:
            front.append(argument)
        elif name in _VALUED and "=" in argument and argument.startswith("--"):
            front.append(argument)
        elif argument in _VALUED:
            front += [argument, *[value for value in [next(waiting, None)] if value is not None]]
        else:
            rest.append(argument)
    return front + rest


def main(arguments: list[str] | None = None) -> None:
    """Entry point. What the user can mend is printed without a traceback; a bug shows one and ends 1."""
    from typer.exceptions import TyperException

    from holdfast.errors import HoldfastError

    _quiet_environment()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        code: Any = app(args=hoist(given), standalone_mode=False)
    except HoldfastError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except TyperException as error:
        message = error.format_message()
        help_shown = type(error).__name__ == "NoArgsIsHelpError"
        _say(message if help_shown else f"error: {message}\n  do: `holdfast --help`, or COMMAND --help")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = error.filename or "while writing"
        _say(f"error: the disk is full ({where})\n  do: free space, then run the same command again")
        sys.exit(1)
    if code == 130:
        _say("\ninterrupted: nothing is lost; run the same command again to go on")
    sys.exit(code if isinstance(code, int) else 0)
