"""`holdfast suite` and `holdfast replay` as a user runs them: killed and resumed, told, replayed, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_kill import rows
from tests.spine import holdfast, kill_when

SUITE = ("suite", "--queries", "100", "--parents", "6")
FILES = ("reports/suite-3-baseline-100.svg", "reports/suite-3-baseline-100-hits.jsonl")
TRAINED = ("--set", "attack.methods={beam=1, genetic=1}")


def told(folder: Path) -> dict[str, Any]:
    """The result, without seconds and places."""
    result: dict[str, Any] = json.loads(holdfast(*SUITE, "--json", cwd=folder).stdout)
    for row in [*result["table"], *result["rows"]]:
        row.pop("cpu_seconds")
    result["files"] = [(folder / name).read_text(encoding="utf-8") for name in FILES]
    return {k: v for k, v in result.items() if k not in ("figure", "hits")}


@pytest.fixture(scope="module")
def done(baseline: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace in which the suite was run, and what it told."""
    folder = Path(shutil.copytree(baseline, tmp_path_factory.mktemp("suite") / "w"))
    return folder, told(folder)


def test_the_table_has_a_row_a_method_and_the_union(done: tuple[Path, dict[str, Any]]) -> None:
    _, result = done
    table = result["table"]
    assert [r["method"] for r in table][-1] == "union" and len(table) == 7
    *methods, union = table
    assert max(r["distinct"] for r in methods) <= union["distinct"] <= sum(r["distinct"] for r in methods)
    assert union["verified"] > 0 and union["queries"] == sum(r["queries"] for r in methods)
    assert len(result["curves"]) == 7 and result["screened"] is True
    hits = [json.loads(line) for line in result["files"][1].splitlines()]
    assert len({h["steps"][-1]["completion"] + h["steps"][-1]["prompt"] for h in hits}) == union["candidates"]


def test_killed_and_run_again_it_tells_the_same(done: tuple[Path, dict[str, Any]], workspace: Path) -> None:
    assert kill_when(
        lambda: len(rows(workspace, "select session_id from session_ends")) >= 3, *SUITE, cwd=workspace
    )
    there = len(rows(workspace, "select id from sessions"))
    assert 3 <= there < 36
    assert told(workspace) == done[1]
    assert len(rows(workspace, "select id from sessions")) == 36


def test_a_suite_is_no_measurement_and_no_training_data(done: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = done
    assert rows(folder, "select distinct purpose, round from sessions") == [("measure", -1)]
    assert rows(folder, "select count(*) from snippets where source = 'attack' and split <> 'test'") == [(0,)]
    shown = holdfast("attack", "--parents", "2", cwd=folder).stdout
    assert "of 2 parents broken" in shown or "of 1 parents broken" in shown


def test_the_log_replays_and_a_changed_one_is_refused(
    done: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, result = done
    again = json.loads(holdfast("replay", FILES[1], "--json", cwd=folder).stdout)
    assert again["differences"] == [] and again["hits"] > 0 and again["other_weights"] == 0
    hits = [json.loads(line) for line in result["files"][1].splitlines()]
    hits[0]["steps"][0]["logit"] += 1
    log = tmp_path / "changed.jsonl"
    log.write_text("\n".join(json.dumps(h) for h in hits) + "\n", encoding="utf-8")
    changed = holdfast("replay", str(log), cwd=folder, check=False)
    assert changed.returncode == 3 and "hit 1, step 0: logit" in changed.stdout
    log.write_text("not json\n", encoding="utf-8")
    broken = holdfast("replay", str(log), cwd=folder, check=False)
    assert broken.returncode == 1 and "expected: a log by `holdfast suite`" in broken.stderr


def test_training_is_refused_what_is_held_out(done: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = done
    before = rows(folder, "select count(*) from sessions")
    for command in (["round", "open"], ["round", "run", "1"], ["attack", "--purpose", "train"]):
        refused = holdfast(*TRAINED, *command, cwd=folder, check=False)
        assert refused.returncode == 2, refused.stderr
        assert "genetic" in refused.stderr and "holds out" in refused.stderr
    assert rows(folder, "select count(*) from rounds") == [(0,)]
    assert rows(folder, "select count(*) from sessions") == before


@pytest.mark.parametrize(
    ("option", "part"), [(("--queries", "200"), "100, 300, 1000, 3000"), (("--seeds", "4"), "1 to 3")]
)
def test_what_the_suite_does_not_have(workspace: Path, option: tuple[str, str], part: str) -> None:
    refused = holdfast("suite", *option, cwd=workspace, check=False)
    assert refused.returncode == 2 and part in refused.stderr and "Traceback" not in refused.stderr


def test_people_are_waited_for(workspace: Path) -> None:
    people = ("--set", 'annotator.name="people"')
    shown = holdfast(*people, "suite", "--queries", "100", "--parents", "2", cwd=workspace).stdout
    assert "wait for labels by people" in shown
    assert "holdfast annotate --group attack-suite-baseline --export FILE" in shown
