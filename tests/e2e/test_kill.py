"""`kill -9` anywhere in a round, then the same command again: the result of an unbroken run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spine import holdfast, kill_when


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Read the database beside a running process; an empty list while it cannot be read."""
    try:
        with sqlite3.connect(f"file:{folder / 'holdfast.db'}?mode=ro", uri=True, timeout=1) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.Error:
        return []


def result(folder: Path) -> dict[str, Any]:
    """What a round leaves behind, without times and run ids."""
    from holdfast.config import load_config
    from holdfast.store import Store

    config = load_config(folder / "holdfast.toml")
    with Store.open(config.database, root=folder) as store:
        sessions = sorted(
            (s.target, s.purpose, s.result.parent.id, s.result.outcome.value, s.result.queries)
            for s in store.sessions()
        )
        return {
            "rounds": [(r.number, r.target, r.state.value) for r in store.rounds()],
            "checkpoints": {c.name: c.sha256 for c in store.checkpoints()},
            "thresholds": {c.name: store.threshold(c.name).value for c in store.checkpoints("classifier")},
            "sessions": sessions,
            "snippets": sorted(s.id for s in store.snippets()),
            "measurements": [
                (m.kind, m.target, m.population, json.dumps(m.result, sort_keys=True, default=str))
                for m in store.measurements()
            ],
        }


@pytest.fixture(scope="session")
def unbroken(baseline: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = Path(shutil.copytree(baseline, tmp_path_factory.mktemp("unbroken") / "w"))
    holdfast("round", "run", "1", cwd=folder)
    return result(folder)


def attacking(folder: Path) -> bool:
    """Some parents of the round are attacked, not all."""
    return len(rows(folder, "select id from sessions")) >= 4


def training_again(folder: Path) -> bool:
    """The training of the round is past its first pass over the data."""
    return (folder / "checkpoints" / "round-1.work" / "checkpoint-30").exists()


def measuring(folder: Path) -> bool:
    """The first part of the round's measurement is stored."""
    return bool(rows(folder, "select id from measurements where kind = 'failure_rate'"))


@pytest.mark.parametrize("moment", [attacking, training_again, measuring], ids=lambda f: f.__name__)
def test_killed_and_run_again(
    workspace: Path, unbroken: dict[str, Any], moment: Callable[[Path], bool]
) -> None:
    killed = kill_when(lambda: moment(workspace), "round", "run", "1", cwd=workspace)
    assert killed, "the run ended before it could be killed: the test proves nothing"
    holdfast("round", "run", "1", cwd=workspace)
    found = result(workspace)
    for part, value in unbroken.items():
        assert found[part] == value, part


def test_the_second_pass_is_reached(baseline: Path) -> None:
    """40 steps of 64 are more than two passes over the 1,000 training snippets and parents."""
    trained = rows(baseline, "select count(*) from snippets where split = 'train'")
    assert 30 * 64 > trained[0][0]
