"""Checks on labels: grounds, corrections and disputes of known items, audits, items that come again, burdens.

Spelled out, names of constraints included, as in the first revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.store.guards import append_only

revision = "0005"
down_revision = "0004"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_GROUNDS = ("ambiguous_text", "guideline_gap", "annotator_error", "edge_case", "subjective", "other")
_KINDS = ("skip", "gap", "dispute")
_PURPOSES = ("label", "gold", "test", "adjudicate", "again", "harmless")
_VERDICTS = ("SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE")


def upgrade() -> None:
    """Add columns and tables, allow new kinds of remarks and leases, find the grounds of old known items."""
    op.create_index(op.f("ix_annotations_annotator_at"), "annotations", ["annotator", "at"])
    op.add_column("gold", sa.Column("ground", sa.Text(), nullable=False, server_default=""))
    _fill_grounds(op.get_bind())
    _corrections()
    for table, keys in (
        ("audits", ("snippet_id",)),
        ("repeats", ("worker", "snippet_id")),
        ("burdens", ("worker", "snippet_id")),
    ):
        _marks(table, keys)
    dialect = op.get_bind().dialect.name
    _allow(dialect, "leases", "purpose", _PURPOSES)
    _allow(dialect, "remarks", "kind", _KINDS)
    for table in ("corrections", "audits", "repeats", "burdens"):
        for statement in append_only(dialect, table):
            op.execute(sa.text(statement))


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _one_of(table: str, column: str, values: Sequence[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _fill_grounds(connection: sa.Connection) -> None:
    """A ruling's reason begins with its ground; the known item that came of it had none so far."""
    query = sa.text(
        "SELECT g.snippet_id, a.reason FROM gold g JOIN annotations a ON a.snippet_id = g.snippet_id"
        " AND a.annotator = 'adjudicator:' || g.author ORDER BY a.seq"
    )
    found = {id: reason.partition(":")[0] for id, reason in connection.execute(query)}
    change = sa.text("UPDATE gold SET ground = :ground WHERE snippet_id = :id")
    for id, ground in found.items():
        if ground in _GROUNDS:
            connection.execute(change, {"ground": ground, "id": id})


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("snippet_id", "verdict"),
        sa.Column("severity", sa.Integer(), nullable=False),
        *_text("note", "ground", "author"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_corrections")),
        _one_of("corrections", "verdict", _VERDICTS),
        _refers("corrections", "snippet_id", "gold.snippet_id"),
    )


def _marks(table: str, keys: Sequence[str]) -> None:
    owners = {"worker": "workers.name", "snippet_id": "snippets.id"}
    op.create_table(
        table,
        *_text(*keys),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
        *[_refers(table, key, owners[key]) for key in keys],
    )


def _allow(dialect: str, table: str, column: str, values: Sequence[str]) -> None:
    """Replace the check of what `column` may hold. SQLite cannot: there the table is made anew and filled."""
    if dialect != "sqlite":
        name = f"ck_{table}_{column}"
        listed = ", ".join(f"'{value}'" for value in values)
        op.drop_constraint(op.f(name), table)
        op.create_check_constraint(op.f(name), table, f"{column} IN ({listed})")
        return
    columns, constraints = _leases() if table == "leases" else _remarks()
    names = ", ".join(f'"{one.name}"' for one in columns)
    op.execute(sa.text(f"CREATE TEMPORARY TABLE kept AS SELECT {names} FROM {table}"))
    op.drop_table(table)
    op.create_table(table, *columns, *constraints)
    op.execute(sa.text(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept"))
    op.execute(sa.text("DROP TABLE kept"))
    if table == "leases":
        op.create_index(op.f("ix_leases_snippet_id_until"), "leases", ["snippet_id", "until"])
        return
    op.create_index(op.f("ix_remarks_snippet_id_worker"), "remarks", ["snippet_id", "worker"])
    for statement in append_only(dialect, table):
        op.execute(sa.text(statement))


def _leases() -> tuple[list[sa.Column[Any]], list[sa.Constraint]]:
    columns = [
        *_text("worker", "snippet_id", "handle", "purpose"),
        sa.Column("taken", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
    ]
    return columns, [
        sa.PrimaryKeyConstraint("worker", "snippet_id", name=op.f("pk_leases")),
        _one_of("leases", "purpose", _PURPOSES),
        _refers("leases", "snippet_id", "snippets.id"),
        _refers("leases", "worker", "workers.name"),
        sa.UniqueConstraint("handle", name=op.f("uq_leases_handle")),
    ]


def _remarks() -> tuple[list[sa.Column[Any]], list[sa.Constraint]]:
    columns = [
        sa.Column("seq", _KEY, autoincrement=True, nullable=False),
        *_text("key", "snippet_id", "worker", "kind", "reason", "note"),
        sa.Column("at", _TIME, nullable=False),
    ]
    return columns, [
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_remarks")),
        _one_of("remarks", "kind", _KINDS),
        _refers("remarks", "snippet_id", "snippets.id"),
        sa.UniqueConstraint("key", name=op.f("uq_remarks_key")),
    ]
