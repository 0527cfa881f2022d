"""Make a workspace."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from holdfast.config import FILE_NAME, load_config, parse_override
from holdfast.errors import ConfigError
from holdfast.workflows.outcome import Outcome

__all__ = ["new", "template", "with_overrides"]

_CORPUS = """\
# Every key: `holdfast config show`. Override one for a single run: `--set train.steps=200`.
seed = 0
threads = 1                # small models: a second thread costs more than it gives
processes = 2              # attacks, training and measurement are spread over them

[catastrophe]
name = "{name}"
preset = "{preset}"
"""

_INJURY_LIKE = """\
# Every key: `holdfast config show`. Override one for a single run: `--set train.steps=200`.
seed = 0

[catastrophe]
name = "{name}"
{own}
[generator]
base = "scratch"           # or a hub id or folder: base = "EleutherAI/gpt-neo-2.7B"
layers = 4
width = 192
heads = 6
vocabulary = 8000
max_length = 256           # tokens of prompt and completion; longer ones are refused, never cut
max_new_tokens = 64
steps = 1500

[classifier]
base = "generator"         # or a hub id or folder: base = "microsoft/deberta-v3-large"
layers = 4
width = 192
heads = 6
max_length = 256
learning_rate = 5e-4
weight_decay = 0.01

[train]
round_rate = 1.0

{shares}[annotator]
name = "people"            # labels come by `holdfast import labels.jsonl`; or "model", "labels"
"""


_SHARES = """\
[data]
validation_share = 0.25    # of the families in your files; smaller once you have thousands of labels
test_share = 0.25

"""


def template(name: str, *, preset: str = "", question: str = "") -> str:
    """The text of holdfast.toml for a catastrophe."""
    from holdfast.registry import catastrophes

    if question:
        own = f"question = {json.dumps(question)}\n"
        return _INJURY_LIKE.format(name=name, own=own, shares=_SHARES)
    loaded = catastrophes().load(name)(preset) if preset else catastrophes().load(name)()
    if loaded.corpus is not None:
        return _CORPUS.format(name=name, preset=preset or "demo")
    return _INJURY_LIKE.format(name=name, own="", shares="")


def _literal(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def with_overrides(text: str, overrides: Sequence[str]) -> str:
    """The text of a TOML file with the values of `--set` written into it; comments stay where they are."""
    lines = text.rstrip("\n").split("\n")
    for override in overrides:
        path, value = parse_override(override)
        header, line = f"[{'.'.join(path[:-1])}]", f"{path[-1]} = {_literal(value)}"
        if len(path) > 1 and header not in lines:
            lines += ["", header]
        start = lines.index(header) + 1 if len(path) > 1 else 0
        end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
        key = re.compile(rf"{re.escape(path[-1])}\s*=")
        place = next((i for i in range(start, end) if key.match(lines[i])), None)
        if place is not None:
            lines[place] = line
        else:
            filled = [i for i in range(start, end) if lines[i].strip()]
            lines.insert(filled[-1] + 1 if filled else start, line)
    return "\n".join(lines) + "\n"


def new(  # noqa: PLR0913
    folder: Path,
    *,
    catastrophe: str = "",
    question: str = "",
    preset: str = "",
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Make `folder` with holdfast.toml, guidelines.md and an empty database; refuses an existing one.

    The `overrides` are written into the file; the environment, which may name another database, is not.
    """
    from holdfast.catastrophes.custom import write_guidelines_template
    from holdfast.store import Store

    if (folder / FILE_NAME).exists():
        raise ConfigError(f"{folder} is a workspace already", do="choose another name, or work in it")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} exists and is not empty", do="choose another name")
    text = with_overrides(template(catastrophe or folder.name, preset=preset, question=question), overrides)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    try:
        config = load_config(folder / FILE_NAME, environment=environment)
    except ConfigError:
        # A value that was set is wrong: the same command, corrected, has to find an empty folder.
        (folder / FILE_NAME).unlink()
        raise
    guidelines = folder / "guidelines.md"
    if question:
        guidelines.write_text(write_guidelines_template(question), encoding="utf-8")
    from holdfast.assemble import build_catastrophe

    made = build_catastrophe(config, folder)
    if not guidelines.exists():
        guidelines.write_text(made.guidelines, encoding="utf-8")
    Store.open(config.database, create=True, root=folder).close()
    steps = (
        ["holdfast sample", "holdfast train generator", "holdfast train classifier"]
        if made.corpus is not None
        else [
            "edit guidelines.md",
            "holdfast import FILE",
            "holdfast train generator",
            "holdfast train classifier",
        ]
    )
    text = f"made {folder}: {made.name}: {made.question}\nnext  " + "\n      ".join([f"cd {folder}", *steps])
    return Outcome(result={"workspace": str(folder), "catastrophe": made.name, "next": steps}, text=text)
