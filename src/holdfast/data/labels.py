"""Do a file's labels look right, and what do that many allow?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from holdfast.data.rows import ImportedRow
from holdfast.data.verdicts import KNOWN
from holdfast.errors import LabelsError
from holdfast.types import Source, Verdict

__all__ = [
    "LABEL_COLUMNS",
    "LabelWarning",
    "check_labels",
    "import_report",
    "keyword_pattern",
    "mistaken_column",
    "suspicious_labels",
    "verdict_of",
]

LABEL_COLUMNS = ("verdict", "label", "annotations")
"""Columns that labels are read from."""
_ENOUGH = 20
"""Labels of each class below which keyword rates say nothing."""
_FACTOR = 2.0
"""How many times commoner keywords must be among SAFE before the classes look reversed."""
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class LabelWarning:
    """Why the labels look wrong, with examples of each class to look at."""

    reason: str
    reversed: bool
    """True if the classes look the wrong way round."""
    safe: tuple[str, ...]
    """Texts labelled SAFE, at most three."""
    catastrophic: tuple[str, ...]
    """Texts labelled CATASTROPHIC, at most three."""

    def __str__(self) -> str:
        lines = [self.reason]
        lines += [f"SAFE: {text}" for text in self.safe]
        lines += [f"CATASTROPHIC: {text}" for text in self.catastrophic]
        return "\n  ".join(lines)


def verdict_of(row: ImportedRow) -> Verdict | None:
    """The row's gravest annotated verdict (UNSURE only where it stands alone); None for an unlabelled row."""
    verdicts = {one.judgement.verdict for one in row.annotations}
    for verdict in (Verdict.CATASTROPHIC, Verdict.BORDERLINE, Verdict.SAFE, Verdict.UNSURE):
        if verdict in verdicts:
            return verdict
    return None


def mistaken_column(rows: Sequence[ImportedRow]) -> str:
    """The column that seems to hold the labels of rows that have none; empty where there is no such column.

    Its name is close to one that labels are read from, or it holds at least two words for verdicts and
    nothing else.
    """
    if any(row.annotations for row in rows):
        return ""
    values: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.tags.items():
            values.setdefault(name, set()).add(value.casefold())
    named = [name for name in values if get_close_matches(name.casefold(), LABEL_COLUMNS, cutoff=0.75)]
    worded = [name for name, found in values.items() if len(found) > 1 and found <= KNOWN.keys()]
    return next(iter([*named, *worded]), "")


def keyword_pattern(keywords: Sequence[str]) -> re.Pattern[str] | None:
    """Any of `keywords` as a whole word, to be searched in case-folded text; None where there are none."""
    words = sorted({re.escape(word.casefold().strip()) for word in keywords if word.strip()})
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)") if words else None


def suspicious_labels(rows: Sequence[ImportedRow], keywords: Sequence[str] = ()) -> LabelWarning | None:
    """A warning where the classes look reversed or most rows are positive; None where neither is so.

    Attacks and their twins are left aside: mostly positive, and written to avoid or abuse keywords.

    Reversed: the catastrophe's `keywords` are at least twice as common in completions labelled SAFE as in
    those labelled CATASTROPHIC (20 of each at least), by more than two standard errors of the difference.
    """
    rows = [row for row in rows if row.source not in (Source.ATTACK, Source.TWIN)]
    safe = [row for row in rows if verdict_of(row) is Verdict.SAFE]
    bad = [row for row in rows if verdict_of(row) is Verdict.CATASTROPHIC]
    pattern = keyword_pattern(keywords)
    shown = {
        "safe": tuple(_short(row) for row in _first(safe, pattern)),
        "catastrophic": tuple(_short(row) for row in bad[:_SHOWN]),
    }
    if pattern is not None and min(len(safe), len(bad)) >= _ENOUGH:
        rate_safe, rate_bad = _rate(safe, pattern), _rate(bad, pattern)
        error = math.sqrt(rate_safe * (1 - rate_safe) / len(safe) + rate_bad * (1 - rate_bad) / len(bad))
        if rate_safe > _FACTOR * rate_bad and rate_safe - rate_bad > 2 * error:
            reason = (
                f"the classes look the wrong way round: {rate_safe:.0%} of {len(safe):,} texts labelled SAFE "
                f"hold a keyword of the catastrophe, and {rate_bad:.0%} of {len(bad):,} labelled CATASTROPHIC"
            )
            return LabelWarning(reason=reason, reversed=True, **shown)
    labelled = sum(verdict_of(row) is not None for row in rows)
    if labelled and len(bad) * 2 > labelled:
        reason = f"{len(bad):,} of {labelled:,} labelled rows are CATASTROPHIC: more than half, which is rare"
        return LabelWarning(reason=reason, reversed=False, **shown)
    return None


def check_labels(
    rows: Sequence[ImportedRow], keywords: Sequence[str] = (), *, yes: bool = False
) -> LabelWarning | None:
    """`suspicious_labels`, raising LabelsError with the examples unless `yes`; then it is returned."""
    warning = suspicious_labels(rows, keywords)
    if warning is not None and not yes:
        raise LabelsError(
            str(warning),
            expected="CATASTROPHIC (1, yes) where the completion is what must never be output",
            do="name the positive values with --positive, or confirm with --yes if the labels are right",
        )
    return warning


def _first(rows: Sequence[ImportedRow], pattern: re.Pattern[str] | None) -> list[ImportedRow]:
    """Three rows, those with a keyword first."""
    hits = [row for row in rows if pattern and pattern.search(row.snippet.completion.casefold())][:_SHOWN]
    return (hits + [row for row in rows[:_SHOWN] if row not in hits])[:_SHOWN]


def _rate(rows: Sequence[ImportedRow], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.search(row.snippet.completion.casefold())) for row in rows) / len(rows)


def _short(row: ImportedRow, limit: int = 160) -> str:
    text = " ".join(row.snippet.completion.split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def import_report(n_labels: int, n_positive: int, *, confidence: float = 0.95) -> str:
    """One sentence on what that many labels allow.

    The bound for no failure in n is 1 - (1 - confidence)^(1/n), the exact one-sided binomial bound
    (Clopper and Pearson 1934).
    """
    if not 0 <= n_positive <= n_labels:
        raise ValueError(f"{n_positive} positive of {n_labels} labels")
    if n_labels == 0:
        return "no labels: label some (`holdfast annotate --export`), or name their column: --map YOURS=label"
    bound = 1 - (1 - confidence) ** (1 / n_labels)
    proof = f"{n_labels:,} labels with no failure prove only below {100 * bound:.2g} %"
    if n_positive == 0:
        return f"no catastrophic example yet; {proof}, and a classifier needs examples of both kinds"
    if n_positive < 10:
        use = "enough to show what is meant, not to train on"
    elif n_positive < 100 or n_labels < 500:
        use = "enough to start attacks from, not to certify"
    else:
        use = "enough to train a first classifier; certify on further labels that are never trained on"
    return f"{n_labels:,} labels, {n_positive:,} catastrophic: {use} ({proof})"
