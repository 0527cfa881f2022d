"""Run a command on a workspace and keep its RunRecord. `run reproduce` replays through the same door."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from holdfast.errors import StoreError
from holdfast.processes import collecting_rarely, worker_seconds
from holdfast.provenance import packages, platform_name, revision
from holdfast.store import redacted
from holdfast.types import RunRecord, RunStatus
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["COMMANDS", "execute"]

COMMANDS: dict[str, str] = {
    "import": "import_:import_",
    "sample": "sample:sample",
    "train generator": "train_generator:train_generator",
    "train classifier": "train_classifier:train_classifier",
    "train annotator": "train_annotator:train_annotator",
    "annotate": "annotate:annotate",
    "calibrate": "calibrate:calibrate",
    "attack": "attack:attack",
    "suite": "suite:suite",
    "fidelity": "fidelity:fidelity",
    "round open": "round:open_round",
    "round close": "round:close_round",
    "round run": "round:run_rounds",
    "measure": "measure:measure",
    "report": "report:report",
    "generate": "generate:generate",
    "pairs": "pairs:draw_pairs",
}
"""Recorded commands -> module:function in this package."""


def _function(command: str) -> Callable[..., Outcome]:
    module, _, name = COMMANDS[command].partition(":")
    function: Callable[..., Outcome] = getattr(import_module(f"holdfast.workflows.{module}"), name)
    return function


def execute(workspace: Workspace, command: str, arguments: dict[str, Any]) -> Outcome:
    """Run `command`; whatever happens, its RunRecord says how it ended."""
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    record = RunRecord(
        id=run_id,
        command=command,
        arguments=arguments,
        config=workspace.config.model_dump(mode="json") | {"database": redacted(workspace.config.database)},
        seed=workspace.config.seed,
        revision=revision(),
        packages=packages(),
        platform=platform_name(),
        started=datetime.now(UTC),
    )
    workspace.store.start_run(record)
    begun = time.process_time() + worker_seconds()
    status, outputs, inputs, message = RunStatus.FAILED, {}, {}, ""
    try:
        with collecting_rarely():
            outcome = _function(command)(replace(workspace, run_id=run_id), **arguments)
        status, outputs, inputs = RunStatus.DONE, outcome.outputs, outcome.inputs
        return outcome
    except KeyboardInterrupt:
        status, message = RunStatus.INTERRUPTED, "interrupted"
        raise
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:2000]
        raise
    finally:
        # A disk that is full takes no record either: that must not hide what the command failed of.
        with nullcontext() if status is RunStatus.DONE else suppress(StoreError):
            workspace.store.finish_run(
                run_id,
                status,
                inputs=inputs,
                outputs=outputs,
                message=message,
                cpu_seconds=time.process_time() + worker_seconds() - begun,
            )
