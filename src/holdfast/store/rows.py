"""Row <-> value, spelled out field by field: what a table holds is what the type says, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from holdfast.types import (
    Annotation,
    AttackResult,
    AttackSession,
    AttackStep,
    CheckpointRef,
    Edit,
    Job,
    JobState,
    Judgement,
    Outcome,
    Rate,
    Round,
    RoundState,
    RunRecord,
    RunStatus,
    Snippet,
    Source,
    Split,
    StoredMeasurement,
    StoredSnippet,
    Threshold,
    Verdict,
)

__all__ = [
    "Row",
    "from_annotation",
    "from_checkpoint",
    "from_run",
    "from_session",
    "from_snippet",
    "from_step",
    "from_threshold",
    "to_annotation",
    "to_checkpoint",
    "to_job",
    "to_measurement",
    "to_round",
    "to_run",
    "to_session",
    "to_snippet",
    "to_step",
    "to_threshold",
]

Values = dict[str, Any]
"""Column -> value, to write."""
Row = RowMapping | Mapping[str, Any]
"""Column -> value, as read."""

_SOURCES = {one.value: one for one in Source}
_SPLITS = {one.value: one for one in Split}
_VERDICTS = {one.value: one for one in Verdict}


def from_snippet(stored: StoredSnippet) -> Values:
    """A row of `snippets`."""
    return {
        "id": stored.snippet.id,
        "prompt": stored.snippet.prompt,
        "completion": stored.snippet.completion,
        "source": stored.source.value,
        "split": stored.split.value,
        "family": stored.family,
        "parent_id": stored.parent_id,
        "round": stored.round,
        "group": stored.group,
        "log_weight": stored.log_weight,
        "inclusion": stored.inclusion,
    }


def to_snippet(row: Row) -> StoredSnippet:
    """Of a row of `snippets`."""
    return StoredSnippet(
        snippet=Snippet(prompt=row["prompt"], completion=row["completion"]),
        source=_SOURCES[row["source"]],
        split=_SPLITS[row["split"]],
        family=row["family"],
        parent_id=row["parent_id"],
        round=row["round"],
        group=row["group"],
        log_weight=row["log_weight"],
        inclusion=row["inclusion"],
    )


def from_annotation(annotation: Annotation, now: datetime, key: str | None = None) -> Values:
    """A row of `annotations`; `now` where it has no time of its own."""
    return {
        "snippet_id": annotation.snippet_id,
        "annotator": annotation.annotator,
        "verdict": annotation.judgement.verdict.value,
        "severity": annotation.judgement.severity,
        "strategy": annotation.judgement.strategy,
        "reason": annotation.judgement.reason,
        "guidelines": annotation.guidelines,
        "seconds": annotation.seconds,
        "at": annotation.at or now,
        "key": key,
    }


def to_annotation(row: Row) -> Annotation:
    """Of a row of `annotations`."""
    return Annotation(
        snippet_id=row["snippet_id"],
        annotator=row["annotator"],
        judgement=Judgement(
            verdict=_VERDICTS[row["verdict"]],
            severity=row["severity"],
            strategy=row["strategy"],
            reason=row["reason"],
        ),
        guidelines=row["guidelines"],
        seconds=row["seconds"],
        at=row["at"],
    )


def from_session(session: AttackSession, now: datetime, key: str | None) -> Values:
    """A row of `sessions`; its steps and its end are rows of their own."""
    parent = session.result.parent
    return {
        "key": key,
        "attacker": session.attacker,
        "attack": session.result.attack,
        "target": session.target,
        "round": session.round,
        "purpose": session.purpose,
        "parent_id": parent.id,
        "prompt": parent.prompt,
        "completion": parent.completion,
        "started": session.started or now,
    }


def to_session(row: Row, steps: Sequence[AttackStep]) -> AttackSession:
    """Of a row of `sessions` joined with its end.

    Without an end it stands as FAILED so far, with the queries and seconds of its last step: an abandoned
    search counts as time spent on nothing.
    """
    last = steps[-1] if steps else None
    ended = row["outcome"] is not None
    return AttackSession(
        attacker=row["attacker"],
        target=row["target"],
        round=row["round"],
        purpose=row["purpose"],
        result=AttackResult(
            attack=row["attack"],
            parent=Snippet(prompt=row["prompt"], completion=row["completion"]),
            steps=tuple(steps),
            outcome=Outcome(row["outcome"]) if ended else Outcome.FAILED,
            queries=row["queries"] if ended else (last.queries if last else 0),
            seconds=row["seconds"] if ended else (last.seconds if last else 0.0),
            screens=row["screens"] if ended else 0,
            draws=row["draws"] if ended else 0,
        ),
        id=row["id"],
        started=row["started"],
    )


def from_step(step: AttackStep, session_id: int, number: int) -> Values:
    """A row of `steps`."""
    return {
        "session_id": session_id,
        "number": number,
        "prompt": step.snippet.prompt,
        "completion": step.snippet.completion,
        "logit": step.logit,
        "edit": None if step.edit is None else asdict(step.edit),
        "queries": step.queries,
        "seconds": step.seconds,
    }


def to_step(row: Row) -> AttackStep:
    """Of a row of `steps`."""
    return AttackStep(
        snippet=Snippet(prompt=row["prompt"], completion=row["completion"]),
        logit=row["logit"],
        edit=None if row["edit"] is None else Edit(**row["edit"]),
        queries=row["queries"],
        seconds=row["seconds"],
    )


def to_round(row: Row) -> Round:
    """Of a row of `rounds`."""
    return Round(number=row["number"], target=row["target"], state=RoundState(row["state"]))


def from_checkpoint(ref: CheckpointRef) -> Values:
    """A row of `checkpoints`, without its time."""
    return asdict(ref)


def to_checkpoint(row: Row) -> CheckpointRef:
    """Of a row of `checkpoints`."""
    return CheckpointRef(
        name=row["name"],
        kind=row["kind"],
        path=row["path"],
        sha256=row["sha256"],
        dtype=row["dtype"],
        max_length=row["max_length"],
        run_id=row["run_id"],
    )


def from_threshold(threshold: Threshold) -> Values:
    """A row of `thresholds`, without its name and time."""
    return asdict(threshold)


def to_threshold(row: Row) -> Threshold:
    """Of a row of `thresholds`."""
    return Threshold(
        value=row["value"],
        rule=row["rule"],
        acceptance=Rate(**row["acceptance"]),
        checkpoint_sha256=row["checkpoint_sha256"],
        dtype=row["dtype"],
        max_length=row["max_length"],
        characters=row["characters"],
    )


def to_measurement(row: Row) -> StoredMeasurement:
    """Of a row of `measurements`."""
    return StoredMeasurement(
        kind=row["kind"],
        target=row["target"],
        round=row["round"],
        population=row["population"],
        result=row["result"],
        run_id=row["run_id"],
        id=row["id"],
        at=row["at"],
    )


def from_run(record: RunRecord, now: datetime) -> Values:
    """A row of `runs`; `now` where the record has no start."""
    return asdict(record) | {"status": record.status.value, "started": record.started or now}


def to_run(row: Row) -> RunRecord:
    """Of a row of `runs`."""
    values = {name: value for name, value in row.items() if name != "seq"}
    return RunRecord(**values | {"status": RunStatus(row["status"])})


def to_job(row: Row) -> Job:
    """Of a row of `jobs`."""
    return Job(
        id=row["id"],
        kind=row["kind"],
        arguments=row["arguments"],
        state=JobState(row["state"]),
        worker=row["worker"],
        attempts=row["attempts"],
        done=row["done"],
        total=row["total"],
        message=row["message"],
        created=row["created"],
        lease_until=row["lease_until"],
        finished=row["finished"],
    )
