"""Checkpoints and thresholds: every one that ever was, the latest one counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from holdfast.errors import UnknownNameError, closest
from holdfast.store import rows
from holdfast.store.tables import checkpoints, thresholds
from holdfast.types import CheckpointRef, Threshold

__all__ = ["add_checkpoint", "add_threshold", "find_checkpoints", "find_thresholds", "one_checkpoint"]


def add_checkpoint(connection: Connection, ref: CheckpointRef, now: datetime) -> None:
    """Append, unless the latest of that name is the same."""
    if ref in find_checkpoints(connection, None):
        return
    connection.execute(insert(checkpoints), rows.from_checkpoint(ref) | {"at": now})


def find_checkpoints(connection: Connection, kind: str | None) -> list[CheckpointRef]:
    """The latest of each name, in the order in which the names first came."""
    latest: dict[str, CheckpointRef] = {}
    for row in connection.execute(select(checkpoints).order_by(checkpoints.c.seq)).mappings():
        latest[row["name"]] = rows.to_checkpoint(row)
    return [ref for ref in latest.values() if kind is None or ref.kind == kind]


def one_checkpoint(connection: Connection, name: str) -> CheckpointRef:
    """The latest of that name. Raises UnknownNameError with the closest name."""
    known = {ref.name: ref for ref in find_checkpoints(connection, None)}
    if name not in known:
        raise UnknownNameError(
            f"no checkpoint {name!r} in this workspace",
            expected=closest(name, list(known)),
            do="`holdfast train classifier` or `holdfast train generator` makes one",
        )
    return known[name]


def add_threshold(connection: Connection, name: str, threshold: Threshold, now: datetime) -> None:
    """Append. Raises UnknownNameError if no checkpoint has that name."""
    one_checkpoint(connection, name)
    connection.execute(insert(thresholds), rows.from_threshold(threshold) | {"name": name, "at": now})


def find_thresholds(connection: Connection, name: str) -> list[Threshold]:
    """All of that name, oldest first."""
    query = select(thresholds).where(thresholds.c.name == name).order_by(thresholds.c.seq)
    return [rows.to_threshold(row) for row in connection.execute(query).mappings()]
