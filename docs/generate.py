"""Write docs/cli.md and docs/configuration.md from the program itself; `--check` fails if they differ."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def configuration() -> str:
    """Every section and key of holdfast.toml with its default and meaning."""
    from pydantic import BaseModel

    from holdfast.config import Config

    lines = [
        "# Configuration",
        "",
        "One file, `holdfast.toml`, in the workspace. Order: flag (`--set train.steps=100`) > environment >",
        "file > default; `holdfast config show` names the origin of each value. Unknown keys are refused.",
        "This page is written by `python docs/generate.py`.",
    ]

    def section(model: type[BaseModel], name: str) -> None:
        lines.extend(["", f"## {name or 'Top level'}", ""])
        if name and model.__doc__:
            lines.extend([model.__doc__.strip(), ""])
        lines.extend(["| key | default | meaning |", "| --- | --- | --- |"])
        children = []
        for key, info in model.model_fields.items():
            kind = info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                children.append((key, kind))
                continue
            default = info.get_default(call_default_factory=True)
            meaning = " ".join((info.description or "").split())
            lines.append(f"| `{key}` | `{json.dumps(default)}` | {meaning} |")
        for key, kind in children:
            section(kind, key)

    section(Config, "")
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """Help of every command."""
    import typer.main

    from holdfast.cli.main import app

    lines = [
        "# Commands",
        "",
        "Results go to stdout, progress to stderr. Exit codes: 0 done, 1 could not do it, 2 wrong option or",
        "config, 3 a gate that was asked for failed, 130 interrupted (the same command goes on). The options",
        "of the first table may stand before or after the command. This page is written by",
        "`python docs/generate.py`.",
    ]

    def options(command: Any) -> list[str]:
        rows = []
        for parameter in (p for p in command.params if not getattr(p, "hidden", False)):
            if parameter.name in ("help", "install_completion", "show_completion"):
                continue
            is_argument = parameter.param_type_name == "argument"
            name = (parameter.metavar or parameter.name.upper()) if is_argument else ", ".join(parameter.opts)
            default = parameter.default if not callable(parameter.default) else None
            shown = "" if default in (None, "", False, [], ()) or is_argument else f" (default `{default}`)"
            rows.append(f"| `{name}` | {(getattr(parameter, 'help', None) or '').strip()}{shown} |")
        return ["", "| option | meaning |", "| --- | --- |", *rows] if rows else []

    def walk(command: Any, path: list[str]) -> None:
        children = getattr(command, "commands", None)
        title = " ".join(["holdfast", *path])
        if not children or not path:
            lines.extend(
                ["", f"## {title}" if path else "## Global options", "", (command.help or "").strip()]
            )
            lines.extend(options(command))
        for name, child in (children or {}).items():
            walk(child, [*path, name])

    walk(typer.main.get_command(app), [])
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check both pages."""
    pages = {"configuration.md": configuration(), "cli.md": command_line()}
    stale = [
        n for n, text in pages.items() if not (HERE / n).exists() or (HERE / n).read_text("utf-8") != text
    ]
    if "--check" in sys.argv:
        if stale:
            sys.stderr.write(f"stale: {', '.join(stale)}; run python docs/generate.py\n")
        return 1 if stale else 0
    for name, text in pages.items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
