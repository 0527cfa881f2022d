"""Tables of the workbench: accounts, labelling, attacking, rating.

Spelled out, names of constraints included, as in the first revision.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.store.guards import append_only, fixed_columns

revision = "0004"
down_revision = "0003"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TIME, nullable=nullable) for name in names]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    shown = '"left"' if column == "left" else column  # A word of SQL.
    return sa.CheckConstraint(f"{shown} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Create the tables, their indexes and the triggers that refuse changes."""
    _people()
    _entering()
    _reading()
    _labelling()
    _attacking()
    _rating()
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def _guards(dialect: str) -> list[str]:
    found = fixed_columns(dialect, "gold", ("snippet_id", "verdict", "severity", "author", "at"))
    for table in (
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
    ):
        found += append_only(dialect, table)
    return found


def _people() -> None:
    op.create_table(
        "secret_values",
        *_text("name", "value"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret_values")),
    )
    op.create_table(
        "workers",
        *_text("name"),
        sa.Column("bot", sa.Boolean(), nullable=False),
        *_times("created"),
        *_text("preferences"),
        *_times("rested", nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "users",
        *_text("login", "worker", "password"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_users")),
        _refers("users", "worker", "workers.name"),
        sa.UniqueConstraint("worker", name=op.f("uq_users_worker")),
    )
    op.create_table(
        "roles",
        *_text("worker", "role"),
        sa.PrimaryKeyConstraint("worker", "role", name=op.f("pk_roles")),
        _one_of("roles", "role", "admin", "lead", "attacker", "labeller", "rater", "bot"),
        _refers("roles", "worker", "workers.name"),
    )
    op.create_table(
        "invites",
        *_text("id", "token_hash", "purpose", "roles", "worker", "note", "made_by"),
        *_times("created", "expires"),
        *_times("used", "revoked", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        _one_of("invites", "purpose", "join", "reset"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invites_token_hash")),
    )


def _entering() -> None:
    op.create_table(
        "web_sessions",
        *_text("id", "token_hash", "worker", "agent"),
        *_times("created", "seen", "expires"),
        *_times("revoked", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_sessions")),
        _refers("web_sessions", "worker", "workers.name"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_sessions_token_hash")),
    )
    op.create_index(op.f("ix_web_sessions_worker"), "web_sessions", ["worker"])
    op.create_table(
        "tokens",
        *_text("id", "token_hash", "worker", "prefix"),
        *_times("created", "expires"),
        *_times("revoked", "used", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        _refers("tokens", "worker", "workers.name"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tokens_token_hash")),
    )
    op.create_index(op.f("ix_tokens_worker"), "tokens", ["worker"])


def _reading() -> None:
    op.create_table(
        "guideline_versions",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("version", "text", "note", "author"),
        *_times("at"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_guideline_versions")),
        sa.UniqueConstraint("version", name=op.f("uq_guideline_versions_version")),
    )
    op.create_table(
        "acknowledgements",
        *_text("worker", "kind", "version"),
        *_times("at"),
        sa.PrimaryKeyConstraint("worker", "kind", "version", name=op.f("pk_acknowledgements")),
        _one_of("acknowledgements", "kind", "notice", "guidelines"),
        _refers("acknowledgements", "worker", "workers.name"),
    )


def _labelling() -> None:
    op.create_table(
        "queue",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("snippet_id", "author"),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("skips", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        *_times("added"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_queue")),
        _refers("queue", "snippet_id", "snippets.id"),
        sa.UniqueConstraint("snippet_id", name=op.f("uq_queue_snippet_id")),
    )
    op.create_index(op.f("ix_queue_open_place"), "queue", ["open", "place"])
    op.create_table(
        "leases",
        *_text("worker", "snippet_id", "handle", "purpose"),
        *_times("taken", "until"),
        sa.PrimaryKeyConstraint("worker", "snippet_id", name=op.f("pk_leases")),
        _one_of("leases", "purpose", "label", "gold", "test", "adjudicate"),
        _refers("leases", "snippet_id", "snippets.id"),
        _refers("leases", "worker", "workers.name"),
        sa.UniqueConstraint("handle", name=op.f("uq_leases_handle")),
    )
    op.create_index(op.f("ix_leases_snippet_id_until"), "leases", ["snippet_id", "until"])
    op.create_table(
        "remarks",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("key", "snippet_id", "worker", "kind", "reason", "note"),
        *_times("at"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_remarks")),
        _one_of("remarks", "kind", "skip", "gap", "gold"),
        _refers("remarks", "snippet_id", "snippets.id"),
        sa.UniqueConstraint("key", name=op.f("uq_remarks_key")),
    )
    op.create_index(op.f("ix_remarks_snippet_id_worker"), "remarks", ["snippet_id", "worker"])
    op.create_table(
        "gold",
        *_text("snippet_id", "verdict"),
        sa.Column("severity", sa.Integer(), nullable=False),
        *_text("note", "author"),
        sa.Column("edge", sa.Boolean(), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        *_times("at"),
        *_times("retired", nullable=True),
        sa.PrimaryKeyConstraint("snippet_id", name=op.f("pk_gold")),
        _one_of("gold", "verdict", "SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE"),
        _refers("gold", "snippet_id", "snippets.id"),
    )
    op.create_table(
        "test_items",
        *_text("worker", "snippet_id"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        *_times("at"),
        sa.PrimaryKeyConstraint("worker", "snippet_id", name=op.f("pk_test_items")),
        _refers("test_items", "snippet_id", "snippets.id"),
        _refers("test_items", "worker", "workers.name"),
    )


def _attacking() -> None:
    op.create_table(
        "bench_sessions",
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_text("worker"),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("tools", sa.Boolean(), nullable=False),
        sa.Column("lock_prompt", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_bench_sessions")),
        _refers("bench_sessions", "session_id", "sessions.id"),
        _refers("bench_sessions", "worker", "workers.name"),
    )
    op.create_index(op.f("ix_bench_sessions_worker"), "bench_sessions", ["worker"])
    op.create_table(
        "attack_events",
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *_text("kind"),
        sa.Column("at", sa.Double(), nullable=False),
        *_times("received"),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_attack_events")),
        _refers("attack_events", "session_id", "sessions.id"),
    )
    op.create_table(
        "claims",
        *_text("key"),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        *_times("at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_claims")),
        _refers("claims", "session_id", "sessions.id"),
    )
    op.create_index(op.f("ix_claims_session_id"), "claims", ["session_id"])
    op.create_table(
        "helps",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        *_text("kind"),
        sa.Column("cost", sa.Integer(), nullable=False),
        *_times("at"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_helps")),
        _one_of("helps", "kind", "saliency", "edits"),
        _refers("helps", "session_id", "sessions.id"),
    )
    op.create_index(op.f("ix_helps_session_id"), "helps", ["session_id"])
    op.create_table(
        "submissions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        *_text("key"),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        *_text("snippet_id", "worker", "note", "strategies"),
        sa.Column("logit", sa.Double(), nullable=True),
        *_times("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        _refers("submissions", "session_id", "sessions.id"),
        _refers("submissions", "snippet_id", "snippets.id"),
        sa.UniqueConstraint("key", name=op.f("uq_submissions_key")),
        sa.UniqueConstraint("session_id", name=op.f("uq_submissions_session_id")),
    )
    op.create_index(op.f("ix_submissions_snippet_id"), "submissions", ["snippet_id"])
    op.create_index(op.f("ix_submissions_worker"), "submissions", ["worker"])


def _rating() -> None:
    op.create_table(
        "pairs",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("id", "target", "prompt", "first", "second", "first_arm", "second_arm", "batch", "repeat_of"),
        *_times("at"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pairs")),
        _one_of("pairs", "first_arm", "filtered", "unfiltered"),
        _one_of("pairs", "second_arm", "filtered", "unfiltered"),
        sa.UniqueConstraint("id", name=op.f("uq_pairs_id")),
    )
    op.create_index(op.f("ix_pairs_target"), "pairs", ["target"])
    op.create_table(
        "pair_leases",
        *_text("worker", "pair_id", "handle"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_times("until"),
        sa.PrimaryKeyConstraint("worker", "pair_id", name=op.f("pk_pair_leases")),
        _refers("pair_leases", "pair_id", "pairs.id"),
        _refers("pair_leases", "worker", "workers.name"),
        sa.UniqueConstraint("handle", name=op.f("uq_pair_leases_handle")),
    )
    op.create_table(
        "comparisons",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("key", "pair_id", "worker", "left", "choice", "chips"),
        sa.Column("seconds", sa.Double(), nullable=False),
        *_times("at"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_comparisons")),
        _one_of("comparisons", "choice", "left_much", "left", "tie", "right", "right_much", "unusable"),
        _one_of("comparisons", "left", "first", "second"),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_comparisons_seconds")),
        _refers("comparisons", "pair_id", "pairs.id"),
        sa.UniqueConstraint("key", name=op.f("uq_comparisons_key")),
        sa.UniqueConstraint("pair_id", "worker", name=op.f("uq_comparisons_pair_id_worker")),
    )
