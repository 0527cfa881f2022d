"""Deliver filtered text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holdfast.errors import InputError
from holdfast.provenance import hash_file
from holdfast.types import Delivery
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.estimate import announce_draws
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["generate", "read_prompts"]


def read_prompts(path: Path) -> list[str]:
    """Prompts of a table with a `prompt` column, or of a plain text file with one a line.

    Raises InputError naming the line where the file cannot be read or a prompt is not a text.
    """
    from holdfast.data.lines import ending, text_lines
    from holdfast.data.tables import ENDINGS, records
    from holdfast.filtering.scoring import why_unusable

    if ending(path) not in ENDINGS:
        return [line.rstrip("\r\n") for line in text_lines(path) if line.strip()]
    prompts: list[str] = []
    for number, record in records(path):
        if "prompt" not in record:
            raise InputError(
                f"{path}:{number}: no `prompt`",
                expected="a column named prompt",
                do=f"rename the right one of: {', '.join(record) or '(none)'}",
            )
        prompt = record["prompt"]
        if problem := "null" if prompt is None else why_unusable(prompt):
            raise InputError(f"{path}:{number}: the prompt is {problem}", expected="a text")
        prompts.append(prompt)
    if not prompts:
        raise InputError(f"{path} holds no prompt", do="write one a line")
    return prompts


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "prompt": delivery.prompt,
        "completion": delivery.completion,
        "logit": delivery.logit,
        "draws": delivery.draws,
        "errors": list(delivery.errors),
    }


def _failed(delivery: Delivery) -> bool:
    """No draw of the prompt was ever judged; a prompt whose draws were all rejected has not failed."""
    return not delivery.accepted and len(delivery.errors) >= max(1, delivery.draws)


def _refuse_if_none_worked(deliveries: list[Delivery]) -> None:
    """Raise InputError where every single prompt failed; where only some did, their rows say why."""
    if all(map(_failed, deliveries)):
        raise InputError(
            f"none of {len(deliveries):,} prompts could be completed; the first: {deliveries[0].errors[0]}",
            expected="prompts that generator and classifier take",
            do="shorten the prompts, or train with a larger max_length",
        )


def generate(workspace: Workspace, *, prompts: str, target: str = "", draws: int = 0) -> Outcome:
    """Complete the prompts of a file through the filter of `target` (default: the newest classifier).

    Raises InputError where the file cannot be read or not one prompt could be completed or judged.
    """
    path = Path(prompts)
    texts = read_prompts(path)
    name = target or newest_target(workspace)
    config = workspace.config.filter
    expected = min(draws or config.draws, 1 / config.acceptance)
    announce_draws(workspace, "generate", workspace.generator(), texts, expected)
    deliveries = workspace.filter(name, draws=draws).complete_many(
        texts, seed=workspace.seed("deliver"), progress=workspace.reporter.step("generate")
    )
    _refuse_if_none_worked(deliveries)
    rows = [_row(d) for d in deliveries]
    abstained = sum(d.completion is None for d in deliveries)
    failed = sum(map(_failed, deliveries))
    said = f", {failed:,} of them for errors (in their rows)" if failed else ""
    workspace.reporter.say(
        f"{len(rows) - abstained:,} delivered, {abstained:,} abstained{said}, target {name}"
    )
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return Outcome(
        result={"target": name, "deliveries": rows},
        text=text,
        inputs={"prompts": hash_file(path)},
        outputs={"delivered": str(len(rows) - abstained)},
    )
