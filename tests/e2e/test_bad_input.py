"""Bad input: a clear message, an exit code that is not 0, nothing lost, and the command can be run again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.test_kill import rows
from tests.spine import holdfast


def refused(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_corrupt_database(workspace: Path) -> None:
    good = (workspace / "holdfast.db").read_bytes()
    (workspace / "holdfast.db").write_bytes(b"not a database at all" * 400)
    for suffix in ("-wal", "-shm"):
        (workspace / f"holdfast.db{suffix}").unlink(missing_ok=True)
    refused(holdfast("calibrate", cwd=workspace, check=False), 1, "holdfast.db")
    (workspace / "holdfast.db").write_bytes(good)
    holdfast("calibrate", cwd=workspace)


def test_tokeniser_of_another_model(workspace: Path) -> None:
    path = workspace / "checkpoints" / "baseline" / "tokenizer.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"the", b"teh", 1))
    refused(holdfast("calibrate", "baseline", cwd=workspace, check=False), 1, "tokeniser")
    path.write_bytes(good)
    holdfast("calibrate", "baseline", cwd=workspace)


def test_checkpoint_folder_is_gone(workspace: Path) -> None:
    shutil.move(workspace / "checkpoints" / "baseline", workspace / "elsewhere")
    refused(holdfast("calibrate", "baseline", cwd=workspace, check=False), 1, "baseline")


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.csv", b"", "a.csv"),
        ("a.csv", b"prompt,completion,verdict\nA b.,C d.,MAYBE\n", "MAYBE"),
        ("a.csv", b"text,label\nA b c.,1\n", "--map"),
        ("a.jsonl", b'{"prompt": "A.", "completion": "\xff\xfe"}\n', "a.jsonl"),
        ("a.jsonl", b'{"prompt": "A.", \n', "a.jsonl"),
        ("a.jsonl", b'{"prompt": "", "completion": ""}\n', "empty"),
        ("a.bin", b"x", "a.bin"),
        ("a.csv", b"prompt,completion,verdit\nA b.,C d.,SAFE\n", "did you mean 'verdict'?"),
        ("a.csv", b"prompt,completion,toxic\nA b.,C d.,0\nA b.,E f.,1\n", "--map toxic=verdict"),
    ],
)
def test_files_that_cannot_be_read(workspace: Path, name: str, data: bytes, part: str) -> None:
    (workspace / name).write_bytes(data)
    refused(holdfast("import", name, cwd=workspace, check=False), 1, part)


def test_classes_the_wrong_way_round(tmp_path: Path) -> None:
    holdfast("new", str(tmp_path / "w"), "--catastrophe", "injury", cwd=tmp_path)
    rows = ["prompt,completion,label"]
    rows += [
        f'"He stood. It rained. Number {i}.","He was killed and bled, wounded badly, {i}.",0'
        for i in range(60)
    ]
    rows += [f'"He stood. It rained. Number {i}.","She poured the tea and smiled, {i}.",1' for i in range(60)]
    (tmp_path / "w" / "labels.csv").write_text("\n".join(rows) + "\n")
    refused(holdfast("import", "labels.csv", cwd=tmp_path / "w", check=False), 1, "--yes")
    holdfast("import", "labels.csv", "--yes", cwd=tmp_path / "w")


def test_over_long_text_is_refused_not_cut(workspace: Path) -> None:
    prompts = workspace / "long.txt"
    long = "The mill stood by the river and the miller slept. " * 200 + "\n"
    prompts.write_text(long)
    done = holdfast("generate", "--prompts", "long.txt", cwd=workspace, check=False)
    refused(done, 1, "none of 1 prompts", "TextTooLong")
    assert done.stdout == ""
    short = "".join(f"Tom was at the mill. Ann had brought a loaf. The others slept {i}.\n" for i in range(8))
    prompts.write_text(long + short)
    rows = holdfast("generate", "--prompts", "long.txt", cwd=workspace).stdout.splitlines()
    assert len(rows) == 9
    assert json.loads(rows[0])["completion"] is None and "TextTooLong" in json.loads(rows[0])["errors"][0]
    refused(holdfast("generate", "--prompts", ".", cwd=workspace, check=False), 1, "is a folder")


def test_one_over_long_text_blocks_nothing(workspace: Path) -> None:
    long = "The miller slept by the river. " * 400
    rows_ = [
        {
            "prompt": f"In {split} it was day. {long}",
            "completion": f"He woke {split}.",
            "verdict": "SAFE",
            "split": split,
            "kind": "natural",
        }
        for split in ("train", "validation", "test")
    ]
    (workspace / "long.jsonl").write_text("\n".join(map(json.dumps, rows_)) + "\n")
    holdfast("import", "long.jsonl", cwd=workspace)
    said = []
    for command in (["train", "classifier", "--name", "next"], ["calibrate", "next"], ["measure", "next"]):
        done = holdfast("--display", "plain", *command, cwd=workspace)
        said.append(done.stderr)
    assert "texts are longer than max_length" in said[0] and "train next: 1 of" in said[0]
    assert "calibrate next: 1 of 301 texts cannot be scored" in said[1]


def test_interrupted_with_control_c(workspace: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "--display", "plain", "measure", "baseline"],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        # A job that a shell put into the background inherits an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    begun = "select id from runs where command = 'measure' and status = 'running'"
    while process.poll() is None and not rows(workspace, begun):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, f"it ended before it was interrupted, or otherwise: {err}"
    assert "run the same command again" in err
    assert rows(workspace, "select status from runs where command = 'measure'") == [("interrupted",)]
    holdfast("measure", "baseline", cwd=workspace)


def test_existing_folder_is_not_overwritten(workspace: Path) -> None:
    done = holdfast("new", str(workspace), "--catastrophe", "brackets", cwd=workspace.parent, check=False)
    refused(done, 2, "workspace already")


def test_disk_that_fills(baseline: Path, tmp_path: Path) -> None:
    """Checkpoints fill their disk, the database does not: a message, exit code 1; with room it goes on."""
    folder = Path(shutil.copytree(baseline, tmp_path / "w"))
    checkpoints = folder / "checkpoints"
    size = sum(-(-p.stat().st_size // 4096) * 4 for p in checkpoints.rglob("*") if p.is_file())
    (folder / "checkpoints").rename(folder / "kept")
    checkpoints.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size + 300}k", "tmpfs", str(checkpoints)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    try:
        shutil.copytree(folder / "kept", checkpoints, dirs_exist_ok=True)
        again = ("train", "classifier", "--name", "again")
        refused(holdfast(*again, cwd=folder, check=False), 1, "disk is full", "again")
        runs = json.loads(holdfast("run", "list", "--json", cwd=folder).stdout)["runs"]
        assert runs[-1]["status"] == "failed" and "No space left" in runs[-1]["message"]
        subprocess.run(["mount", "-o", "remount,size=400m", str(checkpoints)], check=True)
        holdfast(*again, cwd=folder)
    finally:
        subprocess.run(["umount", "-l", str(checkpoints)], check=False)
