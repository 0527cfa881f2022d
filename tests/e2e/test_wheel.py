"""The wheel holds everything: built, installed in a clean environment, and the demo run from it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.spine import SMALL

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_wheel_holds_the_built_pages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=600)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name.removeprefix("holdfast/workbench/") for name in wheel.namelist()}
    built = {f"dist/{path.name}" for path in (ROOT / "src/holdfast/workbench/dist").iterdir()}
    assert len(built) >= 5 and built <= held


@pytest.mark.slow
def test_demo_from_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=600)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=300)
    pip = [str(tmp_path / "venv" / "bin" / "pip"), "install", "-q", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "torch"], check=True, timeout=1800)
    subprocess.run([*pip, str(wheel)], check=True, timeout=1800)
    options = [part for text in SMALL for part in ("--set", text)]
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "holdfast"), *options, "demo", "d", "--rounds", "1"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "d" / "reports" / "index.html").exists()
    assert "round-1" in done.stdout
