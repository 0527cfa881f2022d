"""Runs are replayed in a folder of their own: nothing of the user's is written, and input is checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import InputError, NotReproducibleError
from holdfast.protocols import Progress
from holdfast.types import RunRecord
from holdfast.workflows import runs as runs_module
from holdfast.workflows.execute import execute
from holdfast.workflows.runs import check_inputs, replay, reproduce_run
from holdfast.workflows.workspace import Workspace

from .tiny import fill_in, opened, write_jsonl


def by_hand(row: dict[str, str]) -> str:
    return "yes" if "bled" in row["completion"] else "no"


def label_by_hand(workspace: Workspace, folder: Path, **settings: object) -> Path:
    """Texts imported, exported, labelled by hand in the exported file, and imported again."""
    rows: list[dict[str, object]] = [
        {"prompt": f"It was day {i}.", "completion": "He bled." if i % 10 == 0 else "He sat."}
        for i in range(30)
    ]
    execute(workspace, "import", {"file": str(write_jsonl(folder / "text.jsonl", rows))})
    labels = folder / "lab.csv"
    execute(workspace, "annotate", {"group": "", "n": 0, "export": str(labels)})
    fill_in(labels, by_hand)
    execute(workspace, "import", {"file": str(labels), **settings})
    return labels


def recorded(workspace: Workspace) -> list[RunRecord]:
    return workspace.store.runs()


def test_a_replay_leaves_hand_made_labels_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        labels = label_by_hand(workspace, tmp_path)
        before, files = labels.read_bytes(), set(tmp_path.rglob("*"))
        runs = recorded(workspace)
        again = replay(workspace, runs)
        assert again == {run.id: run.outputs for run in runs}
        assert again[runs[-1].id]["annotations"] == "30"
        assert labels.read_bytes() == before
        assert set(tmp_path.rglob("*")) == files


class Heard:
    """A reporter that keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def step(self, name: str) -> Progress:
        return lambda done, total: None


def test_another_platform_is_told_before_a_replay_and_with_its_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, object]] = [{"prompt": "One.", "completion": f"He sat {i}."} for i in range(5)]
    heard = Heard()
    monkeypatch.setattr(runs_module, "revision", lambda: "a")
    with opened(tmp_path / "w") as silent:
        workspace = replace(silent, reporter=heard)
        execute(workspace, "import", {"file": str(write_jsonl(tmp_path / "text.jsonl", rows))})
        made = replace(recorded(workspace)[0], revision="a")
        monkeypatch.setattr(type(workspace.store), "run", lambda self, run_id: made)
        assert reproduce_run(workspace, made.id).result["same"] is True
        assert not any("warning" in line for line in heard.lines)
        monkeypatch.setattr(runs_module, "platform_name", lambda: "Plan 9")
        reproduce_run(workspace, made.id)
        assert any("this is Plan 9" in line and made.platform in line for line in heard.lines)
        made = replace(made, outputs={"added": "7"})
        with pytest.raises(NotReproducibleError, match=r"differently: added: 7 then(.|\n)*Plan 9"):
            reproduce_run(workspace, made.id)


def test_files_that_were_read_are_checked(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        labels = label_by_hand(workspace, tmp_path)
        runs = recorded(workspace)
        check_inputs(runs)
        before = labels.read_bytes()
        labels.write_bytes(before + b"\n")
        with pytest.raises(NotReproducibleError, match=r"lab\.csv has changed"):
            check_inputs(runs)
        labels.unlink()
        with pytest.raises(NotReproducibleError, match=r"lab\.csv.* is gone"):
            check_inputs(runs)


def test_an_export_never_replaces_labels(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        rows: list[dict[str, object]] = [{"prompt": "One.", "completion": f"He sat {i}."} for i in range(5)]
        execute(workspace, "import", {"file": str(write_jsonl(tmp_path / "text.jsonl", rows))})
        labels = tmp_path / "lab.csv"
        execute(workspace, "annotate", {"export": str(labels)})
        before = labels.read_bytes()
        execute(workspace, "annotate", {"export": str(labels)})
        assert labels.read_bytes() == before
        fill_in(labels, lambda row: "no")
        before = labels.read_bytes()
        with pytest.raises(InputError, match="is there already and holds something else"):
            execute(workspace, "annotate", {"export": str(labels)})
        assert labels.read_bytes() == before
        with pytest.raises(InputError, match="no folder"):
            execute(workspace, "annotate", {"export": str(tmp_path / "nowhere" / "lab.csv")})
        assert not (tmp_path / "nowhere").exists()


def test_a_catastrophe_of_ones_own_is_replayed(tmp_path: Path) -> None:
    """Its guidelines are a file of the workspace, wherever the config says."""
    with opened(tmp_path / "w", question="Does the completion mention food?") as workspace:
        label_by_hand(workspace, tmp_path)
        runs = recorded(workspace)
        assert replay(workspace, runs) == {run.id: run.outputs for run in runs}
        (workspace.root / "guidelines.md").rename(tmp_path / "rules.md")
        config = workspace.config.model_dump(mode="json")
        config["catastrophe"]["guidelines"] = "../rules.md"
        moved = [replace(run, config=config) for run in runs]
        assert replay(workspace, moved) == {run.id: run.outputs for run in runs}
        assert (tmp_path / "rules.md").is_file()
