"""The dashboard's tables as files: one row a row, what is nested in columns of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from holdfast.errors import UnknownNameError
from holdfast.workbench import dashboard
from holdfast.workbench.exporting import Record, csv_lines
from holdfast.workbench.site import Site
from holdfast.workbench.trusting import rater_rows
from holdfast.workbench.wire.common import Response

__all__ = ["TABLES", "table"]


def _cells(site: Site) -> list[Record]:
    found = dashboard.cross_round(site)
    return [
        {"attacked": found.attacked[i], "scored_by": found.scored_by[j], **_flat(cell.model_dump())}
        for i, row in enumerate(found.cells)
        for j, cell in enumerate(row)
        if cell is not None
    ]


def _points(site: Site) -> list[Record]:
    return [
        {"target": one.target, "arm": one.arm, **point.model_dump()}
        for one in dashboard.success_rows(site)
        for point in one.points
    ]


def _curve(site: Site) -> list[Record]:
    found = dashboard.curve(site, "")
    return [{"target": found.target, **_flat(one.model_dump())} for one in found.points]


def _rows(make: Callable[[Site], Sequence[Response]]) -> Callable[[Site], list[Record]]:
    return lambda site: [_flat(one.model_dump(mode="json")) for one in make(site)]


TABLES: dict[str, Callable[[Site], list[Record]]] = {
    "attack-times": _rows(dashboard.attack_rows),
    "cross-round": _cells,
    "curve": _curve,
    "failure-rates": _rows(dashboard.failure_rates),
    "quality": _rows(dashboard.qualities_out),
    "raters": _rows(rater_rows),
    "rounds": _rows(dashboard.rounds),
    "success-curves": _points,
    "targets": _rows(lambda site: dashboard.targets(site).targets),
}
"""Name -> its rows."""


def table(site: Site, name: str) -> Iterator[bytes]:
    """The file, whole. Raises UnknownNameError for a table that there is not."""
    if name not in TABLES:
        raise UnknownNameError(f"no table {name!r}", expected=", ".join(TABLES))
    rows = TABLES[name](site)
    columns = dict.fromkeys(key for row in rows for key in row)
    return csv_lines({key: row.get(key) for key in columns} for row in rows)


def _flat(record: dict[str, Any], prefix: str = "") -> Record:
    found: Record = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}_")
        else:
            found[f"{prefix}{key}"] = value
    return found
