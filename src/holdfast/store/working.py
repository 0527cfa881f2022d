"""How much a person did since some time, counted in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from holdfast.store.desk import Desk
from holdfast.store.people_tables import comparisons
from holdfast.store.tables import annotation_rows as marks

__all__ = ["Work", "Working"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """Labels and comparisons, with the active seconds they took."""

    labels: int
    label_seconds: float
    ratings: int
    rating_seconds: float

    @property
    def items(self) -> int:
        """Both together."""
        return self.labels + self.ratings

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.label_seconds + self.rating_seconds


class Working(Desk):
    """One person's measure of work."""

    def since(self, worker: str, when: datetime) -> Work:
        """What `worker` did from `when` on; an answer that was changed counts again, it was work."""
        with self._read() as connection:
            label = select(func.count(), func.coalesce(func.sum(marks.c.seconds), 0.0)).where(
                marks.c.annotator == worker, marks.c.at >= when
            )
            rating = select(func.count(), func.coalesce(func.sum(comparisons.c.seconds), 0.0)).where(
                comparisons.c.worker == worker, comparisons.c.at >= when
            )
            labels, label_seconds = connection.execute(label).one()
            ratings, rating_seconds = connection.execute(rating).one()
        return Work(
            labels=int(labels),
            label_seconds=float(label_seconds),
            ratings=int(ratings),
            rating_seconds=float(rating_seconds),
        )

    def answered(self, worker: str) -> int:
        """Labels ever given."""
        query = select(func.count()).select_from(marks).where(marks.c.annotator == worker)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def rated(self, worker: str) -> int:
        """Comparisons ever given."""
        query = select(func.count()).select_from(comparisons).where(comparisons.c.worker == worker)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())
