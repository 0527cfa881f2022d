"""The conventions of the command line: streams, exit codes, display, options before or after."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.cli.display import Display, choose_display
from holdfast.cli.main import hoist


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`holdfast` as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *arguments],
        cwd=cwd,
        env=os.environ | {"HOLDFAST_DISPLAY": "plain"} | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh workspace; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    assert run("new", "w", "--catastrophe", "storyworld", cwd=folder).returncode == 0
    return folder / "w"


def test_help_is_quick_and_imports_no_numpy(tmp_path: Path) -> None:
    code = (
        "import sys; from holdfast.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'torch', 'scipy', 'sqlalchemy', 'pydantic')\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    # A second interpreter beside each tells a slow machine from a slow command.
    other = "import asyncio, sys; print([], file=sys.stderr)"
    cost, yardstick = (min(_cpu_seconds(one, tmp_path) for _ in range(3)) for one in (code, other))
    assert cost <= max(0.3, 5 * yardstick)


def _cpu_seconds(code: str, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stderr.strip() == "[]"
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_options_may_follow_the_command() -> None:
    assert hoist(["config", "show", "--json", "--set", "seed=2"]) == [
        "--json",
        "--set",
        "seed=2",
        "config",
        "show",
    ]
    assert hoist(["x", "--display=none", "--", "--json"]) == ["--display=none", "x", "--", "--json"]


def test_unknown_key_is_refused_with_the_closest(tmp_path: Path) -> None:
    (tmp_path / "holdfast.toml").write_text("[train]\nstepz = 3\n")
    done = run("config", "show", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown key 'train.stepz'" in done.stderr
    assert "did you mean 'steps'" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("seed = ", "holdfast.toml"),
        ("seed = 'x'", "seed"),
        ("[filter]\nacceptance = 1.5\n", "filter.acceptance"),
        ("[train]\npositives = 0.9\ntwins = 0.2\n", "below 1"),
        ("[data]\ntrain = -5\n", "data.train"),
        ("[data]\nparents = -1\n", "data.parents"),
        ("[classifier]\nwidth = 32\nheads = 3\n", "classifier: "),
        ("[classifier]\nwidth = 12\nheads = 4\n", "multiple of 2 * heads"),
        ('device = "tpu"\n', "'auto', 'cuda', 'mps' or 'cpu'"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "holdfast.toml").write_text(text)
    done = run("config", "show", cwd=tmp_path)
    assert done.returncode == 2
    assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_workspace(tmp_path: Path) -> None:
    done = run("measure", cwd=tmp_path)
    assert done.returncode == 2
    assert "holdfast new NAME" in done.stderr


def test_only_new_makes_a_database(tmp_path: Path) -> None:
    assert run("new", "w", "--catastrophe", "storyworld", cwd=tmp_path).returncode == 0
    folder = tmp_path / "w"
    assert run("annotate", cwd=folder).returncode == 0
    (folder / "holdfast.db").unlink()
    for command in ("annotate", "sample"):
        done = run(command, cwd=folder)
        assert done.returncode == 1
        assert "no database at" in done.stderr and "put it" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (folder / "holdfast.db").exists()


def test_precedence_is_shown(tmp_path: Path) -> None:
    (tmp_path / "holdfast.toml").write_text("seed = 5\n")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    done = run(
        "config", "show", "--json", "--set", "train.steps=7", cwd=deep, HOLDFAST_DATABASE_URL="sqlite:///x.db"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    rows = {row["key"]: row for row in document["config"]}
    assert document["schema"] == 1
    assert rows["seed"] == {"key": "seed", "value": 5, "from": "file"}
    assert rows["train.steps"] == {"key": "train.steps", "value": 7, "from": "flag"}
    assert rows["database"]["from"] == "environment"
    assert rows["filter.draws"]["from"] == "default"


def test_usage_errors_end_with_2(tmp_path: Path) -> None:
    for arguments in (["nonsense"], ["list", "nothing"], ["--display", "loud", "doctor"], ["new", "x"]):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == 2, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("sample --n -1", "--n"),
        ("sample --from generator --split foo", "train, validation or test"),
        ("annotate --n -4", "--n"),
        ("import x.csv --sample -3", "--sample"),
        ("attack --parents -3", "--parents"),
        ("generate --prompts x --draws -1", "--draws"),
        ("demo d --rounds -1", "--rounds"),
        ("round run -- -1", "N"),
    ],
)
def test_values_that_no_option_takes(made: Path, arguments: str, part: str) -> None:
    done = run(*arguments.split(), cwd=made)
    assert done.returncode == 2, done.stderr
    assert part in done.stderr and "Traceback" not in done.stderr


def test_lists_and_doctor(tmp_path: Path) -> None:
    for kind in ("catastrophes", "attacks", "models"):
        done = run("list", kind, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[kind]
    done = run("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert "torch" in done.stdout


def test_plain_progress_prints_start_tenths_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter(range(1000))
    display = Display(mode="plain", stream=sys.stderr, now=lambda: float(next(clock)))
    step = display.step("score")
    for done in range(101):
        step(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert 10 <= len(lines) <= 16
    assert "100/100" in lines[-1]


def test_display_choice() -> None:
    with open(os.devnull, "w", encoding="utf-8") as stream:
        assert choose_display("auto", stream).mode == "plain"
        assert choose_display("none", stream).mode == "none"


@pytest.mark.parametrize("name", ["x.docx", "x", "none/x.json", "folder.json", "/dev/null/x.csv"])
def test_an_output_that_cannot_be_is_refused_before_the_work(made: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.json").mkdir()
    done = run("-w", str(made), "annotate", "-o", name, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "--output" in done.stderr and "expected" in done.stderr and "Traceback" not in done.stderr
    runs = json.loads(run("run", "list", "--json", cwd=made).stdout)["runs"]
    assert "annotate" not in {r["command"] for r in runs}


def test_an_output_file_is_what_stdout_would_be(made: Path, tmp_path: Path) -> None:
    shown = run("config", "show", "--json", cwd=made).stdout
    assert run("config", "show", "-o", str(tmp_path / "x.json"), cwd=made).returncode == 0
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == shown
