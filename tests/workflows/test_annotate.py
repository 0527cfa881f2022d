"""What is exported to be labelled: as many as asked for, and the base rate comes back from the labels."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.annotation.selection import weighted_rate
from holdfast.errors import InputError
from holdfast.gather import verdicts
from holdfast.store.labelling import Labelling
from holdfast.types import Annotation, CheckpointRef, Judgement, Rate, Snippet, Threshold, Verdict
from holdfast.workflows.annotate import annotate, export_commands
from holdfast.workflows.execute import execute
from holdfast.workflows.import_ import import_
from holdfast.workflows.workspace import Workspace

from .tiny import fill_in, opened, texts, write_jsonl


def catastrophic(snippet: Snippet) -> bool:
    """One text in ten: those that hold the keyword."""
    return "bled" in snippet.completion


class Scores:
    """Knows something of the truth, and gives no score for one text."""

    name = "baseline"

    def score(self, snippets: Sequence[Snippet]) -> Any:
        if any(s.prompt == "It was day 7." for s in snippets):
            raise InputError("too long")
        return np.array([2.0 * catastrophic(s) + int(s.id[-4:], 16) / 2**16 for s in snippets])


class WithClassifier(Workspace):
    def classifier(self, name: str) -> Any:
        assert name == "baseline"
        return Scores()


def calibrated(workspace: Workspace) -> Workspace:
    """The workspace with a calibrated classifier."""
    ref = CheckpointRef(name="baseline", kind="classifier", path="checkpoints/baseline", sha256="0" * 64,
                        dtype="float32", max_length=64)  # fmt: skip
    rate = Rate(count=48, trials=100, lower=0.38, upper=0.58, bound=0.57, confidence=0.95,
                method="exact", population="texts")  # fmt: skip
    threshold = Threshold(value=1.0, rule="acceptance", acceptance=rate, checkpoint_sha256="0" * 64,
                          dtype="float32", max_length=64)  # fmt: skip
    workspace.store.add_checkpoint(ref)
    workspace.store.add_threshold("baseline", threshold)
    return WithClassifier(root=workspace.root, config=workspace.config, store=workspace.store)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_exactly_as_many_as_asked_for_with_their_probabilities(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        workspace.store.add_snippets(texts(100))
        file = tmp_path / "lab.csv"
        assert annotate(workspace, n=30, export=str(file)).result["selected"] == 30
        rows = read(file)
        written = {row["id"]: float(row["inclusion"]) for row in rows}
        stored = {s.id: s.inclusion for s in workspace.store.snippets(ids=list(written))}
        assert len(rows) == 30 and stored == written and len(set(written.values())) == 2
        assert [row["id"] for row in rows] != [s.id for s in workspace.store.snippets() if s.id in written]
        everything = annotate(workspace, n=200, export=str(tmp_path / "all.csv"))
        assert everything.result["selected"] == 100
        assert {s.inclusion for s in workspace.store.snippets()} == {1.0}
        # The file that was labelled says under which selection.
        fill_in(file, lambda row: "no")
        import_(workspace, file=str(file))
        assert {s.id: s.inclusion for s in workspace.store.snippets(ids=list(written))} == written
        left = annotate(workspace, n=0, export=str(tmp_path / "left.csv"))
        assert left.result["selected"] == 70


def test_a_calibrated_classifier_s_scores_are_used(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        workspace.store.add_snippets(texts(100))
        annotate(calibrated(workspace), n=20, export=str(tmp_path / "lab.csv"))
        chances = {float(row["inclusion"]) for row in read(tmp_path / "lab.csv")}
        assert len(chances) > 5


def test_a_wrong_probability_is_refused(tmp_path: Path) -> None:
    row: dict[str, object] = {"prompt": "One.", "completion": "He sat.", "verdict": "no", "inclusion": "2"}
    with opened(tmp_path / "w") as workspace:
        with pytest.raises(InputError, match=r"labels\.jsonl:1: inclusion '2'"):
            import_(workspace, file=str(write_jsonl(tmp_path / "labels.jsonl", [row])))
        assert workspace.store.count_snippets() == 0


def test_a_command_exports_the_waiting_candidates_only(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        candidates = [replace(s, round=1) for s in texts(5, group="attack-train-baseline")]
        ordinary = [replace(s, snippet=replace(s.snippet, prompt="Other.")) for s in texts(1)]
        workspace.store.add_snippets([*candidates, *ordinary])
        (command,) = export_commands(workspace, candidates)
        assert command == "holdfast annotate --group attack-train-baseline --export FILE"
        file = tmp_path / "lab.csv"
        annotate(workspace, group="attack-train-baseline", export=str(file))
        assert {row["id"] for row in read(file)} == {s.id for s in candidates}
        fill_in(file, lambda row: "no")
        import_(workspace, file=str(file))
        assert export_commands(workspace, candidates) == []


@pytest.mark.statistical
def test_the_base_rate_comes_back_from_the_store(tmp_path: Path) -> None:
    """Over 40 seeds: 40 of 200 selected, labelled by hand, imported; the rate of all 200 is 10 %."""
    with opened(tmp_path / "w") as workspace:
        workspace.store.add_snippets(texts(200))
        calibrated(workspace)
    estimates, plain, inside = [], [], 0
    for seed in range(40):
        shutil.copytree(tmp_path / "w", tmp_path / "copy")
        with opened(tmp_path / "copy", f"seed={seed}") as opened_copy:
            workspace = WithClassifier(
                root=opened_copy.root, config=opened_copy.config, store=opened_copy.store
            )
            file = tmp_path / "lab.csv"
            annotate(workspace, n=40, export=str(file))
            fill_in(file, lambda row: "yes" if "bled" in row["completion"] else "no")
            import_(workspace, file=str(file), yes=True)
            verdicts = workspace.verdicts([s.id for s in workspace.store.snippets()])
            labelled = workspace.store.snippets(ids=list(verdicts))
            assert len(labelled) == 40
            result = weighted_rate([verdicts[s.id].strict for s in labelled], [s.inclusion for s in labelled])
            estimates.append(result.estimate)
            plain.append(result.count / result.trials)
            inside += result.lower <= 0.1 <= result.upper
        shutil.rmtree(tmp_path / "copy")
        file.unlink()
    mean = math.fsum(estimates) / 40
    error = math.sqrt(math.fsum((x - mean) ** 2 for x in estimates) / 39 / 40)
    assert abs(mean - 0.1) < 3 * error
    assert math.fsum(plain) / 40 > 0.2
    assert inside >= 36


def test_the_selection_waits_in_the_workbench_for_so_many_labels(tmp_path: Path) -> None:
    """`annotate --queue`: probabilities are kept, what is queued stays as it is, a verdict waits for all."""
    with opened(tmp_path / "w") as workspace:
        store, desk = workspace.store, Labelling(workspace.store)
        store.add_snippets([*texts(100), *texts(4, group="other")][:102])
        first = execute(workspace, "annotate", {"n": 30, "queue": 2})
        assert first.result == {"queued": 30} and "2 labels each" in first.text
        ids = [s.id for s in store.snippets()]
        wanted = desk.wanted(ids)
        assert len(wanted) == 30 and set(wanted.values()) == {2}
        chances = {s.inclusion for s in store.snippets(ids=list(wanted))}
        assert len(chances) == 2 and min(chances) < 1
        assert desk.counts()[0].to_label == 30
        assert store.annotations() == {}, "nothing is judged"

        everything = annotate(workspace, queue=3)
        assert everything.result == {"queued": len(ids) - 30}
        assert annotate(workspace, queue=5).result == {"queued": 0}
        assert desk.wanted(list(wanted)) == wanted, "what waits keeps its number of labels"
        (one,) = [id for id, n in desk.wanted(ids).items() if n == 3][:1]
        for number, name in enumerate(("ada", "bea", "cai"), 1):
            store.add_annotations(
                [
                    Annotation(
                        snippet_id=one,
                        annotator=name,
                        judgement=Judgement(verdict=Verdict.SAFE),
                        guidelines="1",
                    )
                ]
            )
            assert verdicts(store, [one])[one] == (Verdict.SAFE if number == 3 else None)
        (record,) = [r for r in store.runs() if r.command == "annotate"]
        assert record.outputs == {"queued": "30"} and record.arguments == {"n": 30, "queue": 2}


def test_only_a_group_is_queued_and_what_is_judged_is_not(tmp_path: Path) -> None:
    with opened(tmp_path / "w") as workspace:
        store = workspace.store
        found = [replace(s, snippet=replace(s.snippet, prompt=f"Find {i}.")) for i, s in enumerate(texts(5))]
        store.add_snippets([*texts(5), *[replace(s, group="attack-train-baseline") for s in found]])
        said = Judgement(verdict=Verdict.SAFE)
        store.add_annotations(
            [Annotation(snippet_id=found[0].id, annotator="ada", judgement=said, guidelines="1")]
        )
        outcome = annotate(workspace, group="attack-train-baseline", queue=2)
        assert outcome.result == {"queued": 4}
        ids = [s.id for s in store.snippets()]
        assert Labelling(store).wanted(ids).keys() == {s.id for s in found[1:]}
