"""The tables. Private to this package: everybody else speaks to `Store`.

Growing numbers (`seq`) give insertion order. Tables in `APPEND_ONLY` refuse UPDATE and DELETE in the
database itself (see `guards`). A family is a row of its own with one split, and snippets refer to (family,
split): that no family crosses a split is a foreign key, not a convention.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from holdfast.store.columns import BigKey, JsonText, Logit, UtcDateTime
from holdfast.types import Outcome, RoundState, RunStatus, Source, Split, Verdict
from holdfast.types.job import JobState

__all__ = [
    "APPEND_ONLY",
    "FIXED_COLUMNS",
    "annotation_rows",
    "checkpoints",
    "families",
    "jobs",
    "measurements",
    "metadata",
    "one_of",
    "rounds",
    "runs",
    "session_ends",
    "sessions",
    "snippets",
    "steps",
    "thresholds",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


WORDS_OF_SQL = ("left",)
"""Columns that have to be quoted in text of our own."""


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """`column` holds one of `values`."""
    listed = ", ".join(f"'{str(value)}'" for value in values)
    shown = f'"{column}"' if column in WORDS_OF_SQL else column
    return CheckConstraint(f"{shown} IN ({listed})", name=column)


families = Table(
    "families",
    metadata,
    Column("id", Text, primary_key=True),
    Column("split", Text, nullable=False),
    UniqueConstraint("id", "split"),
    one_of("split", Split),
)

snippets = Table(
    "snippets",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("prompt", Text, nullable=False),
    Column("completion", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("parent_id", Text),
    Column("round", Integer, nullable=False),
    Column("group", Text, nullable=False),
    Column("log_weight", Logit),
    Column("inclusion", Double, nullable=False),
    ForeignKeyConstraint(["family", "split"], ["families.id", "families.split"]),
    one_of("source", Source),
    Index(None, "group"),
    Index(None, "family"),
    Index(None, "split", "source"),
)

# Not `annotations`: that name belongs to the __future__ import.
annotation_rows = Table(
    "annotations",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("snippet_id", Text, ForeignKey("snippets.id"), nullable=False),
    Column("annotator", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("guidelines", Text, nullable=False),
    Column("seconds", Double),
    Column("at", UtcDateTime, nullable=False),
    Column("key", Text, unique=True),
    one_of("verdict", Verdict),
    CheckConstraint("severity BETWEEN 0 AND 4", name="severity"),
    Index(None, "snippet_id", "annotator"),
    Index(None, "annotator", "at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("key", Text, unique=True),
    Column("attacker", Text, nullable=False),
    Column("attack", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("parent_id", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("completion", Text, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    one_of("purpose", ("train", "measure")),
    Index(None, "target", "round", "purpose"),
)

steps = Table(
    "steps",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("session_id", BigInteger, ForeignKey("sessions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("completion", Text, nullable=False),
    Column("logit", Logit),
    Column("edit", JsonText),
    Column("queries", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    UniqueConstraint("session_id", "number"),
)

# How a session ended is a row of its own: the session row is never touched again.
session_ends = Table(
    "session_ends",
    metadata,
    Column("session_id", BigInteger, ForeignKey("sessions.id"), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("queries", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("screens", Integer, nullable=False),
    Column("ended", UtcDateTime, nullable=False),
    Column("draws", Integer, nullable=False, server_default="0"),
    one_of("outcome", Outcome),
)

rounds = Table(
    "rounds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened", UtcDateTime, nullable=False),
    Column("changed", UtcDateTime, nullable=False),
    one_of("state", RoundState),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("dtype", Text, nullable=False),
    Column("max_length", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "name"),
)

thresholds = Table(
    "thresholds",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("value", Logit),
    Column("rule", Text, nullable=False),
    Column("acceptance", JsonText, nullable=False),
    Column("checkpoint_sha256", Text, nullable=False),
    Column("dtype", Text, nullable=False),
    Column("max_length", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("characters", Text, nullable=False, server_default="keep"),
    Index(None, "name"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("population", Text, nullable=False),
    Column("result", JsonText, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "target", "kind"),
)

runs = Table(
    "runs",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("command", Text, nullable=False),
    Column("arguments", JsonText, nullable=False),
    Column("config", JsonText, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("revision", Text, nullable=False),
    Column("packages", JsonText, nullable=False),
    Column("platform", Text, nullable=False),
    Column("inputs", JsonText, nullable=False),
    Column("outputs", JsonText, nullable=False),
    Column("status", Text, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("finished", UtcDateTime),
    Column("cpu_seconds", Double),
    Column("message", Text, nullable=False),
    one_of("status", RunStatus),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("arguments", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_seconds", Double, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("finished", UtcDateTime),
    one_of("state", JobState),
    Index(None, "state"),
)

APPEND_ONLY = (
    "annotations",
    "sessions",
    "steps",
    "session_ends",
    "checkpoints",
    "thresholds",
    "measurements",
    "guideline_versions",
    "acknowledgements",
    "remarks",
    "test_items",
    "bench_sessions",
    "attack_events",
    "claims",
    "helps",
    "submissions",
    "pairs",
    "comparisons",
    "corrections",
    "audits",
    "repeats",
    "burdens",
)
"""Tables whose rows are never changed or removed."""

FIXED_COLUMNS = {
    "families": ("id", "split"),
    "snippets": ("seq", "id", "prompt", "completion", "source", "split", "family", "parent_id", "round"),
    "gold": ("snippet_id", "verdict", "severity", "author", "at"),
}
"""Tables whose rows are never removed, and the columns of them that never change."""
