"""A model annotator is trained apart, measured against held-out labels, and named in every figure."""

from __future__ import annotations

import json
from pathlib import Path

from tests.spine import holdfast


def test_train_annotator_and_use_it(workspace: Path) -> None:
    done = holdfast("train", "annotator", "--members", "2", "--json", cwd=workspace)
    error = json.loads(done.stdout)
    assert error["annotator"] == "model:ensemble"
    assert error["missed"]["trials"] > 0 and 0 <= error["missed"]["lower"] <= error["missed"]["upper"] <= 1
    use = ["--set", "annotator.name=model", "--set", "annotator.path=annotator"]
    holdfast(*use, "attack", "baseline", "--parents", "6", cwd=workspace)
    holdfast(*use, "measure", "baseline", cwd=workspace)
    text = holdfast("report", cwd=workspace).stdout
    assert "model:ensemble" in text
    holdfast(
        "--set",
        "annotator.name=model",
        "--set",
        "annotator.path=nowhere",
        "attack",
        cwd=workspace,
        check=False,
    )
