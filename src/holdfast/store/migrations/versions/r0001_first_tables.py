"""The first tables.

Everything is spelled out here, names of constraints included, so that later changes of the package cannot
change what this revision does.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.store.guards import append_only, fixed_columns

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def _key(name: str = "seq") -> sa.Column[Any]:
    return sa.Column(name, _KEY, autoincrement=True, nullable=False)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def upgrade() -> None:
    """Create all tables, their indexes and the triggers that refuse changes."""
    _snippets()
    _annotations()
    _sessions()
    _targets()
    _rounds()
    _runs()
    _jobs()
    dialect = op.get_bind().dialect.name
    for statement in _guards(dialect):
        op.execute(sa.text(statement))


def _guards(dialect: str) -> list[str]:
    found = fixed_columns(dialect, "families", ("id", "split"))
    fixed = ("seq", "id", "prompt", "completion", "source", "split", "family", "parent_id", "round")
    found += fixed_columns(dialect, "snippets", fixed)
    for table in ("annotations", "sessions", "steps", "session_ends"):
        found += append_only(dialect, table)
    for table in ("checkpoints", "thresholds", "measurements"):
        found += append_only(dialect, table)
    return found


def _snippets() -> None:
    op.create_table(
        "families",
        *_text("id", "split"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_families")),
        sa.UniqueConstraint("id", "split", name=op.f("uq_families_id_split")),
        _one_of("families", "split", "train", "validation", "test"),
    )
    op.create_table(
        "snippets",
        _key(),
        *_text("id", "prompt", "completion", "source", "split", "family"),
        sa.Column("parent_id", sa.Text(), nullable=True),
        *_whole("round"),
        *_text("group"),
        sa.Column("log_weight", sa.Double(), nullable=True),
        sa.Column("inclusion", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_snippets")),
        sa.UniqueConstraint("id", name=op.f("uq_snippets_id")),
        sa.ForeignKeyConstraint(
            ["family", "split"], ["families.id", "families.split"], name=op.f("fk_snippets_family_split")
        ),
        _one_of("snippets", "source", "natural", "tilted", "imported", "attack", "twin"),
    )
    op.create_index(op.f("ix_snippets_group"), "snippets", ["group"])
    op.create_index(op.f("ix_snippets_family"), "snippets", ["family"])
    op.create_index(op.f("ix_snippets_split_source"), "snippets", ["split", "source"])


def _annotations() -> None:
    op.create_table(
        "annotations",
        _key(),
        *_text("snippet_id", "annotator", "verdict"),
        *_whole("severity"),
        *_text("strategy", "reason", "guidelines"),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_annotations")),
        sa.ForeignKeyConstraint(["snippet_id"], ["snippets.id"], name=op.f("fk_annotations_snippet_id")),
        sa.UniqueConstraint("key", name=op.f("uq_annotations_key")),
        _one_of("annotations", "verdict", "SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE"),
        sa.CheckConstraint("severity BETWEEN 0 AND 4", name=op.f("ck_annotations_severity")),
    )
    op.create_index(op.f("ix_annotations_snippet_id_annotator"), "annotations", ["snippet_id", "annotator"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        _key("id"),
        sa.Column("key", sa.Text(), nullable=True),
        *_text("attacker", "attack", "target"),
        *_whole("round"),
        *_text("purpose", "parent_id", "prompt", "completion"),
        sa.Column("started", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("key", name=op.f("uq_sessions_key")),
        _one_of("sessions", "purpose", "train", "measure"),
    )
    op.create_index(op.f("ix_sessions_target_round_purpose"), "sessions", ["target", "round", "purpose"])
    op.create_table(
        "steps",
        _key(),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        *_whole("number"),
        *_text("prompt", "completion"),
        sa.Column("logit", sa.Double(), nullable=True),
        sa.Column("edit", sa.Text(), nullable=True),
        *_whole("queries"),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_steps")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_steps_session_id")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_steps_session_id_number")),
    )
    op.create_table(
        "session_ends",
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        *_text("outcome"),
        *_whole("queries"),
        sa.Column("seconds", sa.Double(), nullable=False),
        *_whole("screens"),
        sa.Column("ended", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_ends")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_session_ends_session_id")),
        _one_of("session_ends", "outcome", "candidate", "failed", "skipped"),
    )


def _targets() -> None:
    op.create_table(
        "checkpoints",
        _key(),
        *_text("name", "kind", "path", "sha256", "dtype"),
        *_whole("max_length"),
        *_text("run_id"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_checkpoints")),
    )
    op.create_index(op.f("ix_checkpoints_name"), "checkpoints", ["name"])
    op.create_table(
        "thresholds",
        _key(),
        *_text("name"),
        sa.Column("value", sa.Double(), nullable=True),
        *_text("rule", "acceptance", "checkpoint_sha256", "dtype"),
        *_whole("max_length"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_thresholds")),
    )
    op.create_index(op.f("ix_thresholds_name"), "thresholds", ["name"])


def _rounds() -> None:
    states = ("open", "attacked", "annotated", "trained", "calibrated", "measured")
    op.create_table(
        "rounds",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *_text("target", "state"),
        sa.Column("opened", _TIME, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rounds")),
        _one_of("rounds", "state", *states),
    )
    op.create_table(
        "measurements",
        _key("id"),
        *_text("kind", "target"),
        *_whole("round"),
        *_text("population", "result", "run_id"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index(op.f("ix_measurements_target_kind"), "measurements", ["target", "kind"])


def _runs() -> None:
    op.create_table(
        "runs",
        _key(),
        *_text("id", "command", "arguments", "config"),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        *_text("revision", "packages", "platform", "inputs", "outputs", "status"),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("finished", _TIME, nullable=True),
        sa.Column("cpu_seconds", sa.Double(), nullable=True),
        *_text("message"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_runs")),
        sa.UniqueConstraint("id", name=op.f("uq_runs_id")),
        _one_of("runs", "status", "running", "done", "failed", "interrupted"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _key(),
        *_text("id", "kind", "arguments", "state", "worker"),
        *_whole("attempts"),
        sa.Column("lease_seconds", sa.Double(), nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        *_whole("done", "total"),
        *_text("message"),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("finished", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
        _one_of("jobs", "state", "queued", "running", "done", "failed"),
    )
    op.create_index(op.f("ix_jobs_state"), "jobs", ["state"])
