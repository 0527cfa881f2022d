"""What was run here, and running it again."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from holdfast.config import FILE_NAME, Config
from holdfast.errors import NotReproducibleError
from holdfast.provenance import hash_file, packages, platform_name, revision
from holdfast.types import RunRecord, RunStatus
from holdfast.workflows.import_ import ImportOptions, read_source
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["check_inputs", "list_runs", "replay", "reproduce_run", "show_run"]

GUIDELINES = "guidelines.md"
"""Where a replay keeps its copy of the workspace's guidelines."""


def list_runs(workspace: Workspace, *, failed: bool = False) -> Outcome:
    """The runs of the workspace, oldest first."""
    records = workspace.store.runs(failed=failed)
    rows = [
        {
            "id": r.id,
            "command": r.command,
            "status": r.status.value,
            "cpu_seconds": None if r.cpu_seconds is None else round(r.cpu_seconds, 1),
            "message": r.message,
        }
        for r in records
    ]
    lines = [
        f"{r['id']}  {r['command']:18} {r['status']:11} {r['cpu_seconds'] or '':>8}  {r['message']}"
        for r in rows
    ]
    return Outcome(result={"runs": rows}, text="\n".join(lines) or "no runs yet")


def show_run(workspace: Workspace, run_id: str) -> Outcome:
    """One run, whole."""
    record = workspace.store.run(run_id)
    facts = asdict(record)
    lines = [f"{key:12} {value}" for key, value in facts.items() if key != "config"]
    return Outcome(result={"run": facts}, text="\n".join(lines))


def _check(workspace: Workspace, record: RunRecord, before: list[RunRecord]) -> None:
    """Refuse what could not give the same result, and say which part differs."""
    if record.status is not RunStatus.DONE:
        raise NotReproducibleError(
            f"run {record.id} ended as {record.status.value}", expected="a run that finished"
        )
    now = revision()
    if now.endswith("+dirty") or record.revision.endswith("+dirty"):
        raise NotReproducibleError(
            f"the code is {now}, the record's {record.revision}",
            expected="a clean tree",
            do="commit, then run it again",
        )
    if now != record.revision:
        raise NotReproducibleError(
            f"the code is at {now}", expected=record.revision, do=f"git checkout {record.revision}"
        )
    installed = packages()
    differing = [
        f"{k} {installed.get(k)} instead of {v}" for k, v in record.packages.items() if installed.get(k) != v
    ]
    if differing:
        raise NotReproducibleError("; ".join(differing), expected="the recorded versions")
    check_inputs(before)
    people = {
        a.annotator
        for marks in workspace.store.annotations().values()
        for a in marks
        if not a.annotator.startswith(("oracle:", "model:", "file:"))
    }
    if people and (people := people - _in_files(before)):
        raise NotReproducibleError(
            f"this workspace holds annotations by {', '.join(sorted(people)[:5])}",
            expected="annotations by programs or files only",
            do="what people do cannot be replayed; compare the exports instead",
        )


def check_inputs(before: list[RunRecord]) -> None:
    """Files that were read are read again from where they were: refuse one that is gone or has changed."""
    for one in before:
        for name, digest in one.inputs.items():
            path = Path(str(one.arguments.get(name, "")))
            if not path.is_file():
                raise NotReproducibleError(
                    f"{path}, which {one.id} read, is gone", expected=f"SHA-256 {digest}", do="put it back"
                )
            if hash_file(path) != digest:
                raise NotReproducibleError(
                    f"{path} has changed since {one.id} ({one.command})",
                    expected=f"SHA-256 {digest}",
                    do="put the earlier file back",
                )


def _in_files(before: list[RunRecord]) -> set[str]:
    """Annotators whose labels came in by a file: a replay imports it again."""
    found: set[str] = set()
    for one in before:
        if one.command == "import":
            settings = dict(one.arguments)
            path = Path(settings.pop("file"))
            rows = read_source(path, ImportOptions(**settings)).rows
            found |= {a.annotator for row in rows for a in row.annotations}
    return found


def _config(workspace: Workspace, record: RunRecord) -> Config:
    """The recorded config on database and guidelines of the replay's own; a labels file stays where it is."""
    values = record.config | {"database": "sqlite:///holdfast.db"}
    values["catastrophe"] = values["catastrophe"] | {"guidelines": GUIDELINES}
    annotator = values["annotator"]
    if annotator["name"] == "labels":
        values["annotator"] = annotator | {"path": str(workspace.root / annotator["path"])}
    return Config.model_validate(values)


def _arguments(record: RunRecord, folder: Path) -> dict[str, Any]:
    """The recorded arguments; a file that the command writes goes into `folder` instead."""
    if not record.arguments.get("export"):
        return record.arguments
    place = folder / "exports" / record.id
    place.mkdir(parents=True)
    return record.arguments | {"export": str(place / Path(record.arguments["export"]).name)}


def replay(workspace: Workspace, before: list[RunRecord]) -> dict[str, dict[str, str]]:
    """Run id -> outputs of every replayed run, in a fresh folder that is removed afterwards.

    Nothing is written outside that folder; imported files are read from where they were.
    """
    from holdfast.store import Store
    from holdfast.workflows.execute import execute

    folder = Path(tempfile.mkdtemp(prefix="holdfast-reproduce-"))
    found: dict[str, dict[str, str]] = {}
    try:
        (folder / FILE_NAME).touch()
        for one in before:
            guidelines = workspace.root / one.config["catastrophe"]["guidelines"]
            if guidelines.is_file():
                shutil.copyfile(guidelines, folder / GUIDELINES)
            config = _config(workspace, one)
            with Store.open(config.database, create=True, root=folder) as store:
                copy = Workspace(root=folder, config=config, store=store, reporter=workspace.reporter)
                workspace.reporter.say(f"replay {one.id}: {one.command}")
                found[one.id] = execute(copy, one.command, _arguments(one, folder)).outputs
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _elsewhere(record: RunRecord) -> str:
    """What differs, where this is another platform than the record's: weights trained on it may too."""
    here = platform_name()
    return "" if record.platform == here else f"this is {here}, the record's is {record.platform}"


def reproduce_run(workspace: Workspace, run_id: str) -> Outcome:
    """Replay all finished runs up to `run_id` in a fresh folder and compare the outputs of that run.

    Raises NotReproducibleError if code, packages or inputs differ, or if the outputs do.
    """
    record = workspace.store.run(run_id)
    if elsewhere := _elsewhere(record):
        workspace.reporter.say(f"warning: {elsewhere}; weights trained on the two may differ")
    done = [r for r in workspace.store.runs() if r.status is RunStatus.DONE]
    before = done[: [r.id for r in done].index(record.id) + 1] if record in done else [record]
    _check(workspace, record, before)
    again = replay(workspace, before)[record.id]
    differing = {k: (v, again.get(k)) for k, v in record.outputs.items() if again.get(k) != v}
    if differing:
        shown = "; ".join(f"{k}: {a} then, {b} now" for k, (a, b) in differing.items())
        raise NotReproducibleError(
            f"run {record.id} came out differently: {shown}",
            expected="the recorded outputs",
            do=f"replay it where it was made: {elsewhere}" if elsewhere else "",
        )
    text = f"{record.id} ({record.command}): {len(record.outputs)} outputs, all the same"
    return Outcome(result={"run": record.id, "outputs": again, "same": True}, text=text)
