"""What every command shares: global options, the open workspace, results out, errors and exit codes.

Exit codes: 0 done, 1 could not do it, 2 wrong option or config, 3 a gate that was asked for failed,
130 interrupted (the same command goes on where it stopped).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.cli.display import Display, choose_display

if TYPE_CHECKING:
    from holdfast.config import Config
    from holdfast.workflows.outcome import Outcome
    from holdfast.workflows.workspace import Workspace

__all__ = ["State", "emit", "read_config", "run", "state", "workspace_root"]


@dataclass
class State:
    """Global options of this invocation."""

    workspace: Path | None = None
    overrides: list[str] = field(default_factory=list)
    as_json: bool = False
    output: Path | None = None
    display: Display = field(default_factory=lambda: choose_display("auto"))


state = State()


def workspace_root() -> Path:
    """The workspace: --workspace, HOLDFAST_WORKSPACE, or the nearest folder upward with holdfast.toml."""
    from holdfast.config import FILE_NAME, find_workspace
    from holdfast.errors import ConfigError

    named = state.workspace or (Path(value) if (value := os.environ.get("HOLDFAST_WORKSPACE")) else None)
    if named is None:
        return find_workspace(Path.cwd())
    if not (named / FILE_NAME).is_file():
        raise ConfigError(f"no {FILE_NAME} in {named}", do="`holdfast new NAME` makes a workspace")
    return named.resolve()


def read_config(root: Path) -> Config:
    """The workspace's config, with the environment and --set applied."""
    from holdfast.config import FILE_NAME, load_config

    return load_config(root / FILE_NAME, overrides=state.overrides, environment=os.environ)


@contextlib.contextmanager
def open_workspace(*, upgrade: bool = False) -> Iterator[Workspace]:
    """The workspace with its store open; only `new` and `demo` make a database that is not there."""
    from holdfast.store import Store
    from holdfast.workflows.workspace import Workspace

    root = workspace_root()
    config = read_config(root)
    store = Store.open(config.database, upgrade=upgrade, root=root)
    try:
        yield Workspace(root=root, config=config, store=store, reporter=state.display)
    finally:
        store.close()


def emit(outcome: Outcome) -> None:
    """The result on stdout (or in --output): text for people, one JSON document with --json."""
    from holdfast.workflows.output import dump_json, write_output

    if state.output is not None:
        write_output(outcome, state.output)
        state.display.say(f"written: {state.output}")
        return
    text = dump_json(outcome.result) if state.as_json else outcome.text
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def run(command: str, **arguments: Any) -> None:
    """Run one command on the workspace, record it, and show its result."""
    from holdfast.workflows.execute import execute

    with open_workspace(upgrade=True) as workspace:
        emit(execute(workspace, command, arguments))
