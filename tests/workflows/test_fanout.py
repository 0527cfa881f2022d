"""Work over several processes: the results of one, and nothing left behind when the parent dies."""

from __future__ import annotations

import gc
import shutil
import sqlite3
from pathlib import Path

import pytest

from holdfast.config import FILE_NAME, load_config
from holdfast.errors import InputError
from holdfast.processes import collecting_rarely, worker_seconds
from holdfast.store import Store
from holdfast.types import Split
from holdfast.workflows import measure
from holdfast.workflows.attack import attack_target
from holdfast.workflows.fanout import spread
from holdfast.workflows.new import new
from holdfast.workflows.sample import POOLS, sample
from holdfast.workflows.workspace import Workspace
from tests.spine import holdfast, kill_when

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def add(_workspace: Workspace, common: int):  # noqa: ANN201
    """Work for `spread`: a function of a module, so that workers find it."""

    def one(piece: int) -> int:
        if piece == 13:
            raise InputError("thirteen", do="leave it out")
        return common + piece

    return one


def opened(folder: Path, *overrides: str) -> Workspace:
    config = load_config(folder / FILE_NAME, overrides=["threads=1", *overrides])
    return Workspace(
        root=folder.resolve(), config=config, store=Store.open(config.database, create=True, root=folder)
    )


def sessions(workspace: Workspace) -> list[object]:
    found = workspace.store.sessions(target="baseline", purpose="measure")
    return [
        (s.attacker, s.result.parent.id, s.result.outcome, s.result.queries)
        + tuple((step.snippet.id, step.logit) for step in s.result.steps)
        for s in found
    ]


def test_results_come_in_the_order_of_the_pieces(workspace: Path) -> None:
    for processes in (1, 2):
        opened_here = opened(workspace, f"processes={processes}")
        assert list(spread(opened_here, add, 100, range(9))) == list(range(100, 109))


def test_an_error_in_a_worker_is_the_error_of_the_caller(workspace: Path) -> None:
    with pytest.raises(InputError, match="thirteen"):
        list(spread(opened(workspace, "processes=2"), add, 1, [1, 13, 2]))


def test_attacks_are_the_same_over_any_number_of_processes(workspace: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(workspace, tmp_path / "other"))
    alone, shared = opened(workspace), opened(other, "processes=2")
    attack_target(alone, "baseline", "measure", 8, 0)
    before = worker_seconds()
    attack_target(shared, "baseline", "measure", 8, 0)
    assert worker_seconds() > before
    assert len(sessions(alone)) == 8
    assert sessions(shared) == sessions(alone)


def test_killed_in_the_middle_the_same_command_goes_on(workspace: Path, tmp_path: Path) -> None:
    """SIGKILL of the parent between two sessions; workers end too, and no session is lost or doubled."""
    other = Path(shutil.copytree(workspace, tmp_path / "other"))

    def some() -> bool:
        with sqlite3.connect(other / "holdfast.db") as connection:
            return bool(connection.execute("SELECT count(*) FROM sessions").fetchone()[0])

    command = ("attack", "--set", "processes=2", "--set", "threads=2")
    assert kill_when(some, *command, cwd=other)
    assert 0 < len(sessions(opened(other))) < 8
    holdfast(*command, cwd=other)
    holdfast("attack", cwd=workspace)
    assert sessions(opened(other)) == sessions(opened(workspace))


def pools(workspace: Workspace) -> dict[str, list[tuple[str, str, float]]]:
    return {
        group: [(s.id, s.family, s.log_weight) for s in workspace.store.snippets(group=group)]
        for group, _, _ in POOLS
    }


def test_drawn_and_delivered_texts_are_the_same_over_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    made = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        small = ("data.train=4100", *(f"data.{n}=30" for n in ("tilted", "validation", "test", "parents")))
        new(folder, catastrophe="storyworld", overrides=[f"processes={processes}", *small])
        made.append(opened(folder))
        sample(made[-1])
    assert len(pools(made[0])["natural"]) == 4100
    assert pools(made[0]) == pools(made[1])
    monkeypatch.setattr(measure, "_PROMPTS", 8)
    prompts = [s.snippet.prompt for s in opened(workspace).texts(Split.TEST)[:20]]
    found = [
        measure._delivered(opened(workspace, f"processes={processes}"), "baseline", prompts)
        for processes in (1, 2)
    ]
    assert found[0] == found[1] and [d.prompt for d in found[0]] == prompts


def test_training_killed_in_the_middle_goes_on(workspace: Path, tmp_path: Path) -> None:
    """SIGKILL of the parent of a training that is spread; the weights are those of one process."""
    other = Path(shutil.copytree(workspace, tmp_path / "other"))

    def some() -> bool:
        return any((other / "checkpoints").glob("second.work/checkpoint-*/complete"))

    command = ("train", "classifier", "--name", "second")
    assert kill_when(some, *command, "--set", "processes=2", "--set", "threads=2", cwd=other)
    assert not (other / "checkpoints" / "second").exists()
    holdfast(*command, "--set", "processes=2", "--set", "threads=2", cwd=other)
    holdfast(*command, "--set", "threads=1", cwd=workspace)
    made = [opened(folder).store.checkpoint("second").sha256 for folder in (other, workspace)]
    assert made[0] == made[1]


def test_garbage_is_looked_for_rarely_and_then_as_before() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), collecting_rarely():
        assert gc.get_threshold()[0] > before[0]
        raise KeyError
    assert gc.get_threshold() == before
