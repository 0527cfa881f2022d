"""`holdfast fidelity` as a user runs it: both tables, stored once, refused where there is too little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_kill import rows
from tests.spine import holdfast

ASKED = ("fidelity", "--texts", "30", "--words", "2", "--proposals", "8")


@pytest.mark.slow
def test_both_tables_are_told_and_stored(workspace: Path) -> None:
    result = json.loads(holdfast(*ASKED, "--json", cwd=workspace).stdout)
    maps = {(r["method"], r["change"]) for r in result["maps"]}
    assert maps == {
        *((m, "deletion") for m in ("gradient", "mask", "integrated")),
        *((m, c) for m in ("gradient", "deletion", "integrated", "mask") for c in ("mask", "substitution")),
    }
    assert all(r["texts"] + r["skipped"] == 30 for r in [*result["maps"], *result["prefilters"]])
    assert {(r["prefilter"], r["scope"]) for r in result["prefilters"]} == {
        (p, s) for p in ("random", "token", "mask", "both") for s in ("text", "word")
    }
    for row in result["table"]:
        assert row["lower"] <= row["estimate"] <= row["upper"] and row["confidence"] == 0.95, row
    kinds = "select kind, target, population from measurements where kind = 'fidelity'"
    assert rows(workspace, kinds) == [("fidelity", "baseline", result["population"])]
    text = holdfast(*ASKED, cwd=workspace).stdout
    assert "the truth itself" in text and "kept by 16" in text and "integrated" in text
    assert len(rows(workspace, kinds)) == 1


def test_too_few_texts_are_refused(workspace: Path) -> None:
    done = holdfast("fidelity", "--texts", "29", cwd=workspace, check=False)
    assert done.returncode == 2 and "at least 30 texts" in done.stderr
