"""Runs are replayed in a folder of their own: nothing of the user's is written, and input is checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import InputError, NotReproducibleError
from holdfast.types import RunRecord
from holdfast.workflows.execute import execute
from holdfast.workflows.runs import check_inputs, replay
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
