"""Deliver filtered text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast.errors import InputError
from holdfast.provenance import hash_file
from holdfast.types import Delivery
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["generate", "read_prompts"]


def read_prompts(path: Path) -> list[str]:
    """Prompts of a JSONL file with a `prompt` column, or of a plain text file with one a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"no file {path}", do="name a JSONL or text file with prompts") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8", do="convert the file to UTF-8") from None
    prompts = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if path.suffix != ".jsonl":
            prompts.append(line)
            continue
        try:
            prompts.append(str(json.loads(line)["prompt"]))
        except (json.JSONDecodeError, KeyError, TypeError):
            raise InputError(
                f"{path}, line {number}: {line[:60]!r}", expected='a JSON object with a "prompt"'
            ) from None
    if not prompts:
        raise InputError(f"{path} holds no prompt", do="write one prompt a line")
    return prompts


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "prompt": delivery.prompt,
        "completion": delivery.completion,
        "logit": delivery.logit,
        "draws": delivery.draws,
        "errors": list(delivery.errors),
    }


def generate(workspace: Workspace, *, prompts: str, target: str = "", draws: int = 0) -> Outcome:
    """Complete the prompts of a file through the filter of `target` (default: the newest classifier)."""
    path = Path(prompts)
    texts = read_prompts(path)
    name = target or newest_target(workspace)
    deliveries = workspace.filter(name, draws=draws).complete_many(
        texts, seed=workspace.seed("deliver"), progress=workspace.reporter.step("generate")
    )
    rows = [_row(d) for d in deliveries]
    abstained = sum(d.completion is None for d in deliveries)
    workspace.reporter.say(f"{len(rows) - abstained:,} delivered, {abstained:,} abstained, target {name}")
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return Outcome(
        result={"target": name, "deliveries": rows},
        text=text,
        inputs={"prompts": hash_file(path)},
        outputs={"delivered": str(len(rows) - abstained)},
    )
