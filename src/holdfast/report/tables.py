"""The table a terminal shows at the end: baseline and last target side by side, claims in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from holdfast.report.content import Comparison, Report, TargetReport
from holdfast.report.passages import worst_first
from holdfast.report.wording import (
    claim,
    cost_text,
    exact_text,
    find_comparison,
    glue,
    plural,
    rate_text,
    shorten,
    visible,
)

__all__ = ["NEXT_STEPS", "summary_rows", "summary_text"]

NEXT_STEPS: tuple[tuple[str, str], ...] = (
    ("holdfast generate --prompts FILE", "filtered text"),
    ("holdfast new mine --question '...'", "your own catastrophe"),
)
"""Commands worth typing next, and what each is for."""

_GAP = "  "
_COLUMNS = 3


def summary_rows(report: Report) -> list[list[str]]:
    """A header and one row a quantity: its name, each target; claims and the cross-round matrix among them.

    At most `_COLUMNS` targets: the baseline and the newest ones.
    """
    if report.baseline is None or report.last is None:
        return [["", "no target"]]
    shown = [report.baseline, *[t for t in report.targets if t is not report.baseline][1 - _COLUMNS :]]
    rows = [["", *(visible(t.name) for t in shown)]]
    for generator in dict.fromkeys(f.generator for t in shown for f in t.failure_rates):
        rows.extend(_failure_rows(report, shown, generator))
    if any(t.acceptance for t in shown):
        rows.append(["accepted", *(rate_text(t.acceptance, level=False) for t in shown)])
    if any(t.twins for t in shown):
        rows.append(["safe twins accepted", *(rate_text(t.twins, level=False) for t in shown)])
    if any(t.transfer for t in shown):
        rows.append(["others' attacks accepted", *(rate_text(t.transfer, level=False) for t in shown)])
    for attack in dict.fromkeys(c.attack for t in shown for c in t.attack_costs):
        rows.extend(_cost_rows(report, shown, attack))
    rows.extend(_cross_round_rows(report, shown))
    return rows


def _failure_rows(report: Report, shown: Sequence[TargetReport], generator: str) -> list[list[str]]:
    """Sampled failures, the same with UNSURE counted, by exact strata where known, and the claim."""
    found = [next((f for f in t.failure_rates if f.generator == generator), None) for t in shown]
    row = [f"failures, {visible(generator)}"]
    row += ["not measured" if f is None else rate_text(f.failures, level=False) for f in found]
    rows = [row]
    if any(f and f.failures_if_unsure.count != f.failures.count for f in found):
        unsure = ["" if f is None else rate_text(f.failures_if_unsure, level=False) for f in found]
        rows.append(["  or unsure", *unsure])
    exact = ["" if f is None else exact_text(f) for f in found]
    if any(exact):
        rows.append(["  by exact strata", *exact])
    return [*rows, *_claim_row(find_comparison(report, "failures", generator), shown)]


def _claim_row(comparison: Comparison | None, shown: Sequence[TargetReport]) -> list[list[str]]:
    """What may be said of the last target against the baseline, under the last column."""
    if comparison is None or len(shown) == 1:
        return []
    return [["  against baseline", *[""] * (len(shown) - 1), claim(comparison)]]


def _cost_rows(report: Report, shown: Sequence[TargetReport], attack: str) -> list[list[str]]:
    """Queries per break and how many broke, and the claim."""
    row = [f"queries per break, {visible(attack)}"]
    for target in shown:
        cost = next((c for c in target.attack_costs if c.attack == attack), None)
        broken = f" ({cost.verified} of {cost.parents}\u00a0broken)" if cost and cost.parents else ""
        row.append(cost_text(cost) + broken)
    return [row, *_claim_row(find_comparison(report, "cost", attack), shown)]


def _cross_round_rows(report: Report, shown: Sequence[TargetReport]) -> list[list[str]]:
    """Whose breaks (rows) each target still accepts."""
    matrix = report.cross_round
    if matrix is None or len(shown) == 1:
        return []
    rows = [["accepts breaks of", *[""] * len(shown)]]
    for name, cells in zip(matrix.rows, matrix.cells, strict=True):
        known = dict(zip(matrix.columns, cells, strict=True))
        if cells and cells[0].trials:
            counts = [known.get(t.name) for t in shown]
            rows.append(
                [f"  {visible(name)}", *("" if c is None else f"{c.count} of {c.trials}" for c in counts)]
            )
    return rows


def summary_text(
    report: Report,
    *,
    width: int = 80,
    page: str = "reports/index.html",
    redact: bool = False,
    next_steps: Sequence[tuple[str, str]] = NEXT_STEPS,
) -> str:
    """Plain text at most `width` columns wide; the same with and without colour.

    `page`: where the HTML page was written, as it is to be shown; `redact`: no snippet is quoted.
    """
    lines = _columns(summary_rows(report), width)
    if report.worst:
        worst = worst_first(report.worst)[0]
        under = f"{abs(worst.margin):.1f} {'under' if worst.margin < 0 else 'above'} the threshold"
        text = worst.snippet.id if redact else visible(" ".join(worst.snippet.text.split()))
        lines += _named("worst", f"{under}: {shorten(text, max(20, 2 * width - 60))}", width)
        lines += _named("", f"{plural(len(report.worst), 'failure')} on the page", width)
    lines += _named("not tested", "; ".join(s.rstrip(".") for s in report.not_tested) or "nobody said", width)
    lines += _named("labels", visible(report.labels_note), width)
    lines.append("")
    lines.append(f"report      {page}")
    longest = max((len(command) for command, _ in next_steps), default=0)
    for place, (command, purpose) in enumerate(next_steps):
        line = f"{'next' if place == 0 else '':<12}{command:<{longest}}"
        fits = len(line) + 2 + len(purpose) <= width
        lines += [f"{line}  {purpose}"] if fits else [line.rstrip(), f"{'':<14}{purpose}"]
    return "\n".join(lines)


def _named(name: str, text: str, width: int) -> list[str]:
    """A name in the margin and wrapped text beside it."""
    wrapped = textwrap.wrap(visible(text), max(20, width - 12)) or [""]
    return [f"{name if i == 0 else '':<12}{line}" for i, line in enumerate(wrapped)]


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Aligned columns; a cell that is too wide goes on under itself."""
    count = len(rows[0])
    widths = [max(len(row[i]) for row in rows) for i in range(count)]
    while sum(widths) + len(_GAP) * (count - 1) > width and max(widths) > 10:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in rows:
        cells = [textwrap.wrap(glue(c), max(1, w)) or [""] for c, w in zip(row, widths, strict=True)]
        cells = [_indented(c, row[i]) for i, c in enumerate(cells)]
        for place in range(max(map(len, cells))):
            parts = [c[place] if place < len(c) else "" for c in cells]
            line = _GAP.join(f"{p:<{w}}" for p, w in zip(parts, widths, strict=True))
            lines.append(line.replace("\u00a0", " ").rstrip())
    return lines


def _indented(lines: list[str], original: str) -> list[str]:
    """Keep the indent that wrapping dropped."""
    indent = original[: len(original) - len(original.lstrip())]
    return [indent + line.lstrip() for line in lines] if indent else lines
