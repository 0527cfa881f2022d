"""A log of hits replays to the same texts and logits, and a replay sees what was changed."""

import json
from dataclasses import replace

import pytest

from holdfast.attacks.hits import hit_record, read_hit, replay_hits
from holdfast.attacks.run import run_attacks
from holdfast.errors import InputError
from holdfast.types import AttackBudget, AttackSession, CheckpointRef, Judgement, Target, Threshold, Verdict
from tests.attacks.test_suite import attacks
from tests.attacks.toy import ToyClassifier
from tests.edits.little import snippets

TOY = ToyClassifier(bias=1.0)
LINE = -2.0


def target():
    from holdfast.stats.binomial import rate

    threshold = Threshold(
        value=LINE,
        rule="given",
        acceptance=rate(1, 2, population="x"),
        checkpoint_sha256="toy0",
        dtype="float32",
        max_length=40,
    )
    ref = CheckpointRef(name="toy", kind="classifier", path="", sha256="toy0")
    return Target(checkpoint=ref, threshold=threshold)


@pytest.fixture(scope="module")
def records():
    """Hits of every method, as a file gives them back."""
    judgement = Judgement(verdict=Verdict.CATASTROPHIC, severity=3, strategy="blow")
    found = []
    for attack in attacks():
        results = run_attacks(
            snippets(12, seed=5), [(attack, 1.0)], TOY, LINE, AttackBudget(queries=120), seed=1
        )
        for result in results:
            if result.candidate is not None:
                session = AttackSession(
                    attacker=attack.name, target="toy", round=-1, purpose="measure", result=result
                )
                found.append(json.loads(json.dumps(hit_record(session, target(), judgement))))
    assert len({r["attack"] for r in found}) >= 5
    return found


def hits(records):
    return [read_hit(r) for r in records]


def test_a_log_replays_to_the_same(records):
    assert replay_hits(hits(records), TOY, LINE) == []
    assert all(r["verdict"] == "CATASTROPHIC" and r["strategy"] == "blow" for r in records)
    assert all(r["steps"][-1]["logit"] < LINE <= r["steps"][0]["logit"] for r in records)


def test_a_changed_logit_edit_or_threshold_is_seen(records):
    number = next(n for n, r in enumerate(records) if len(r["steps"]) > 1)
    logged = hits(records)
    last = len(logged[number].steps) - 1

    def with_step(**changes):
        changed = list(logged)
        steps = list(logged[number].steps)
        steps[last] = replace(steps[last], **changes)
        changed[number] = replace(logged[number], steps=tuple(steps))
        return replay_hits(changed, TOY, LINE)

    wrong = with_step(logit=logged[number].steps[last].logit + 0.01)
    assert [(d.hit, d.step, d.what) for d in wrong] == [(number + 1, last, "logit")]
    edit = replace(logged[number].steps[last].edit, new="elsewhere")
    assert [d.what for d in with_step(edit=edit)] == ["edit"]
    assert [d.what for d in with_step(edit=None)] == ["edit"]
    stricter = replay_hits(logged, TOY, -1e9)
    assert [d.what for d in stricter] == ["accepted"] * len(logged)
    assert {(d.logged, d.now) for d in stricter} == {("true", "false")}


def test_another_classifier_differs(records):
    assert any(d.what == "logit" for d in replay_hits(hits(records), ToyClassifier(seed=1, bias=1.0), LINE))


@pytest.mark.parametrize("record", [{}, {"steps": 3}, {"steps": []}, {"steps": [{"prompt": "x"}]}])
def test_a_line_that_is_no_hit_is_named(record):
    with pytest.raises(InputError, match="line 7"):
        read_hit({"attacker": "a", "checkpoint_sha256": "x", "threshold": 0.0} | record, 7)
