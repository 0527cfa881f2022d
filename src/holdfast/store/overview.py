"""What the dashboard counts, counted in the database, where programs' labels far outnumber people's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from holdfast.store import rows
from holdfast.store.desk import Desk
from holdfast.store.people_tables import workers
from holdfast.store.tables import annotation_rows as marks
from holdfast.store.tables import rounds, session_ends, sessions, steps
from holdfast.types import Annotation, Outcome, Snippet, Verdict

__all__ = ["Overview"]


class Overview(Desk):
    """Counts over one workspace."""

    def by_people(self) -> dict[str, list[Annotation]]:
        """Snippet id -> its labels by people with an account, now or once, oldest first."""
        found: dict[str, list[Annotation]] = {}
        query = select(marks).where(_by_people()).order_by(marks.c.seq)
        with self._read() as connection:
            for row in connection.execute(query).mappings():
                found.setdefault(row["snippet_id"], []).append(rows.to_annotation(row))
        return found

    def verdicts(self) -> dict[Verdict, int]:
        """How often people said what; the last label of each person and item counts."""
        last = (
            select(func.max(marks.c.seq)).where(_by_people()).group_by(marks.c.snippet_id, marks.c.annotator)
        )
        query = select(marks.c.verdict, func.count()).where(marks.c.seq.in_(last)).group_by(marks.c.verdict)
        with self._read() as connection:
            return {Verdict(said): int(count) for said, count in connection.execute(query)}

    def candidates(self) -> dict[int, list[str]]:
        """Round -> ids of the distinct candidates that training attacks on its target found."""
        found: dict[int, dict[str, None]] = {}
        with self._read() as connection:
            for number, prompt, completion in connection.execute(_candidates()):
                found.setdefault(number, {})[Snippet(prompt=prompt, completion=completion).id] = None
        return {number: list(ids) for number, ids in found.items()}


def _by_people() -> Any:
    return marks.c.annotator.in_(select(workers.c.name))


def _candidates() -> Select[Any]:
    """The last step of each training session on a round's target that ended with a candidate."""
    last = select(steps.c.session_id, func.max(steps.c.number).label("number")).group_by(steps.c.session_id)
    end = last.subquery()
    return (
        select(rounds.c.number, steps.c.prompt, steps.c.completion)
        .join(sessions, (sessions.c.round == rounds.c.number) & (sessions.c.target == rounds.c.target))
        .join(session_ends, session_ends.c.session_id == sessions.c.id)
        .join(end, end.c.session_id == sessions.c.id)
        .join(steps, (steps.c.session_id == end.c.session_id) & (steps.c.number == end.c.number))
        .where(sessions.c.purpose == "train", session_ends.c.outcome == Outcome.CANDIDATE.value)
        .order_by(rounds.c.number, sessions.c.id)
    )
