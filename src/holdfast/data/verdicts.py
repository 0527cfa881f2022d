"""Verdicts as files write them: words, 0/1, yes/no, or values that the user names. Never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.errors import LabelsError
from holdfast.types import Verdict

__all__ = ["KNOWN", "VerdictReader", "parse_severity"]

KNOWN: dict[str, Verdict] = {
    "safe": Verdict.SAFE,
    "borderline": Verdict.BORDERLINE,
    "catastrophic": Verdict.CATASTROPHIC,
    "unsure": Verdict.UNSURE,
    "0": Verdict.SAFE,
    "1": Verdict.CATASTROPHIC,
    "0.0": Verdict.SAFE,
    "1.0": Verdict.CATASTROPHIC,
    "no": Verdict.SAFE,
    "yes": Verdict.CATASTROPHIC,
    "false": Verdict.SAFE,
    "true": Verdict.CATASTROPHIC,
}
_MIDDLE = {"unsure": Verdict.UNSURE, "borderline": Verdict.BORDERLINE}
_SHOWN = "SAFE, BORDERLINE, CATASTROPHIC, UNSURE, 0, 1, yes, no, unsure (in any case)"


class VerdictReader:
    """Turns a file's verdict values into verdicts.

    Without `positive` only the known words count. With `positive`, those values mean CATASTROPHIC,
    `unsure` and `borderline` keep their meaning, and exactly one other value means SAFE: the first met, or
    those in `negative`. A further value raises LabelsError: a misspelt positive must not become SAFE.
    """

    def __init__(self, positive: Sequence[str] = (), negative: Sequence[str] = ()) -> None:
        """Take the user's own words; raises LabelsError if one is named on both sides."""
        self._positive = {self._key(value) for value in positive}
        self._negative = {self._key(value) for value in negative}
        both = sorted(self._positive & self._negative)
        if both:
            raise LabelsError(f"the value {both[0]!r} is named both positive and negative")
        self._closed = bool(self._negative)

    @staticmethod
    def _key(value: Any) -> str:
        return str(value).strip().casefold()

    def read(self, value: Any, where: str) -> Verdict | None:
        """The verdict; None for an empty cell. Raises LabelsError with `where` (file:line)."""
        if value is None:
            return None
        key = self._key(value)
        if not key:
            return None
        if not self._positive and not self._negative:
            if key in KNOWN:
                return KNOWN[key]
            raise LabelsError(
                f"{where}: verdict {str(value)!r}",
                expected=_SHOWN,
                do="name the values that mean catastrophic, for instance --positive " + str(value)[:30],
            )
        return self._own(key, value, where)

    def _own(self, key: str, value: Any, where: str) -> Verdict:
        if key in self._positive:
            return Verdict.CATASTROPHIC
        if key in self._negative:
            return Verdict.SAFE
        if key in _MIDDLE:
            return _MIDDLE[key]
        if self._closed:
            raise LabelsError(
                f"{where}: verdict {str(value)!r}",
                expected="positive "
                + self._list(self._positive)
                + "; negative "
                + self._list(self._negative),
                do="name it with --positive or --negative, or correct the row",
            )
        self._negative, self._closed = {key}, True
        return Verdict.SAFE

    @staticmethod
    def _list(values: set[str]) -> str:
        return ", ".join(sorted(values)) or "(none)"


def parse_severity(value: Any, where: str) -> int:
    """0 to 4; 0 for an empty cell. Raises LabelsError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    try:
        severity = float(value)
    except (TypeError, ValueError):
        severity = -1.0
    if severity not in (0, 1, 2, 3, 4):
        raise LabelsError(
            f"{where}: severity {value!r}", expected="0 to 4 (1 trivial, 2 moderate, 3 serious, 4 lethal)"
        )
    return int(severity)
