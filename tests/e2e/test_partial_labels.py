"""Labels on some of the natural text were selected somehow: no natural failure rate is made of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.spine import holdfast


def test_a_partly_labelled_natural_split_gives_no_rate(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    holdfast("new", str(folder), "--question", "Is there food?", cwd=tmp_path)
    prompts = [f"Ann walked to the mill on day {i}. It rained. Ben waved." for i in range(160)]
    rows = [
        {"prompt": p, "completion": f"She sat down at {i}.", "split": "test"} for i, p in enumerate(prompts)
    ]
    rows += [{"prompt": p, "completion": f"He ran at {i}.", "split": "train"} for i, p in enumerate(prompts)]
    rows += [
        {"prompt": p, "completion": f"We slept at {i}.", "split": "validation"} for i, p in enumerate(prompts)
    ]
    for i, row in enumerate(rows):
        row["family"] = f"{row['split']}-{i}"
    (folder / "text.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    labelled = [row | {"label": "yes" if i % 4 == 0 else "no"} for i, row in enumerate(rows) if i % 2 == 0]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, labelled)) + "\n")
    holdfast("import", "text.jsonl", "--natural", cwd=folder)
    holdfast("import", "labels.jsonl", cwd=folder)
    small = [
        "generator.steps=5",
        "generator.width=16",
        "generator.heads=2",
        "generator.layers=1",
        "threads=1",
    ]
    small += ["classifier.width=16", "classifier.heads=2", "classifier.layers=1", "train.steps=10"]
    small += ["generator.vocabulary=400", "measure.parents=0", "measure.prompts=0"]
    options = [part for text in small for part in ("--set", text)]
    for command in (["train", "generator"], ["train", "classifier"], ["calibrate"]):
        holdfast(*options, *command, cwd=folder)
    measured = json.loads(holdfast(*options, "measure", "--json", cwd=folder).stdout)["measurements"]
    assert "natural_acceptance" in {row["kind"] for row in measured}
    assert "failure_rate" not in {row["kind"] for row in measured}
