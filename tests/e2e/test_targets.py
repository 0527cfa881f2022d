"""A target is weights with one threshold: results never mix two."""

from __future__ import annotations

import json
from pathlib import Path

from tests.spine import holdfast


def accepted(workspace: Path, name: str) -> float:
    """Share of natural test snippets that `holdfast measure` counts as accepted."""
    rows = json.loads(holdfast("measure", name, "--json", cwd=workspace).stdout)["measurements"]
    row = next(r for r in rows if r["kind"] == "natural_acceptance")
    return float(row["count"] / row["trials"])


def test_a_measured_target_keeps_its_threshold(workspace: Path) -> None:
    holdfast("measure", "baseline", cwd=workspace)
    again = holdfast("calibrate", "baseline", "--json", cwd=workspace)
    first = json.loads(again.stdout)["threshold"]["value"]
    refused = holdfast("--set", "filter.acceptance=0.2", "calibrate", "baseline", cwd=workspace, check=False)
    assert refused.returncode == 1 and "--name" in refused.stderr and "Traceback" not in refused.stderr
    other = holdfast(
        "--set", "filter.acceptance=0.2", "calibrate", "baseline", "--name", "strict", "--json", cwd=workspace
    )
    assert json.loads(other.stdout)["threshold"]["value"] < first
    shares = {name: accepted(workspace, name) for name in ("strict", "baseline")}
    assert shares["strict"] < 0.35 < shares["baseline"]
    newest = json.loads(holdfast("calibrate", "--json", cwd=workspace).stdout)
    assert newest["target"] == "baseline" and newest["threshold"]["value"] == first
