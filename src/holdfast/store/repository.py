"""The store: values in, values out. One method is one transaction; when it returns, it is on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from sqlalchemy import Connection, Engine

from holdfast.errors import StoreError, UnknownNameError, closest
from holdfast.store import jobs, labels, rounds, runs, sessions, snippets, targets
from holdfast.store.engine import file_of, make_engine, resolve, shown, writer
from holdfast.store.failures import translated
from holdfast.store.opening import back_up, prepare
from holdfast.store.snippets import SnippetFilter
from holdfast.types import (
    Annotation,
    AttackSession,
    AttackStep,
    CheckpointRef,
    Job,
    JobState,
    Outcome,
    Round,
    RoundState,
    RunRecord,
    RunStatus,
    Source,
    Split,
    StoredMeasurement,
    StoredSnippet,
    Threshold,
)

__all__ = ["Store"]


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """A workspace's database, safe to share between threads; `Store.open` makes one.

    Every method raises StoreError where the database fails, and InputError for a value that it cannot hold.
    """

    def __init__(self, engine: Engine) -> None:
        """Use an engine whose database is of this version; call `Store.open` instead."""
        self._engine, self._writer = engine, writer(engine)
        self._where = shown(engine.url)
        # SQLite has one writer: threads take turns here, where none is woken in vain and none starves.
        sqlite = engine.url.get_backend_name() == "sqlite"
        self._turn: AbstractContextManager[Any] = threading.Lock() if sqlite else nullcontext()
        self._closed = False

    @classmethod
    def open(cls, url: str, *, create: bool = False, upgrade: bool = False, root: Path | None = None) -> Self:
        """Open the database at `url`; a relative SQLite path is relative to `root`.

        With `create`, a missing one is created; with `create` or `upgrade`, an older one is upgraded (SQLite:
        after a backup beside it).
        Raises StoreError if it is missing, damaged, locked, not Holdfast's or of another version.
        """
        parsed = resolve(url, root)
        engine = make_engine(parsed)
        try:
            with translated(shown(parsed)):
                prepare(engine, create=create, upgrade=create or upgrade)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Give the connections back; the store cannot be used afterwards."""
        self._closed = True
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(
        self, engine: Engine, turn: AbstractContextManager[Any] | None = None
    ) -> Iterator[Connection]:
        if self._closed:
            raise StoreError(f"database {self._where} was closed", do="open it again")
        with turn or nullcontext(), translated(self._where), engine.begin() as connection:
            yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads, for the rooms of this package."""
        return self._transaction(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that writes, for the rooms of this package."""
        return self._transaction(self._writer, self._turn)

    def backup(self, destination: Path) -> None:
        """Copy an SQLite database to a new file, consistent even while others write."""
        path = file_of(self._engine.url)
        if path is None:
            raise StoreError(f"database {self._where} is no file", do="back it up with pg_dump")
        with translated(self._where):
            back_up(path, destination)

    # Snippets

    def add_snippets(self, stored: Iterable[StoredSnippet], *, annotations: Iterable[Annotation] = ()) -> int:
        """Add those whose id is new (the first lineage wins); how many were new.

        `annotations` are appended in the same transaction: a pool is there with its labels or not at all.
        Raises LeakageError, and writes nothing, if a family or a text would sit in two splits.
        """
        given, marks = list(stored), list(annotations)
        with self.writing() as connection:
            added = snippets.add(connection, given)
            if marks:
                labels.add(connection, marks, (), _now())
            return added

    def snippets(self, **where: Unpack[SnippetFilter]) -> list[StoredSnippet]:
        """Snippets that match every condition given, in insertion order."""
        with self.reading() as connection:
            return snippets.find(connection, where)

    def count_snippets(self, **where: Unpack[SnippetFilter]) -> int:
        """How many `snippets` would give."""
        with self.reading() as connection:
            return snippets.count(connection, where)

    def set_inclusion(self, inclusion: Mapping[str, float]) -> None:
        """Write with what probability each snippet (by id) was selected for labelling."""
        with self.writing() as connection:
            snippets.set_inclusion(connection, inclusion)

    # Annotations

    def add_annotations(self, written: Iterable[Annotation], *, keys: Sequence[str] = ()) -> int:
        """Append annotations; how many were written. None is written if a snippet id is unknown (StoreError).

        `keys`, made by a client, one each: an annotation whose key was used before is ignored, so that a
        request may be sent again.
        """
        given = list(written)
        with self.writing() as connection:
            return labels.add(connection, given, keys, _now())

    def annotations(
        self, ids: Iterable[str] | None = None, annotator: str | None = None
    ) -> dict[str, list[Annotation]]:
        """Snippet id -> its annotations, oldest first; ids without any are absent. None: of all snippets."""
        with self.reading() as connection:
            return labels.find(connection, ids, annotator)

    def annotation_counts(self) -> dict[str, int]:
        """Annotations of each annotator, most first."""
        with self.reading() as connection:
            return labels.counts(connection)

    def unannotated(
        self,
        *,
        annotator: str | None = None,
        source: Source | None = None,
        split: Split | None = None,
        group: str | None = None,
        limit: int | None = None,
    ) -> list[StoredSnippet]:
        """Snippets that nobody (or not `annotator`) has annotated, in insertion order."""
        where: SnippetFilter = {"source": source, "split": split, "group": group, "limit": limit}
        with self.reading() as connection:
            return snippets.unannotated(connection, annotator, where)

    # Attack sessions

    def add_session(self, session: AttackSession, *, repeatable: bool = False, key: str = "") -> int:
        """Write a finished session with all its steps; its id.

        A program's session is the same one if attacker, target, round, purpose and parent are: it is written
        once. People may work on a parent again: pass a `key` of the client's making, or `repeatable`.
        """
        unique = key or (None if repeatable else sessions.natural_key(session))
        with self.writing() as connection:
            return sessions.add(connection, session, unique, _now())

    def add_sessions(self, found: Iterable[AttackSession], *, keys: Sequence[str] = ()) -> int:
        """Write many finished sessions in one transaction; how many were new.

        `keys`, one each, say which are the same (a file's row ids); without them `add_session`'s rule holds.
        """
        given = list(found)
        unique = list(keys) or [sessions.natural_key(one) for one in given]
        if len(unique) != len(given):
            raise StoreError(f"{len(keys)} keys for {len(given)} sessions", expected="one each, or none")
        with self.writing() as connection:
            return sessions.add_many(connection, list(zip(given, unique, strict=True)), _now())

    def start_session(self, session: AttackSession, *, key: str = "") -> int:
        """Write a session that goes on: its steps so far; its outcome is not looked at. Its id."""
        with self.writing() as connection:
            return sessions.start(connection, session, key or None, _now())

    def append_step(self, session_id: int, step: AttackStep, *, number: int | None = None) -> int:
        """Write the next step of a session that goes on, or step `number`, which may be sent again."""
        with self.writing() as connection:
            return sessions.append(connection, session_id, step, number)

    def end_session(
        self, session_id: int, outcome: Outcome, *, queries: int, seconds: float, screens: int = 0
    ) -> None:
        """Write how a session ended; `seconds` of active time."""
        result = {"outcome": outcome.value, "queries": queries, "seconds": seconds, "screens": screens}
        with self.writing() as connection:
            sessions.end(connection, session_id, result, _now())

    def sessions(
        self,
        *,
        target: str | None = None,
        round: int | None = None,
        purpose: str | None = None,
        attacker: str | None = None,
        unfinished: bool = False,
    ) -> list[AttackSession]:
        """Finished sessions that match, oldest first; with `unfinished`, those that have no end instead."""
        where = {"target": target, "round": round, "purpose": purpose, "attacker": attacker}
        with self.reading() as connection:
            return sessions.find(connection, where, unfinished=unfinished)

    def session(self, session_id: int) -> AttackSession:
        """One session; without an end it stands as FAILED so far."""
        with self.reading() as connection:
            return sessions.one(connection, session_id)

    def attacked_parents(
        self, attacker: str | None = None, *, target: str, round: int, purpose: str
    ) -> set[str]:
        """Ids of the parents that finished sessions (of `attacker`) started from."""
        where = {"target": target, "round": round, "purpose": purpose, "attacker": attacker}
        with self.reading() as connection:
            return sessions.attacked_parents(connection, where)

    # Checkpoints and thresholds

    def add_checkpoint(self, ref: CheckpointRef) -> None:
        """Write a checkpoint; one of the same name takes its place, and stays in the database."""
        with self.writing() as connection:
            targets.add_checkpoint(connection, ref, _now())

    def checkpoint(self, name: str) -> CheckpointRef:
        """The latest of that name. Raises UnknownNameError with the closest name."""
        with self.reading() as connection:
            return targets.one_checkpoint(connection, name)

    def checkpoints(self, kind: str | None = None) -> list[CheckpointRef]:
        """The latest of each name (of a kind), in the order in which the names first came."""
        with self.reading() as connection:
            return targets.find_checkpoints(connection, kind)

    def add_threshold(self, name: str, threshold: Threshold) -> None:
        """Append a threshold of checkpoint `name`. Raises UnknownNameError if there is no such checkpoint."""
        with self.writing() as connection:
            targets.add_threshold(connection, name, threshold, _now())

    def threshold(self, name: str) -> Threshold:
        """The latest threshold of checkpoint `name`. Raises UnknownNameError if it has none."""
        with self.reading() as connection:
            found = targets.find_thresholds(connection, name)
            known = [ref.name for ref in targets.find_checkpoints(connection, None)]
        if not found:
            raise UnknownNameError(
                f"checkpoint {name!r} has no threshold",
                expected=closest(name, known),
                do=f"`holdfast calibrate {name}`",
            )
        return found[-1]

    def thresholds(self, name: str) -> list[Threshold]:
        """Every threshold that checkpoint `name` had, oldest first."""
        with self.reading() as connection:
            return targets.find_thresholds(connection, name)

    # Rounds and measurements

    def open_round(self, new: Round) -> None:
        """Write a round; again on the same target: nothing. On another target: StoreError."""
        with self.writing() as connection:
            rounds.open_round(connection, new, _now())

    def set_round_state(self, number: int, state: RoundState) -> None:
        """Move a round forward. Raises StoreError if it would go back."""
        with self.writing() as connection:
            rounds.advance(connection, number, state, _now())

    def rounds(self) -> list[Round]:
        """All rounds, by number."""
        with self.reading() as connection:
            return rounds.all_rounds(connection)

    def round(self, number: int) -> Round:
        """Raises UnknownNameError if there is none."""
        with self.reading() as connection:
            return rounds.one_round(connection, number)

    def add_measurement(
        self, *, kind: str, target: str, round: int, population: str, result: dict[str, Any], run_id: str
    ) -> int:
        """Append a result (`to_dict()` of a typed one; inf and nan are kept); its id."""
        values = {"kind": kind, "target": target, "round": round, "population": population}
        with self.writing() as connection:
            return rounds.add_measurement(connection, values | {"result": result, "run_id": run_id}, _now())

    def measurements(
        self, *, kind: str | None = None, target: str | None = None, round: int | None = None
    ) -> list[StoredMeasurement]:
        """Results that match, oldest first."""
        with self.reading() as connection:
            return rounds.find_measurements(connection, {"kind": kind, "target": target, "round": round})

    # Run records

    def start_run(self, record: RunRecord) -> None:
        """Write the record of a command that begins."""
        with self.writing() as connection:
            runs.start(connection, record, _now())

    def finish_run(
        self,
        id: str,
        status: RunStatus,
        *,
        outputs: Mapping[str, str] | None = None,
        inputs: Mapping[str, str] | None = None,
        message: str = "",
        cpu_seconds: float | None = None,
    ) -> None:
        """Complete the record of a command that ended."""
        values = {"status": status.value, "message": message, "cpu_seconds": cpu_seconds}
        given = {"outputs": outputs, "inputs": inputs}
        written = {name: dict(value) for name, value in given.items() if value is not None}
        with self.writing() as connection:
            runs.finish(connection, id, values | written, _now())

    def runs(self, *, failed: bool = False, limit: int | None = None) -> list[RunRecord]:
        """The latest `limit` runs (or failed and interrupted ones), oldest first."""
        with self.reading() as connection:
            return runs.find(connection, failed=failed, limit=limit)

    def run(self, id: str) -> RunRecord:
        """The run whose id is, or alone begins with, `id`. Raises UnknownNameError."""
        with self.reading() as connection:
            return runs.one(connection, id)

    # Jobs

    def enqueue(self, kind: str, arguments: Mapping[str, Any]) -> str:
        """Ask for long work; the job's id."""
        with self.writing() as connection:
            return jobs.enqueue(connection, kind, arguments, _now())

    def claim(self, worker: str, lease_seconds: float) -> Job | None:
        """The oldest waiting job, or one whose lease has ended, now `worker`'s. Two never get one job."""
        with self.writing() as connection:
            return jobs.claim(connection, worker, lease_seconds, _now())

    def heartbeat(self, id: str, worker: str, done: int, total: int, message: str = "") -> None:
        """Renew the lease and say how far it is. Raises StoreError if another worker has it: stop then."""
        values = {"done": done, "total": total, "message": message}
        with self.writing() as connection:
            jobs.heartbeat(connection, id, worker, values, _now())

    def finish_job(self, id: str, worker: str, ok: bool, message: str = "") -> None:
        """Write how a job ended. Raises StoreError if it is no longer this worker's."""
        values = {"state": (JobState.DONE if ok else JobState.FAILED).value, "message": message}
        with self.writing() as connection:
            jobs.finish(connection, id, worker, values, _now())

    def jobs(self, state: JobState | None = None) -> list[Job]:
        """Jobs (in one state), oldest first."""
        with self.reading() as connection:
            return jobs.find(connection, state)
