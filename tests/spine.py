"""A small workspace with a calibrated baseline, made once and copied by the tests that change it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SMALL = (
    "data.train=500",
    "data.tilted=500",
    "data.validation=300",
    "data.validation_tilted=100",
    "data.test=400",
    "data.parents=60",
    "generator.steps=12",
    "generator.width=32",
    "generator.vocabulary=600",
    "generator.max_length=200",
    "generator.max_new_tokens=24",
    "classifier.width=32",
    "classifier.max_length=200",
    "train.steps=40",
    "train.round_steps=40",
    "train.evaluate_every=20",
    "train.save_every=10",
    "measure.natural=300",
    "measure.prompts=20",
    "measure.parents=8",
    "measure.stratum_draws=2",
    "round.parents=12",
    "round.rounds=1",
    "attack.queries=24",
)


def holdfast(*arguments: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "holdfast", "--display", "none", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=600,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stderr[-3000:]}")
    return done


def kill_when(seen: Callable[[], bool], *arguments: str, cwd: Path) -> bool:
    """Start the command and kill it with SIGKILL once `seen()`; whether it was killed before its end.

    What it has started itself ends with it, or AssertionError.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "--display", "none", *arguments],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    end = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < end:
        if seen():
            process.kill()
            process.wait()
            _gone(process.pid)
            return True
        time.sleep(0.005)
    process.kill()
    process.wait()
    return False


def _gone(group: int) -> None:
    """Wait until no process of the group is left."""
    for _ in range(1200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError("processes that the command started have outlived it")


def write_config(folder: Path, extra: tuple[str, ...] = ()) -> None:
    """SMALL as the workspace's own file, so that every command finds it without options."""
    from holdfast.config import parse_override

    sections: dict[str, list[str]] = {}
    for text in (*SMALL, *extra):
        path, _ = parse_override(text)
        sections.setdefault(".".join(path[:-1]), []).append(f"{path[-1]} = {text.partition('=')[2]}")
    file = folder / "holdfast.toml"
    top = "\n".join(sections.pop("", []))
    body = "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())
    old = file.read_text(encoding="utf-8").replace("seed = 0\n", f"seed = 0\n{top}\n", 1)
    # Starting workers costs more than attacks this small; tests of `processes` ask for them.
    old = old.replace("processes = 2", "processes = 1")
    file.write_text(old + body, encoding="utf-8")


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story-world workspace with a trained and calibrated baseline. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("baseline") / "w"
    holdfast("new", str(folder), "--catastrophe", "storyworld", cwd=folder.parent)
    write_config(folder)
    for command in (["sample"], ["train", "generator"], ["train", "classifier"], ["calibrate"]):
        holdfast(*command, cwd=folder)
    return folder


@pytest.fixture
def workspace(baseline: Path, tmp_path: Path) -> Path:
    """A copy of the baseline workspace."""
    return Path(shutil.copytree(baseline, tmp_path / "w"))
