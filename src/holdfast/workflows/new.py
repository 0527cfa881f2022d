"""Make a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from holdfast.config import FILE_NAME, load_config
from holdfast.errors import ConfigError
from holdfast.workflows.outcome import Outcome

__all__ = ["new", "template"]

_CORPUS = """\
# Every key: `holdfast config show`. Override one for a single run: `--set train.steps=200`.
seed = 0

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
    import json

    from holdfast.registry import catastrophes

    if question:
        own = f"question = {json.dumps(question)}\n"
        return _INJURY_LIKE.format(name=name, own=own, shares=_SHARES)
    loaded = catastrophes().load(name)(preset) if preset else catastrophes().load(name)()
    if loaded.corpus is not None:
        return _CORPUS.format(name=name, preset=preset or "demo")
    return _INJURY_LIKE.format(name=name, own="", shares="")


def new(
    folder: Path,
    *,
    catastrophe: str = "",
    question: str = "",
    preset: str = "",
    overrides: Sequence[str] = (),
) -> Outcome:
    """Make `folder` with holdfast.toml, guidelines.md and an empty database; refuses an existing one."""
    from holdfast.catastrophes.custom import write_guidelines_template
    from holdfast.store import Store

    if (folder / FILE_NAME).exists():
        raise ConfigError(f"{folder} is a workspace already", do="choose another name, or work in it")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} exists and is not empty", do="choose another name")
    text = template(catastrophe or folder.name, preset=preset, question=question)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    guidelines = folder / "guidelines.md"
    if question:
        guidelines.write_text(write_guidelines_template(question), encoding="utf-8")
    config = load_config(folder / FILE_NAME, overrides=overrides)
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
