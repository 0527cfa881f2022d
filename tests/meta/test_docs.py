"""Docs cannot rot: reference pages are generated, README's Python runs, its commands exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_reference_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_ten_lines_of_python_run(baseline: Path, tmp_path: Path) -> None:
    """The README's Python, in a workspace with a calibrated classifier."""
    folder = Path(shutil.copytree(baseline, tmp_path / "w"))
    code = _blocks("python")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_command_of_the_docs_exists() -> None:
    """`holdfast x y` in README and docs: x (and y, where x has commands of its own) is one of ours."""
    import typer.main

    from holdfast.cli.main import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for block in re.findall(
            r"```(?:sh|bash)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL
        ):
            for line in block.splitlines():
                words = line.split("#")[0].split()
                if words[:1] != ["holdfast"]:
                    continue
                name = next(w for w in words[1:] if not w.startswith("-") and "=" not in w)
                assert name in commands, (page.name, line)
                children = getattr(commands[name], "commands", None)
                if children:
                    assert words[words.index(name) + 1] in children, (page.name, line)


def test_public_names_have_docstrings_and_exist() -> None:
    """Every module says what it offers, and offers what it says."""
    import importlib
    import pkgutil

    import holdfast

    for info in pkgutil.walk_packages(holdfast.__path__, "holdfast."):
        if info.name.endswith("__main__") or ".migrations" in info.name:
            continue
        module = importlib.import_module(info.name)
        assert module.__doc__, info.name
        for name in getattr(module, "__all__", []):
            assert hasattr(module, name), (info.name, name)


def test_files_and_functions_stay_small() -> None:
    """Files under 400 lines, functions under 60, at most 6 parameters (ruff sees to the last)."""
    import ast

    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 62, (path, node.name)
