"""Data out: pseudonymous, with individual labels, as far as somebody's roles go."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from holdfast.data.writers import csv_safe
from holdfast.errors import UnknownNameError
from holdfast.gather import arm_of, verdicts
from holdfast.types import Annotation
from holdfast.types.person import Role
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire.exports import ExportKind, ExportList

__all__ = ["FORMATS", "Record", "csv_lines", "listed", "stream"]

FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
Record = dict[str, Any]


def _scope(visitor: Visitor) -> str:
    """`all` for admins, `aggregated` for leads (no name by a label), `own` for everybody else."""
    if Role.ADMIN in visitor.roles:
        return "all"
    return "aggregated" if Role.LEAD in visitor.roles else "own"


class _Names:
    """Names in an export: other ones than in the tables, so that exports of two projects cannot be joined."""

    def __init__(self, site: Site) -> None:
        self._key = site.people.secret("export")

    def __call__(self, worker: str) -> str:
        return hmac.new(self._key, worker.encode(), hashlib.sha256).hexdigest()[:12]


def _labels(site: Site, visitor: Visitor) -> Iterator[Record]:
    """One item a line with its labels; for `own`, one's own labels alone."""
    scope, name = _scope(visitor), _Names(site)
    people = {account.worker for account in site.people.accounts()}
    marks = site.store.annotations()
    said = verdicts(site.store, list(marks))
    for stored in site.store.snippets():
        own = marks.get(stored.id, [])
        seen = [one for one in own if scope != "own" or one.annotator == visitor.worker]
        if not seen:
            continue
        record: Record = {
            "id": stored.id,
            "prompt": stored.snippet.prompt,
            "completion": stored.snippet.completion,
            "labels": [_label(one, name, people, scope) for one in seen],
        }
        if scope != "own":
            verdict = said[stored.id]
            record |= {
                "verdict": None if verdict is None else verdict.value,
                "source": stored.source.value,
                "split": stored.split.value,
                "family": stored.family,
                "round": stored.round,
                "inclusion": stored.inclusion,
                "log_weight": stored.log_weight,
            }
        yield record


def _label(one: Annotation, name: _Names, people: set[str], scope: str) -> Record:
    worker = one.annotator.partition(":")[2] if one.annotator.startswith("adjudicator:") else one.annotator
    kind = "adjudicator" if worker != one.annotator else "person" if worker in people else "program"
    shown = name(worker) if worker in people else one.annotator
    return {
        "annotator": "" if scope == "aggregated" and worker in people else shown,
        "kind": kind,
        "verdict": one.judgement.verdict.value,
        "severity": one.judgement.severity,
        "strategy": one.judgement.strategy,
        "reason": one.judgement.reason,
        "guidelines": one.guidelines,
        "seconds": one.seconds,
        "at": None if one.at is None else one.at.isoformat(),
    }


def _attacks(site: Site, visitor: Visitor) -> Iterator[Record]:
    """One session a line, with its find where there is one; targets are named to leads and admins only."""
    scope, name = _scope(visitor), _Names(site)
    own = visitor.worker if scope == "own" else None
    works, finds = site.attacking.works(worker=own), site.attacking.finds(worker=own)
    by = {find.session_id: find for find in finds}
    said = verdicts(site.store, [find.snippet.id for find in finds])
    for work in works:
        find = by.get(work.session.id or 0)
        verdict = None if find is None else said[find.snippet.id]
        record: Record = {
            "session": work.session.id,
            "attacker": "" if scope == "aggregated" else name(work.worker),
            "arm": arm_of(work),
            "practice": work.practice,
            "started": None if work.session.started is None else work.session.started.isoformat(),
            "seconds": work.session.result.seconds,
            "claimed": work.claimed,
            "queries": work.session.result.queries,
            "parent_prompt": work.session.result.parent.prompt,
            "parent_completion": work.session.result.parent.completion,
            "prompt": "" if find is None else find.snippet.prompt,
            "completion": "" if find is None else find.snippet.completion,
            "note": "" if find is None else find.note,
            "strategies": [] if find is None else list(find.strategies),
            "verdict": None if verdict is None else verdict.value,
        }
        yield record if scope == "own" else record | {"target": work.session.target}


def _comparisons(site: Site, visitor: Visitor) -> Iterator[Record]:
    """One rating a line; which arm stood where is for leads and admins only: a rater stays blind."""
    scope, name = _scope(visitor), _Names(site)
    for one in site.rating.comparisons(worker=visitor.worker if scope == "own" else None):
        pair, first_left = one.pair, one.left == "first"
        record: Record = {
            "rater": "" if scope == "aggregated" else name(one.worker),
            "prompt": pair.prompt,
            "left": pair.first if first_left else pair.second,
            "right": pair.second if first_left else pair.first,
            "choice": one.choice.value,
            "chips": list(one.chips),
            "seconds": one.seconds,
            "at": None if one.at is None else one.at.isoformat(),
        }
        if scope != "own":
            arms = (pair.first_arm, pair.second_arm) if first_left else (pair.second_arm, pair.first_arm)
            record |= {
                "pair": pair.id,
                "repeat_of": pair.repeat_of,
                "target": pair.target,
                "left_arm": arms[0],
                "right_arm": arms[1],
            }
        yield record


_EXPORTS: dict[str, tuple[str, Callable[[Site, Visitor], Iterator[Record]]]] = {
    "labels": ("Items with each of their labels.", _labels),
    "attacks": ("Attack sessions, their time and their finds.", _attacks),
    "comparisons": ("Blind comparisons of pairs.", _comparisons),
}


def listed(visitor: Visitor) -> ExportList:
    """What there is."""
    scope = _scope(visitor)
    return ExportList(
        exports=[
            ExportKind(name=name, formats=list(FORMATS), scope=scope, about=about)
            for name, (about, _) in _EXPORTS.items()
        ]
    )


def stream(site: Site, visitor: Visitor, name: str, format: str) -> Iterator[bytes]:
    """The file, piece by piece. Raises UnknownNameError at once for a name or format that there is not."""
    if name not in _EXPORTS or format not in FORMATS:
        raise UnknownNameError(
            f"no export {name}.{format}", expected=f"{', '.join(_EXPORTS)} as {' or '.join(FORMATS)}"
        )
    site.limits.hit("export", visitor.worker)
    records = _EXPORTS[name][1](site, visitor)
    return csv_lines(records) if format == "csv" else _jsonl(records)


def _jsonl(records: Iterable[Record]) -> Iterator[bytes]:
    for record in records:
        yield (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _flat(record: Record) -> Iterator[Record]:
    """One row a label where a record has several; lists in a cell are JSON."""
    labels = record.get("labels")
    rest = {key: value for key, value in record.items() if key != "labels"}
    for row in [rest] if labels is None else [{**rest, **_prefixed(label)} for label in labels]:
        yield {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}


def _prefixed(label: Record) -> Record:
    return {f"label_{key}": value for key, value in label.items()}


def csv_lines(records: Iterable[Record]) -> Iterator[bytes]:
    """Records as CSV, one row a label; cells that a spreadsheet would run are disarmed."""
    columns: list[str] | None = None
    for record in records:
        for row in _flat(record):
            buffer = io.StringIO()
            writer = csv.writer(buffer)
            if columns is None:
                columns = list(row)
                writer.writerow(columns)
            writer.writerow([csv_safe(row.get(column)) for column in columns])
            yield buffer.getvalue().encode("utf-8", "replace")
