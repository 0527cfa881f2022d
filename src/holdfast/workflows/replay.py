"""Score a log of hits again: whether they still are what the log says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from holdfast.errors import GateError, InputError
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["check_same", "replay"]

SHOWN = 10
"""Differences told on the terminal; --json and -o have all."""


def _records(path: Path) -> list[dict[str, Any]]:
    """The log's lines. Raises InputError for a file that is none."""
    try:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}", expected="a log by `holdfast suite`") from None
    if not all(isinstance(record, dict) for record in found):
        raise InputError(f"{path}: a line is no object", expected="a log by `holdfast suite`")
    return found


def replay(workspace: Workspace, log: Path, *, target: str = "") -> Outcome:
    """Edit and score every hit of `log` again, by `target` (default: the one the log names)."""
    from holdfast.attacks.hits import read_hit, replay_hits

    records = _records(log)
    hits = [read_hit(record, number) for number, record in enumerate(records, 1)]
    names = dict.fromkeys(str(record.get("target", "")) for record in records)
    if not target and len(names) > 1:
        raise InputError(f"{log} names {', '.join(names)}", expected="hits of one target", do="--target NAME")
    name = target or next(iter(names), "")
    if not hits:
        return Outcome(result={"target": name, "hits": 0, "differences": []}, text=f"{log}: no hits")
    found = workspace.target(name)
    foreign = sum(hit.checkpoint_sha256 != found.checkpoint.sha256 for hit in hits)
    differences = replay_hits(
        hits, workspace.classifier(name), found.threshold.value, dtype=found.checkpoint.dtype
    )
    lines = [f"{name}: {len(hits):,} hits, {len(differences):,} differences"]
    if foreign:
        lines.append(f"  {foreign:,} hits are of other weights than {name} has: transfer, not a replay")
    lines += [
        f"  hit {d.hit}, step {d.step}: {d.what} {d.logged} then, {d.now} now" for d in differences[:SHOWN]
    ]
    result = {
        "target": name,
        "hits": len(hits),
        "other_weights": foreign,
        "differences": [asdict(d) for d in differences],
    }
    return Outcome(result=result, text="\n".join(lines))


def check_same(outcome: Outcome) -> None:
    """Raise GateError unless the replay came out as logged."""
    if differences := outcome.result["differences"]:
        raise GateError(
            f"{len(differences):,} differences in {outcome.result['hits']:,} hits",
            expected="the log as it is",
        )
