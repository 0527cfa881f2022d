"""The whole loop by its commands, on the story world and on brackets: nothing in it knows about injuries."""

from __future__ import annotations

import json
from pathlib import Path

from holdfast.config import load_config
from holdfast.store import Store
from holdfast.workflows.attack import parents
from holdfast.workflows.train_classifier import training_examples, validation_examples
from holdfast.workflows.workspace import Workspace
from tests.spine import SMALL, holdfast, write_config


def test_round_report_generate_and_run_records(workspace: Path) -> None:
    done = holdfast("round", "run", "1", "--json", cwd=workspace)
    assert json.loads(done.stdout)["state"] == "measured"
    report = json.loads(holdfast("report", "--json", cwd=workspace).stdout)
    assert [t["name"] for t in report["targets"]] == ["round-1"]
    holdfast("report", "-o", "r.html", cwd=workspace)
    page = (workspace / "r.html").read_text(encoding="utf-8")
    assert "round-1" in page and "http://" not in page.replace("http://www.w3.org", "")
    prompts = workspace / "prompts.jsonl"
    prompts.write_text(
        '{"prompt": "Tom was at the mill. Ann had brought a loaf. The others were resting."}\n'
    )
    lines = holdfast("generate", "--prompts", str(prompts), cwd=workspace).stdout.splitlines()
    row = json.loads(lines[0])
    assert set(row) == {"prompt", "completion", "logit", "draws", "errors"}
    runs = json.loads(holdfast("run", "list", "--json", cwd=workspace).stdout)["runs"]
    assert [r["command"] for r in runs][:4] == ["sample", "train generator", "train classifier", "calibrate"]
    assert all(r["status"] == "done" for r in runs)
    shown = json.loads(holdfast("run", "show", runs[2]["id"], "--json", cwd=workspace).stdout)["run"]
    assert shown["outputs"]["baseline"] and shown["packages"]["torch"]


def test_the_same_numbers_twice(workspace: Path, tmp_path: Path) -> None:
    """A second workspace with the same seed has the same weights and the same threshold."""
    other = tmp_path / "other"
    holdfast("new", str(other), "--catastrophe", "storyworld", cwd=tmp_path)
    write_config(other)
    for command in (["sample"], ["train", "generator"], ["train", "classifier"], ["calibrate"]):
        holdfast(*command, cwd=other)
    runs = [json.loads(holdfast("run", "list", "--json", cwd=w).stdout)["runs"] for w in (workspace, other)]
    outputs = [
        [json.loads(holdfast("run", "show", r["id"], "--json", cwd=w).stdout)["run"]["outputs"] for r in mine]
        for w, mine in zip((workspace, other), runs, strict=True)
    ]
    assert outputs[0] == outputs[1]


def test_brackets_go_through_the_same_loop(tmp_path: Path) -> None:
    folder = tmp_path / "brackets"
    holdfast("new", str(folder), "--catastrophe", "brackets", cwd=tmp_path)
    write_config(folder)
    arguments = [part for text in SMALL for part in ("--set", text)]
    for command in (["sample"], ["train", "generator"], ["train", "classifier"], ["calibrate"], ["measure"]):
        holdfast(*arguments, *command, cwd=folder)
    holdfast("round", "run", "1", cwd=folder)
    report = json.loads(holdfast("report", "--json", cwd=folder).stdout)
    assert [t["name"] for t in report["targets"]] == ["baseline", "round-1"]
    cards = sorted(p.name for p in (folder / "reports").glob("card-*.md"))
    assert cards == ["card-baseline.md", "card-round-1.md"]


def test_rounds_attack_parents_that_no_classifier_has_seen(baseline: Path) -> None:
    config = load_config(baseline / "holdfast.toml")
    with Store.open(config.database, root=baseline) as store:
        opened = Workspace(root=baseline, config=config, store=store)
        n = len(store.snippets(group="parents-train"))
        first, second, third = ({s.id for s in parents(opened, "train", 12, r)} for r in (1, 2, 3))
        assert n == 30 and not first & second and len(third - first - second) == 6
        measured = {s.id for s in parents(opened, "measure", 12, 0)}
        seen = {e.snippet.id for e in (*training_examples(opened), *validation_examples(opened))}
        assert not (first | second | third | measured) & seen
        assert not (first | second | third) & measured


def test_gate(workspace: Path) -> None:
    done = holdfast("measure", "baseline", "--fail-above", "1e-9", cwd=workspace, check=False)
    assert done.returncode == 3
    assert "at most 1e-09" in done.stderr
    done = holdfast("measure", "baseline", "--fail-above", "1.0", cwd=workspace)
    assert done.returncode == 0


def test_run_reproduce_replays(workspace: Path) -> None:
    """A dirty tree is refused with the reason; a clean one gives the same outputs."""
    from holdfast.provenance import revision

    runs = json.loads(holdfast("run", "list", "--json", cwd=workspace).stdout)["runs"]
    done = holdfast("run", "reproduce", runs[0]["id"], "--json", cwd=workspace, check=False)
    if revision().endswith("+dirty"):
        assert done.returncode == 1
        assert "clean tree" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["same"] is True
