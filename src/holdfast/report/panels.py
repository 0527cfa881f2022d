"""Tables and figures with their numbers: what a reader sees, what sorts a column, what the CSV holds."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.report.content import AttackSummary, DataRow, Report, TargetReport
from holdfast.report.figures import (
    FEW,
    attack_cost_figure,
    cross_round_figure,
    failure_rate_figure,
    threshold_curve_figure,
)
from holdfast.report.wording import (
    claim,
    cost_text,
    count_text,
    exact_text,
    logit_text,
    percent,
    rate_text,
    ratio_text,
)
from holdfast.types import CrossRound

__all__ = ["Cell", "Panel", "Table", "attack_table", "comparison_table", "data_table", "panels"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is read, and the number behind it where there is one."""

    text: str
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its source note."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def csv(self) -> str:
        """Numbers unrounded where there are any; text that a spreadsheet would run is disarmed."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.header)
        for row in self.rows:
            writer.writerow([_plain(c.text) if c.value is None else repr(c.value) for c in row])
        return buffer.getvalue()

    @property
    def csv_link(self) -> str:
        """The CSV as a data: address."""
        return _link("text/csv", self.csv)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One figure in both themes, how to read it, and its table."""

    key: str
    heading: str
    light: str
    dark: str
    how: tuple[str, ...]
    table: Table
    folded: bool = False
    """The table is long and starts closed."""

    @property
    def svg_link(self) -> str:
        """The light figure as a data: address."""
        return _link("image/svg+xml", self.light)


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _link(kind: str, text: str) -> str:
    data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return f"data:{kind};charset=utf-8;base64,{data}"


def _text(text: str) -> Cell:
    return Cell(text=text)


def _count(value: int) -> Cell:
    return Cell(text=f"{value:,}", value=value)


def panels(report: Report) -> list[Panel]:
    """The figures in the page's order; one that has nothing to show is left out."""
    made = []
    targets = report.targets
    if any(t.failure_rates for t in targets):
        made.append(_failures(targets))
    if any(t.curve for t in targets):
        made.append(_curve(targets))
    if any(t.attack_costs for t in targets):
        made.append(_costs(targets))
    if report.cross_round is not None and report.cross_round.rows:
        made.append(_matrix(report.cross_round))
    return made


def _failures(targets: Sequence[TargetReport]) -> Panel:
    header = (
        "target", "generator", "failures delivered", "count", "if UNSURE were failures", "by exact strata",
        "without the filter", "draws accepted", "abstained",
    )  # fmt: skip
    rows = tuple(
        (
            _text(t.name),
            _text(f.generator),
            Cell(text=rate_text(f.failures), value=f.failures.estimate),
            _text(count_text(f.failures)),
            Cell(text=rate_text(f.failures_if_unsure, level=False), value=f.failures_if_unsure.estimate),
            Cell(text=exact_text(f) or "not known", value=f.exact),
            Cell(text=rate_text(f.unfiltered, level=False), value=f.unfiltered.estimate),
            Cell(text=rate_text(f.acceptance, level=False), value=f.acceptance.estimate),
            Cell(text=rate_text(f.abstained, level=False), value=f.abstained.estimate),
        )
        for t in targets
        for f in t.failure_rates
    )
    first = next(f.failures for t in targets for f in t.failure_rates)
    how = (
        "Share of delivered texts that are catastrophic, with its interval.",
        "Hollow: sampled, nothing assumed. Solid: by exact strata, where the source's densities are known.",
        "Square: baseline. Circle: last target. Arrow to the left: none found, the bar ends at the bound.",
        "Short upright line: the same rate without the filter.",
    )
    note = f"Intervals at {100 * first.confidence:g} %, {first.method}. Population: {first.population}."
    return Panel(
        key="failures",
        heading="How often the filtered system still fails",
        how=how,
        table=Table(caption="Failures delivered", header=header, rows=rows, note=note),
        light=failure_rate_figure(targets, theme="light"),
        dark=failure_rate_figure(targets, theme="dark"),
    )


def _curve(targets: Sequence[TargetReport]) -> Panel:
    header = ("target", "natural text accepted", "threshold (logit)", "failures let through", "count")
    rows = tuple(
        (
            _text(t.name),
            Cell(text=percent(p.acceptance), value=p.acceptance),
            Cell(text=logit_text(p.logit), value=p.logit),
            Cell(text=rate_text(p.failures), value=p.failures.estimate),
            _text(count_text(p.failures)),
        )
        for t in targets
        for p in t.curve
    )
    chosen = [f"{t.name} {logit_text(t.threshold.value)}" for t in targets if t.threshold]
    how = (
        "Each point is a possible threshold: accept more natural text and more failures pass.",
        "Shaded: the interval. Hollow arrow head: none let through, drawn at the bound.",
        *([f"Ring: the threshold in use (logit: {', '.join(chosen)})."] if chosen else []),
    )
    return Panel(
        key="curve",
        heading="What another threshold would give",
        how=how,
        table=Table(caption="Thresholds", header=header, rows=rows),
        folded=True,
        light=threshold_curve_figure(targets, theme="light"),
        dark=threshold_curve_figure(targets, theme="dark"),
    )


def _costs(targets: Sequence[TargetReport]) -> Panel:
    header = (
        "target", "attack", "queries per break", "broken", "parents", "candidates", "unsure", "skipped",
        "queries", "draws",
    )  # fmt: skip
    rows = tuple(
        (
            _text(t.name),
            _text(c.attack),
            Cell(text=cost_text(c), value=c.per_success),
            _count(c.verified),
            _count(c.parents),
            _count(c.candidates),
            _count(c.unsure),
            _count(c.skipped),
            _count(c.queries),
            _count(c.draws),
        )
        for t in targets
        for c in t.attack_costs
    )
    first = next(c for t in targets for c in t.attack_costs)
    how = (
        "Queries spent for each verified break, with its interval.",
        "Parents that did not break within the budget count with all they cost (censored).",
        "Draws: completions that a generator wrote for it, beside the queries.",
        "Arrow to the right: nothing broke, or no upper limit can be given.",
    )
    note = f"Intervals at {100 * first.confidence:g} %, {first.method}. Population: {first.population}."
    return Panel(
        key="cost",
        heading="What it costs to break it",
        how=how,
        table=Table(caption="Attack cost", header=header, rows=rows, note=note),
        light=attack_cost_figure(targets, theme="light"),
        dark=attack_cost_figure(targets, theme="dark"),
    )


def _matrix(matrix: CrossRound) -> Panel:
    header = ("found against", *(f"accepted by {c}" for c in matrix.columns))
    rows = tuple(
        (
            _text(name),
            *(
                Cell(text=f"{rate_text(r, level=False)} ({count_text(r)})", value=r.estimate)
                if r.count
                else Cell(text=rate_text(r), value=r.estimate)
                for r in row
            ),
        )
        for name, row in zip(matrix.rows, matrix.cells, strict=True)
    )
    how = (
        "Each row holds the verified breaks found against one target; each column scores them.",
        "Below the diagonal: does an old target fall for new breaks? Above it: does a new one hold the old?",
        f"Outlined: a target and its own breaks. Hatched: fewer than {FEW} examples, read nothing into it.",
    )
    return Panel(
        key="matrix",
        heading="Do old breaks still work?",
        how=how,
        table=Table(caption="Share accepted", header=header, rows=rows),
        light=cross_round_figure(matrix, theme="light"),
        dark=cross_round_figure(matrix, theme="dark"),
    )


def comparison_table(report: Report) -> Table:
    """Every ratio with its interval and the claim it allows."""
    names = {"failures": "failures delivered", "cost": "queries per break"}
    rows = tuple(
        (
            _text(f"{c.subject} / {c.reference}"),
            _text(f"{names[c.quantity]}, {c.of}"),
            Cell(text=ratio_text(c.ratio), value=c.ratio.estimate),
            _text(claim(c)),
            _text(c.ratio.method),
        )
        for c in report.comparisons
    )
    margins = sorted({c.margin for c in report.comparisons if c.quantity == "failures"})
    note = ""
    if margins:
        note = f"No worse: the whole interval lies at or below {', '.join(f'{m:g}' for m in margins)}."
    header = ("compared", "quantity", "ratio", "claim", "method")
    return Table(caption="Comparisons", header=header, rows=rows, note=note)


def attack_table(attacks: Sequence[AttackSummary]) -> Table:
    """How the searches ended."""
    rows = []
    for a in attacks:
        ended = ", ".join(f"{n:,} {name}" for name, n in a.outcomes.items())
        reached = f"{a.reached} of {len(a.strategies)}" if a.strategies else "none known"
        share = a.unsure / a.candidates if a.candidates else math.nan
        unsure = f"{percent(share)} ({a.unsure:,} of {a.candidates:,})" if a.candidates else "no candidates"
        rows.append(
            (_text(a.target), _text(a.attack), _text(ended), _text(reached), Cell(text=unsure, value=share))
        )
    header = ("target", "attack", "parents by outcome", "strategies reached", "candidates UNSURE")
    note = "UNSURE: outside the grammar of an oracle, or left open by people; they may be failures."
    return Table(caption="Attacks", header=header, rows=tuple(rows), note=note)


def data_table(rows: Sequence[DataRow]) -> Table:
    """Snippets by split, source and verdict."""
    header = (
        "split", "source", "snippets", "families", "SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE",
        "unlabelled",
    )  # fmt: skip
    made = tuple(
        (
            _text(r.split),
            _text(r.source),
            *(
                _count(n)
                for n in (
                    r.snippets, r.families, r.safe, r.borderline, r.catastrophic, r.unsure, r.unlabelled,
                )
            ),
        )
        for r in rows
    )  # fmt: skip
    return Table(caption="Data", header=header, rows=made)
