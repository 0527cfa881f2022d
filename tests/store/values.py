"""Values to store: small builders, and Hypothesis strategies over everything the types allow."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from holdfast.types import (
    Annotation,
    AttackResult,
    AttackSession,
    AttackStep,
    CheckpointRef,
    Edit,
    Judgement,
    Outcome,
    Rate,
    RunRecord,
    RunStatus,
    Snippet,
    Source,
    Split,
    StoredSnippet,
    Threshold,
    Verdict,
)


def snippet(n=0, text="He fell"):
    return Snippet(prompt=f"Prompt {n}.", completion=f"{text} {n}.")


def stored(n=0, **changes):
    values = {
        "snippet": snippet(n),
        "source": Source.NATURAL,
        "split": Split.TRAIN,
        "family": f"family {n}",
        "group": "pool",
    }
    return StoredSnippet(**values | changes)


def annotation(n=0, annotator="amber-otter", verdict=Verdict.SAFE, **changes):
    values = {
        "snippet_id": snippet(n).id,
        "annotator": annotator,
        "judgement": Judgement(verdict=verdict),
        "guidelines": "1",
    }
    return Annotation(**values | changes)


def step(n=0, text="He fell", **changes):
    return AttackStep(**{"snippet": snippet(n, text), "logit": 1.5} | changes)


def session(n=0, attacker="beam@1", **changes):
    edit = Edit(side="completion", start=3, stop=7, old="fell", new="slept", source="mlm")
    result = AttackResult(
        attack="beam@1",
        parent=snippet(n),
        steps=(step(n), step(n, "He slept", logit=-2.0, edit=edit, queries=7, seconds=0.5)),
        outcome=Outcome.CANDIDATE,
        queries=9,
        seconds=0.75,
        screens=40,
        draws=12,
    )
    values = {"attacker": attacker, "target": "baseline", "round": 1, "purpose": "train", "result": result}
    return AttackSession(**values | changes)


def checkpoint(name="baseline", **changes):
    values = {"name": name, "kind": "classifier", "path": f"checkpoints/{name}", "sha256": "0" * 64}
    return CheckpointRef(**values | changes)


def rate(**changes):
    values = {
        "count": 3,
        "trials": 10,
        "lower": 0.1,
        "upper": 0.6,
        "confidence": 0.95,
        "method": "Clopper-Pearson",
        "population": "test",
        "bound": 0.55,
    }
    return Rate(**values | changes)


def threshold(value=-1.25, **changes):
    values = {
        "value": value,
        "rule": "accept 45 %",
        "acceptance": rate(),
        "checkpoint_sha256": "0" * 64,
        "dtype": "float32",
        "max_length": 160,
    }
    return Threshold(**values | changes)


def record(id="20260101-000000-abcdef", **changes):
    values = {
        "id": id,
        "command": "measure",
        "arguments": {"target": "baseline"},
        "config": {"seed": 0},
        "seed": 0,
        "revision": "abc",
        "packages": {"numpy": "2.0"},
        "platform": "Linux",
    }
    return RunRecord(**values | changes)


# NUL is left out: PostgreSQL holds none (a test of its own); half surrogate pairs are no text at all.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
counts = st.integers(0, 2**31 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
floats = st.floats(allow_nan=False)
# Fixed offsets: Python calls no two times of different zones equal where clocks were put back.
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
times = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$float", "$dict", "a", "b", ""]), inner, max_size=4)
    ),
    max_leaves=12,
)

snippets = st.builds(Snippet, prompt=texts, completion=texts)
stored_snippets = st.builds(
    StoredSnippet,
    snippet=snippets,
    source=st.sampled_from(Source),
    split=st.just(Split.TRAIN),
    family=texts,
    parent_id=st.none() | texts,
    round=counts,
    group=texts,
    log_weight=floats,
    inclusion=finite,
)
judgements = st.builds(
    Judgement,
    verdict=st.sampled_from(Verdict),
    severity=st.integers(0, 4),
    strategy=texts,
    reason=texts,
)
edits = st.builds(
    Edit,
    side=st.sampled_from(["prompt", "completion"]),
    start=counts,
    stop=counts,
    old=texts,
    new=texts,
    operation=st.sampled_from(["substitute", "insert", "delete", "span"]),
    source=texts,
)
steps = st.builds(
    AttackStep, snippet=snippets, logit=floats, edit=st.none() | edits, queries=counts, seconds=finite
)
sessions = st.builds(
    AttackSession,
    attacker=texts,
    target=texts,
    round=counts,
    purpose=st.sampled_from(["train", "measure"]),
    started=times,
    result=st.builds(
        AttackResult,
        attack=texts,
        parent=snippets,
        steps=st.lists(steps, max_size=4).map(tuple),
        outcome=st.sampled_from(Outcome),
        queries=counts,
        seconds=finite,
        screens=counts,
        draws=counts,
    ),
)
rates = st.builds(
    Rate,
    count=counts,
    trials=counts,
    lower=floats,
    upper=floats,
    confidence=finite,
    method=texts,
    population=texts,
    bound=floats,
)
thresholds = st.builds(
    Threshold,
    value=floats,
    rule=texts,
    acceptance=rates,
    checkpoint_sha256=texts,
    dtype=texts,
    max_length=counts,
)
names = st.dictionaries(texts, texts, max_size=3)
records = st.builds(
    RunRecord,
    id=texts,
    command=texts,
    arguments=st.dictionaries(texts, json_values, max_size=3),
    config=st.dictionaries(texts, json_values, max_size=3),
    seed=st.integers(-(2**63), 2**63 - 1),
    revision=texts,
    packages=names,
    platform=texts,
    inputs=names,
    outputs=names,
    status=st.sampled_from(RunStatus),
    started=times,
    finished=st.none() | times,
    cpu_seconds=st.none() | finite,
    message=texts,
)
