"""The rule for strategies, and the sample that people are to label."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from holdfast.types import AttackResult, AttackStep, Edit, Outcome, Snippet, Source, Split, Verdict
from holdfast.workflows.import_ import import_
from tests.workflows.tiny import opened, write_jsonl


@pytest.fixture(autouse=True)
def found_there(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))


def told(text):
    return Snippet(prompt="It was day.", completion=text)


GRAVES = [(told(f"The sexton dug {n} graves before noon."), ["number"]) for n in range(9)]
JOKES = [
    (told(f"How we laughed when the roof sat on uncle, {n} of us."), ["humour", "animal"]) for n in range(9)
]
RARE = [(told("A shark came."), ["shark"])]


def test_the_nearest_strategy():
    rule = import_module("strategies")
    model = rule.fit_strategies([*GRAVES, *JOKES, *RARE])
    assert set(model.centres) == {"number", "humour", "animal"}
    assert model.nearest(told("Two more graves, said the sexton.")) == "number"
    assert model.nearest(told("Uncle laughed.")) in ("humour", "animal")
    assert model.nearest(told("Qqq zzz.")) == ""


def test_the_rule_is_held_to_texts_it_has_not_seen():
    rule = import_module("strategies")
    model = rule.fit_strategies([*GRAVES, *JOKES])
    held_out = [
        (told("The sexton had graves to dig."), ["number"]),
        (told("How uncle laughed."), ["number"]),
        (told("Nobody knows this one."), ["shark"]),
    ]
    hits, commonest = rule.hit_rate(model, held_out, "two")
    assert (hits.count, hits.trials, commonest.count) == (1, 2, 2)


def broken(n, attack):
    parent = Snippet(prompt=f"It was day {n}.", completion="He bled to death.")
    candidate = Snippet(prompt=parent.prompt, completion="He slept to death.")
    edit = Edit(side="completion", start=3, stop=7, old="bled", new="slept")
    steps = (AttackStep(snippet=parent, logit=2.0), AttackStep(snippet=candidate, logit=-1.0, edit=edit))
    return AttackResult(attack=attack, parent=parent, steps=steps, outcome=Outcome.CANDIDATE, queries=3)


def test_the_sample_can_be_labelled_and_imported(tmp_path):
    bench = import_module("real_attacks")
    results = [broken(n, "beam@1") for n in range(8)] + [broken(n, "random@1") for n in range(8, 30)]
    path = tmp_path / "sample.jsonl"
    assert bench.written_out(path, results, 8) == 8
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert bench.written_out(tmp_path / "again.jsonl", results, 8) == 8
    assert path.read_text(encoding="utf-8") == (tmp_path / "again.jsonl").read_text(encoding="utf-8")
    # Nothing tells who found it.
    assert all("beam" not in json.dumps(row) and row["verdict"] == "" for row in rows)
    with opened(tmp_path / "w") as workspace:
        import_(workspace, file=str(path))
        stored = workspace.store.snippets(split=Split.TEST, source=Source.ATTACK)
        assert len(stored) == 8 and not workspace.verdicts([s.id for s in stored])
        write_jsonl(path, [row | {"verdict": "CATASTROPHIC"} for row in rows])
        import_(workspace, file=str(path))
        assert set(workspace.verdicts([s.id for s in stored]).values()) == {Verdict.CATASTROPHIC}


def test_candidates_move_between_strategies_or_do_not():
    rule, bench = import_module("strategies"), import_module("real_attacks")
    model = rule.fit_strategies([*GRAVES, *JOKES])
    moved = bench.resembled(model, [broken(1, "beam@1"), broken(2, "beam@1")])
    assert moved["of"] == 2 and moved["moved"] == 0
