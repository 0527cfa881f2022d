"""The whole loop on the story world: one command, resumable, nothing downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from holdfast.config import FILE_NAME, load_config
from holdfast.workflows.execute import execute
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Reporter, Workspace

__all__ = ["STEPS", "demo", "steps"]

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sample", {}),
    ("train generator", {}),
    ("train classifier", {"name": "baseline"}),
    ("calibrate", {"target": "baseline"}),
    ("measure", {"target": "baseline"}),
    ("round run", {}),
    ("report", {}),
)
"""The same commands a user would type, in the same order."""


def steps(rounds: int) -> list[tuple[str, dict[str, Any]]]:
    """What the demo runs: with no round asked for, straight from the baseline to the report."""
    return [step for step in STEPS if rounds or step[0] != "round run"]


COST = "about 8 CPU minutes (measured for two rounds on a 2026 server; 5 by the clock on two cores), 150 MB"


def demo(
    folder: Path,
    *,
    rounds: int,
    overrides: Sequence[str],
    reporter: Reporter,
    environment: Mapping[str, str] | None = None,
    after: Callable[[str], None] = lambda step: None,
) -> Outcome:
    """Make `folder` (or go on with it) and run every step; each step finds what is done already.

    `after` is called with the name of each step that is done.
    """
    from holdfast.store import Store
    from holdfast.workflows.new import new

    if not (folder / FILE_NAME).exists():
        new(folder, catastrophe="storyworld", overrides=overrides, environment=environment)
    config = load_config(
        folder / FILE_NAME, overrides=[*overrides, f"round.rounds={rounds}"], environment=environment
    )
    reporter.say(f"{COST} in {folder}. Ctrl-C is safe: the same command goes on.")
    outcome = Outcome(result={})
    with Store.open(config.database, create=True, root=folder) as store:
        workspace = Workspace(root=folder.resolve(), config=config, store=store, reporter=reporter)
        todo = steps(rounds)
        for number, (command, arguments) in enumerate(todo, 1):
            reporter.say(f"[{number}/{len(todo)}] {command}")
            outcome = execute(workspace, command, arguments)
            after(command)
    return outcome
