"""Labels that come in again: corrections count, repeats add nothing, contradictions are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import InputError
from holdfast.types import Verdict
from holdfast.workflows.import_ import import_

from .tiny import opened, write_jsonl

ROWS: list[dict[str, object]] = [
    {"prompt": f"It was day {i}.", "completion": f"He sat {i}.", "verdict": "SAFE"} for i in range(6)
]


def test_a_corrected_label_counts_and_a_repeated_one_adds_nothing(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "labels.jsonl", ROWS)
    with opened(tmp_path / "w") as workspace:
        assert import_(workspace, file=str(file)).result["annotations"] == 6
        again = import_(workspace, file=str(file))
        assert (again.result["annotations"], again.result["corrected"]) == (0, 0)
        write_jsonl(file, [ROWS[0] | {"verdict": "CATASTROPHIC", "severity": 2}, *ROWS[1:]])
        corrected = import_(workspace, file=str(file))
        assert (corrected.result["annotations"], corrected.result["corrected"]) == (1, 1)
        assert corrected.outputs["annotations"] == "1"
        assert "1 annotations (1 of them corrections)" in corrected.text
        stored = workspace.store.snippets()
        assert workspace.verdicts([stored[0].id, stored[1].id]) == {
            stored[0].id: Verdict.CATASTROPHIC,
            stored[1].id: Verdict.SAFE,
        }
        assert [a.judgement.verdict.value for a in workspace.store.annotations()[stored[0].id]] == [
            "SAFE",
            "CATASTROPHIC",
        ]
        assert import_(workspace, file=str(file)).result["annotations"] == 0
        write_jsonl(file, [ROWS[0] | {"verdict": "CATASTROPHIC", "severity": 4}, *ROWS[1:]])
        assert import_(workspace, file=str(file)).result["corrected"] == 1
        assert workspace.examples(stored[:1])[0].severity == 4
        back = write_jsonl(tmp_path / "back.jsonl", ROWS)
        assert import_(workspace, file=str(back), annotator="file:labels.jsonl").result["corrected"] == 1
        assert workspace.verdicts([stored[0].id])[stored[0].id] is Verdict.SAFE


def test_two_verdicts_by_one_annotator_are_refused(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "labels.jsonl", [*ROWS, ROWS[2] | {"verdict": "CATASTROPHIC"}])
    with opened(tmp_path / "w") as workspace:
        with pytest.raises(InputError) as refused:
            import_(workspace, file=str(file))
        assert "labels.jsonl:3 and " in str(refused.value) and "labels.jsonl:7:" in str(refused.value)
        assert "says SAFE and CATASTROPHIC" in str(refused.value)
        assert workspace.store.count_snippets() == 0
        two = [row | {"annotator": "a"} for row in ROWS] + [
            ROWS[2] | {"verdict": "CATASTROPHIC", "annotator": "b"}
        ]
        assert import_(workspace, file=str(write_jsonl(file, two))).result["annotations"] == 7


def test_near_duplicates_across_splits_are_said(tmp_path: Path) -> None:
    tale = "The old man went down to the harbour in the rain to look for his lost boat and the nets in it."
    rows: list[dict[str, object]] = [
        {"prompt": tale, "completion": "He sat there.", "family": "a", "split": "train"},
        {"prompt": "Nothing like it.", "completion": "She slept.", "family": "b", "split": "test"},
    ]
    with opened(tmp_path / "w") as workspace:
        first = import_(workspace, file=str(write_jsonl(tmp_path / "one.jsonl", rows)))
        assert first.result["crossing"] == "" and "almost the same" not in first.text
        again = [{"prompt": tale, "completion": "He sat there now.", "family": "c", "split": "test"}]
        second = import_(workspace, file=str(write_jsonl(tmp_path / "two.jsonl", again)))
        assert "1 pairs of texts in two splits are almost the same" in second.text
        assert "give them one family" in second.text
        third = import_(workspace, file=str(tmp_path / "two.jsonl"))
        assert third.result["crossing"] == ""
