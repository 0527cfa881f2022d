"""What has to hold in the database, the log and the payloads once everybody has gone home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from holdfast.annotation.leases import SKIPS
from holdfast.store import Store, tables
from holdfast.store import people_tables as people
from tests.workbench.blind import given_away

from .page import Deed, Log, Page
from .people import NOTE

__all__ = [
    "Books",
    "blind",
    "faults",
    "kept_once",
    "nobody_their_own",
    "refusals",
    "replayed",
    "shares_kept",
    "within_quota",
]

_MIXED = ("gold", "test", "harmless")
_BLINDED = ("/api/label/", "/api/rate/", "/api/auth/", "/api/guidelines/")
_KEPT_IN = {
    "/api/label/answers": "annotations",
    "/api/label/skips": "remarks",
    "/api/label/gaps": "remarks",
    "/api/adjudicate/decisions": "annotations",
    "/api/attack/sessions/{id}/submit": "submissions",
    "/api/rate/answers": "comparisons",
}


@dataclass
class Books:
    """All rows that the run wrote or read."""

    queue: Sequence[Any]
    annotations: Sequence[Any]
    remarks: Sequence[Any]
    submissions: Sequence[Any]
    comparisons: Sequence[Any]
    sessions: Sequence[Any]
    bench_sessions: Sequence[Any]
    ends: Sequence[Any]
    steps: Sequence[Any]
    events: Sequence[Any]
    known: set[tuple[str, str]]
    """(worker, snippet id) of items that were mixed in: answers to them are no labels of the queue."""

    @classmethod
    def read(cls, store: Store) -> Books:
        """In one transaction."""
        with store.reading() as connection:

            def rows(table: Table) -> Sequence[Any]:
                return connection.execute(select(table)).all()

            return cls(
                queue=rows(people.queue),
                annotations=[one for one in rows(tables.annotation_rows) if not _by_program(one.annotator)],
                remarks=rows(people.remarks),
                submissions=rows(people.submissions),
                comparisons=rows(people.comparisons),
                sessions=rows(tables.sessions),
                bench_sessions=rows(people.bench_sessions),
                ends=rows(tables.session_ends),
                steps=rows(tables.steps),
                events=rows(people.attack_events),
                known={(one.worker, one.snippet_id) for one in rows(people.leases) if one.purpose in _MIXED},
            )

    def labelled_by(self) -> dict[str, set[str]]:
        """Snippet id -> the people who labelled it; not rulings, nor answers to what was mixed in."""
        found: dict[str, set[str]] = {}
        for one in self.annotations:
            if ":" not in one.annotator and (one.annotator, one.snippet_id) not in self.known:
                found.setdefault(one.snippet_id, set()).add(one.annotator)
        return found

    def skips(self) -> Counter[str]:
        """Snippet id -> how often it was skipped."""
        return Counter(one.snippet_id for one in self.remarks if one.kind == "skip")


def _by_program(annotator: str) -> bool:
    return ":" in annotator and not annotator.startswith("adjudicator:")


def within_quota(books: Books) -> None:
    """No item has labels of more people than it wants."""
    said = books.labelled_by()
    over = {row.snippet_id: len(said.get(row.snippet_id, ())) - row.wanted for row in books.queue}
    assert not {id: by for id, by in over.items() if by > 0}


def nobody_their_own(books: Books) -> None:
    """Nobody judged a text that they handed in, whether or not others handed it in, too."""
    said = {(one.annotator.removeprefix("adjudicator:"), one.snippet_id) for one in books.annotations}
    assert not [one for one in books.submissions if (one.worker, one.snippet_id) in said]


def kept_once(books: Books, pages: Sequence[Page]) -> None:
    """Every deed that the server said it has is there once; no outbox holds any; nothing else is there."""
    assert not [(page.name, page.waiting) for page in pages if page.waiting]
    wanted: dict[str, set[str]] = {name: set() for name in ("annotations", "remarks", "submissions")}
    for page in pages:
        for deed in page.done:
            kind = _KEPT_IN.get(deed.path)
            if kind in wanted:
                wanted[kind].add(f"{page.name}:{deed.id}")
        _ended(books, page)
        _rated(books, page)
    for kind, keys in wanted.items():
        found = Counter(row.key for row in getattr(books, kind))
        assert set(found) == keys, (kind, len(set(found) - keys), sorted(keys - set(found))[:5])
        assert set(found.values()) <= {1}, kind


def _ended(books: Books, page: Page) -> None:
    """Every session that somebody gave up or handed a find in of has ended."""
    ended = {one.session_id for one in books.ends}
    for deed in page.done:
        assert not deed.path.startswith("/api/attack/") or int(deed.at) in ended, deed


def _rated(books: Books, page: Page) -> None:
    """As many comparisons as pairs answered; a pair that was answered twice keeps the first answer."""
    mine = [one for one in books.comparisons if one.worker == page.name]
    answered: dict[str, Deed] = {}
    for deed in page.done:
        if deed.path == "/api/rate/answers":
            answered.setdefault(deed.body["id"], deed)
    assert {one.key for one in mine} == {f"{page.name}:{deed.id}" for deed in answered.values()}


def refusals(books: Books, pages: Sequence[Page]) -> None:
    """What was refused for good is not stored, and for a reason: it was decided or answered before."""
    kept = {row.key for rows in (books.annotations, books.remarks, books.submissions) for row in rows}
    for page in pages:
        for deed, refusal in page.refused:
            assert refusal.status == 409 and f"{page.name}:{deed.id}" not in kept, (deed, refusal)


def replayed(books: Books) -> None:
    """The queue's counters are what the events say; sessions are without gaps."""
    said, skips = books.labelled_by(), books.skips()
    ruled = {one.snippet_id for one in books.annotations if one.annotator.startswith("adjudicator:")}
    for row in books.queue:
        labels, skipped = len(said.get(row.snippet_id, ())), skips[row.snippet_id]
        open_ = labels < row.wanted and skipped < SKIPS and row.snippet_id not in ruled
        assert (row.labels, row.skips, row.open) == (labels, skipped, open_), row
    numbers: dict[int, list[int]] = {}
    for step in books.steps:
        numbers.setdefault(step.session_id, []).append(step.number)
    for row in books.bench_sessions:
        found = numbers.get(row.session_id, [])
        assert sorted(found) == list(range(len(found))), row
    handed_in = {one.session_id for one in books.submissions}
    candidates = {one.session_id for one in books.ends if one.outcome == "candidate"}
    ours = {row.session_id for row in books.bench_sessions}
    assert handed_in == candidates & ours
    queued = {row.snippet_id for row in books.queue}
    assert {one.snippet_id for one in books.submissions} <= queued


def faults(log: Log, down: Sequence[tuple[float, float]]) -> list[Any]:
    """Server errors outside the spans in which it was down or warming up, and refusals but conflicts."""

    def excused(began: float, ended: float) -> bool:
        return any(ended >= start and began <= stop for start, stop in down)

    return [
        one
        for one in log.asked
        if one.status >= 400
        and one.status != 409
        and not (one.status >= 500 and excused(one.began, one.ended))
    ]


def blind(log: Log, books: Books, blinded: set[str]) -> int:
    """No payload to these people gives anything away; how many were looked at."""
    names = {row.annotator for row in books.annotations} | {row.worker for row in books.submissions}
    ids = {row.snippet_id for row in books.queue} | {one.snippet_id for one in books.annotations}
    secrets = {"baseline", "load-p", "attack-train", "adjudicator:"}
    looked = 0
    for who, path, payload in log.sent:
        if who not in blinded or not path.startswith(_BLINDED):
            continue
        looked += 1
        found = given_away(path, payload, secrets, ids | (names - {who}))
        notes = set(str(payload).split(NOTE)[1:])
        assert not found and all(one.startswith(who) for one in notes), (who, path, found, payload)
    return looked


def shares_kept(log: Log, raters: set[str]) -> tuple[int, int]:
    """(pairs shown, those with the filtered text on the left): sides are balanced for everybody together."""
    shown = {
        (who, payload["pair"]["id"]): payload["pair"]["left"].startswith("It rained")
        for who, path, payload in log.sent
        if who in raters and path == "/api/rate/next" and payload["pair"]
    }
    return len(shown), sum(shown.values())
