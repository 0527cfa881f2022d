"""Triggers that make tables append-only in the database itself, whoever writes to it.

Migrations call these functions, so a released template is never edited: a new one is added beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["append_only", "fixed_columns"]

_FUNCTION = """\
CREATE OR REPLACE FUNCTION holdfast_append_only() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % of % is refused', TG_OP, TG_TABLE_NAME;
END
$$ LANGUAGE plpgsql"""


def append_only(dialect: str, table: str) -> list[str]:
    """Statements that make `table` refuse UPDATE and DELETE (PostgreSQL: TRUNCATE too)."""
    return _update(dialect, table, "UPDATE") + _delete(dialect, table)


def fixed_columns(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    """Statements that make `table` refuse DELETE, and UPDATE of `columns`."""
    listed = ", ".join(f'"{column}"' for column in columns)
    return _update(dialect, table, f"UPDATE OF {listed}") + _delete(dialect, table)


def _update(dialect: str, table: str, event: str) -> list[str]:
    if dialect == "sqlite":
        return [_sqlite(table, "update", event)]
    return [_FUNCTION, _postgres(table, "update", event, "ROW")]


def _delete(dialect: str, table: str) -> list[str]:
    if dialect == "sqlite":
        return [_sqlite(table, "delete", "DELETE")]
    return [
        _FUNCTION,
        _postgres(table, "delete", "DELETE", "ROW"),
        _postgres(table, "truncate", "TRUNCATE", "STATEMENT"),
    ]


def _sqlite(table: str, name: str, event: str) -> str:
    word = event.split()[0]
    return (
        f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'append-only: {word} of {table} is refused'); END"
    )


def _postgres(table: str, name: str, event: str, each: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
        f"FOR EACH {each} EXECUTE FUNCTION holdfast_append_only()"
    )
