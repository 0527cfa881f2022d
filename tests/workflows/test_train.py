"""Training what is there already: nothing is trained, nothing fails, and what was found is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import CheckpointError, ConfigError
from holdfast.types import Split
from holdfast.workflows.import_ import import_
from holdfast.workflows.train_annotator import train_annotator
from holdfast.workflows.train_classifier import train_classifier, train_named
from holdfast.workflows.train_generator import train_generator
from holdfast.workflows.workspace import Workspace

from .tiny import opened, write_jsonl

TINY = [
    f"{model}.{key}={value}"
    for model in ("generator", "classifier")
    for key, value in {"layers": 1, "width": 16, "heads": 2, "batch": 8, "max_length": 64}.items()
]
TINY += ["generator.vocabulary=300", "generator.steps=1", "train.steps=2", "train.round_steps=2", "threads=1"]


def labels(workspace: Workspace, folder: Path, first: int, n: int) -> None:
    """`n` labelled texts from day `first` on; one in three of each split injures."""
    splits = list(Split)
    rows: list[dict[str, object]] = [
        {
            "prompt": f"It was day {i}.",
            "completion": "He fell." if i % 9 < 3 else "He sat.",
            "verdict": "yes" if i % 9 < 3 else "no",
            "split": splits[i % 3],
        }
        for i in range(first, first + n)
    ]
    import_(workspace, file=str(write_jsonl(folder / f"labels-{first}.jsonl", rows)))


def test_new_labels_train_another_model(tmp_path: Path) -> None:
    with opened(tmp_path / "w", *TINY) as workspace:
        labels(workspace, tmp_path, 0, 54)
        assert train_generator(workspace).result["trained"] is True
        first = train_classifier(workspace)
        assert first.result["trained"] is True and "already" not in first.text
        again = train_classifier(workspace)
        assert again.result == first.result | {"trained": False}
        assert "baseline: checkpoints/baseline, already trained on 6 CATASTROPHIC, 12 SAFE" in again.text
        assert "already trained on 18 snippets" in train_generator(workspace).text
        train_annotator(workspace, members=1)

        labels(workspace, tmp_path, 54, 27)
        other = train_classifier(workspace)
        assert other.result == first.result | {"trained": False, "labels": None}
        assert "baseline is there already, trained on other labels" in other.text
        assert "--name NEW" in other.text and "next  holdfast calibrate" not in other.text
        assert train_named(workspace, "baseline").sha256 == first.result["sha256"]
        assert train_classifier(workspace, name="more").result["trained"] is True
        generator = train_generator(workspace)
        assert generator.result["trained"] is False
        assert "generator is there already, trained on other text" in generator.text

        with pytest.raises(CheckpointError, match="`--name`"):
            train_annotator(workspace, members=1)
        named = train_annotator(workspace, members=1, name="annotator-2")
        assert 'annotator.path = "annotator-2"' in named.text
        assert (workspace.root / "annotator-2" / "thresholds.json").is_file()


def test_models_stay_in_the_workspace(tmp_path: Path) -> None:
    with opened(tmp_path / "w", *TINY) as workspace:
        labels(workspace, tmp_path, 0, 54)
        train_generator(workspace)
        for train in (train_annotator, train_classifier):
            with pytest.raises(ConfigError, match="no path"):
                train(workspace, name="../out")
        assert not (tmp_path / "out").exists()
