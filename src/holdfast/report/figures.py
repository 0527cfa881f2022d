"""The figures, each a pure function from typed values to an SVG for one theme.

Every one is drawn twice, light and dark, and holds no style sheet: see `svg`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from holdfast.report.content import CurvePoint, TargetReport
from holdfast.report.intervals import (
    Axis,
    IntervalRow,
    draw_intervals,
    label,
    log_limits,
    log_ticks,
    marker_of,
)
from holdfast.report.svg import CIVIDIS, THEMES, WIDTH, Theme, ThemeName, blank, ink_on, to_svg
from holdfast.report.wording import cost_text, exact_text, number, percent, rate_text
from holdfast.types import AttackCost, CrossRound, FailureRate, Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FEW",
    "attack_cost_figure",
    "cross_round_figure",
    "failure_rate_figure",
    "threshold_curve_figure",
]

FEW = 20
"""Fewer examples than this in a cell of the matrix: hatched."""


def _tick(value: float) -> str:
    """A round share as per cent, without trailing zeros."""
    return f"{100 * value:.7g} %" if value >= 1e-6 else f"{value:.0e}"


def failure_rate_figure(
    targets: Sequence[TargetReport], *, theme: ThemeName = "light", key: str = "failures"
) -> str:
    """Failures delivered, per target and generator, log axis. Hollow: sampled, free of assumptions; solid: by
    exact strata; the short upright line is the rate without the filter."""
    generators = list(dict.fromkeys(f.generator for t in targets for f in t.failure_rates))
    rows: list[IntervalRow] = []
    for place, target in enumerate(targets):
        for rate in target.failure_rates:
            series = generators.index(rate.generator)
            rows.extend(_failure_rows(rate, target.name, series, marker_of(place, len(targets))))
    said = [f"{r.name}: {r.value}" for r in rows]
    axis = Axis(
        key=key,
        title="Failures delivered by the filter, with intervals",
        detail="; ".join(said) or "not measured",
        label="catastrophic among delivered (log scale)",
        tick=_tick,
        least=1e-9,
        most=1.0,
    )
    return draw_intervals(rows, axis, THEMES[theme])


def _failure_rows(rate: FailureRate, target: str, series: int, marker: str) -> list[IntervalRow]:
    """The sampled interval, and the exact one where there is one."""
    failures, name = rate.failures, f"{target} · {rate.generator}"
    none, empty = failures.count == 0, failures.trials == 0
    base = rate.unfiltered.estimate if rate.unfiltered.trials else math.nan
    rows = [
        IntervalRow(
            name=name,
            value=rate_text(failures, level=False),
            estimate=math.nan if none or empty else failures.estimate,
            lower=math.nan if empty else failures.lower,
            upper=math.nan if empty else failures.bound if none else failures.upper,
            series=series,
            marker=marker,
            hollow=True,
            arrow="left" if none and not empty and math.isfinite(failures.bound) else "",
            tick=base,
        )
    ]
    if rate.exact is not None:
        lower = rate.exact_lower if rate.exact_lower is not None else math.nan
        upper = rate.exact_upper if rate.exact_upper is not None else math.nan
        rows.append(
            IntervalRow(
                name=f"{target} · exact strata",
                value=exact_text(rate),
                estimate=rate.exact,
                lower=lower,
                upper=upper,
                series=series,
                marker=marker,
            )
        )
    return rows


def attack_cost_figure(
    targets: Sequence[TargetReport], *, theme: ThemeName = "light", key: str = "cost"
) -> str:
    """Queries per verified break, per target and attack, log axis. Nothing broken: an arrow to the right."""
    attacks = list(dict.fromkeys(c.attack for t in targets for c in t.attack_costs))
    rows = [
        _cost_row(cost, target.name, attacks.index(cost.attack), marker_of(place, len(targets)))
        for place, target in enumerate(targets)
        for cost in target.attack_costs
    ]
    said = [f"{r.name}: {r.value}" for r in rows]
    axis = Axis(
        key=key,
        title="Queries per verified break, with intervals",
        detail="; ".join(said) or "not measured",
        label="queries per verified break (log scale)",
        tick=lambda v: f"{v:,.0f}" if v >= 1 else f"{v:g}",
        least=0.1,
    )
    return draw_intervals(rows, axis, THEMES[theme])


def _cost_row(cost: AttackCost, target: str, series: int, marker: str) -> IntervalRow:
    """Dot and bar, or an arrow from the lower limit on where the upper one is infinite."""
    open_end = cost.parents > 0 and not math.isfinite(cost.upper)
    return IntervalRow(
        name=f"{target} · {cost.attack} ({cost.verified} of {cost.parents})",
        value=cost_text(cost),
        estimate=cost.per_success if cost.parents and math.isfinite(cost.per_success) else math.nan,
        lower=cost.lower if cost.parents else math.nan,
        upper=cost.upper,
        series=series,
        marker=marker,
        arrow="right" if open_end and math.isfinite(cost.lower) else "",
    )


def threshold_curve_figure(
    targets: Sequence[TargetReport], *, theme: ThemeName = "light", key: str = "curve"
) -> str:
    """Failures let through against the share of natural text accepted; the chosen threshold is ringed."""
    drawn = [t for t in targets if t.curve]
    axis = Axis(key=key, title="", detail="", label="", tick=_tick, least=1e-7, most=1.0)
    height = 258 + 17 * max(1, len(drawn))
    colours = THEMES[theme]
    with blank(colours, height, key=key) as figure:
        axes = figure.add_axes((46 / WIDTH, 44 / height, 1 - 68 / WIDTH, 208 / height))
        low, high = log_limits(
            [v for t in drawn for p in t.curve for v in (p.failures.estimate, p.failures.bound)], axis
        )
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        ticks = log_ticks(low, high)
        axes.set_yticks(ticks, [_tick(t) for t in ticks])
        axes.set_yticks([], minor=True)
        axes.tick_params(length=0)
        axes.grid(zorder=0)
        axes.set_xlabel("natural text accepted", labelpad=5)
        for place, target in enumerate(drawn):
            series = {0: 0, len(drawn) - 1: 1}.get(place, 2)
            _draw_curve(axes, target, series, marker_of(place, len(drawn)), colours)
            y = (height - 14 - 17 * place) / height
            _draw_key(figure, target.name, (series, marker_of(place, len(drawn))), y, colours)
        if not drawn:
            axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=colours.muted)
        title = "Failures let through against the share of natural text accepted"
        detail = "One curve for each of: " + ", ".join(t.name for t in drawn)
        return to_svg(figure, key=key, theme=colours, title=title, detail=label(detail, 200))


_DASHES: tuple[Any, ...] = ((0, (5, 2.2)), "solid", (0, (1.2, 1.8)))


def _draw_curve(axes: Axes, target: TargetReport, series: int, marker: str, theme: Theme) -> None:
    """Band, line and points of one target; hollow arrow heads at the bound where none was let through."""
    points = sorted((p for p in target.curve if p.failures.trials), key=lambda p: p.acceptance)
    colour, floor = theme.series(series), axes.get_ylim()[0]
    found = [p for p in points if p.failures.count]
    x = [p.acceptance for p in found]
    y = [p.failures.estimate for p in found]
    low = [max(floor, p.failures.lower) for p in found]
    axes.fill_between(x, low, [p.failures.upper for p in found], color=colour, alpha=0.16, linewidth=0)
    axes.plot(x, y, color=colour, linestyle=_DASHES[series], linewidth=2, zorder=3)
    axes.plot(x, y, marker, color=colour, markersize=4, zorder=4)
    none = [p for p in points if not p.failures.count and math.isfinite(p.failures.bound)]
    axes.plot(
        [p.acceptance for p in none],
        [p.failures.bound for p in none],
        "v",
        markersize=7 - series,
        markerfacecolor=theme.paper,
        markeredgecolor=colour,
        zorder=4,
    )
    if chosen := chosen_point(target):
        height = chosen.failures.estimate if chosen.failures.count else chosen.failures.bound
        style: dict[str, Any] = {
            "markerfacecolor": "none",
            "markeredgecolor": theme.ink,
            "markeredgewidth": 1.6,
        }
        axes.plot([chosen.acceptance], [height], "o", markersize=12, zorder=6, **style)


def chosen_point(target: TargetReport) -> CurvePoint | None:
    """The point of the curve whose logit is nearest the threshold in use."""
    points = [p for p in target.curve if p.failures.trials and math.isfinite(p.logit)]
    if target.threshold is None or not points:
        return None
    value = target.threshold.value
    return min(points, key=lambda p: abs(p.logit - value))


def _draw_key(figure: Any, name: str, look: tuple[int, str], y: float, theme: Theme) -> None:
    """One line of the key above the axes."""
    from matplotlib.lines import Line2D

    series, marker = look
    xs = [46 / WIDTH, 58 / WIDTH, 70 / WIDTH]
    line = Line2D(xs, [y + 0.012] * 3, color=theme.series(series), linestyle=_DASHES[series], linewidth=2)
    dot = Line2D(xs[1:2], [y + 0.012], color=theme.series(series), marker=marker, markersize=5)
    figure.add_artist(line)
    figure.add_artist(dot)
    figure.text(78 / WIDTH, y, label(name, 44), color=theme.ink, parse_math=False)


def cross_round_figure(matrix: CrossRound, *, theme: ThemeName = "light", key: str = "matrix") -> str:
    """Share of each round's successes that each target accepts; hatched below FEW examples."""
    colours = THEMES[theme]
    rows, columns = len(matrix.rows), len(matrix.columns)
    left, cell = 104.0, 52.0
    height = 58 + cell * rows + 40
    with blank(colours, height, key=key) as figure:
        axes = figure.add_axes((left / WIDTH, 40 / height, 1 - (left + 6) / WIDTH, cell * rows / height))
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        axes.spines[:].set_visible(False)
        axes.set_xticks(
            [j + 0.5 for j in range(columns)], [label(c, 60 // max(1, columns)) for c in matrix.columns]
        )
        axes.set_yticks([i + 0.5 for i in range(rows)], [label(r, 14) for r in matrix.rows])
        axes.xaxis.tick_top()
        axes.tick_params(length=0, labelcolor=colours.ink)
        figure.text(left / WIDTH, 1 - 14 / height, "accepted by", color=colours.muted)
        figure.text(6 / WIDTH, 1 - 34 / height, "found against", color=colours.muted)
        for i, row in enumerate(matrix.cells):
            for j, rate in enumerate(row):
                _draw_cell(axes, (i, j), rate, matrix.rows[i] == matrix.columns[j], colours)
        _draw_scale(figure, left, height, colours)
        title = "Share of each round's verified breaks that each target accepts"
        detail = "Rows: found against " + ", ".join(matrix.rows) + ". Columns: " + ", ".join(matrix.columns)
        return to_svg(figure, key=key, theme=colours, title=title, detail=label(detail, 300))


def step_of(share: float) -> int:
    """Which of the six colours stands for `share`."""
    return min(len(CIVIDIS) - 1, int(share * len(CIVIDIS)))


def _draw_cell(axes: Axes, place: tuple[int, int], rate: Rate, own: bool, theme: Theme) -> None:
    """One cell: colour, hatch where few, outline where a target meets its own breaks, two lines of text."""
    from matplotlib.patches import Rectangle

    i, j = place
    empty, few = rate.trials == 0, rate.trials < FEW
    colour = theme.grid if empty else CIVIDIS[step_of(rate.estimate)]
    ink = theme.muted if empty else ink_on(colour)
    corner, size = ((j + 0.045, i + 0.075), (0.91, 0.85)) if own else ((j + 0.02, i + 0.03), (0.96, 0.94))
    axes.add_patch(Rectangle(corner, *size, facecolor=colour, linewidth=0))
    if few and not empty:
        hatch = Rectangle(corner, *size, facecolor="none", edgecolor=ink, hatch="///")
        hatch.set(linewidth=0, alpha=0.45)
        axes.add_patch(hatch)
    if own:
        outline = Rectangle((j + 0.015, i + 0.025), 0.97, 0.95, facecolor="none", edgecolor=theme.ink)
        outline.set_linewidth(1.8)
        axes.add_patch(outline)
    if empty:
        first, second = "none", ""
    elif rate.count == 0:
        first, second = f"0 of {rate.trials:,}", f"< {percent(rate.bound)}"
    else:
        first, second = percent(rate.estimate), f"{rate.count:,} of {rate.trials:,}"
    box = {"facecolor": colour, "edgecolor": "none", "pad": 1.2} if few and not empty else None
    axes.text(j + 0.5, i + 0.44, first, ha="center", color=ink, fontweight="bold", bbox=box)
    axes.text(j + 0.5, i + 0.74, second, ha="center", color=ink, fontsize=9, bbox=box if second else None)


def _draw_scale(figure: Any, left: float, height: float, theme: Theme) -> None:
    """Six swatches and their ends, under the matrix."""
    from matplotlib.patches import Rectangle

    figure.text(6 / WIDTH, 15 / height, "share accepted", color=theme.muted, fontsize=10)
    for place, colour in enumerate(CIVIDIS):
        x = (left + 18 + 26 * place) / WIDTH
        figure.add_artist(Rectangle((x, 12 / height), 26 / WIDTH, 11 / height, facecolor=colour, linewidth=0))
    figure.text((left + 2) / WIDTH, 15 / height, number(0), color=theme.muted, fontsize=10)
    figure.text((left + 18 + 26 * 6 + 6) / WIDTH, 15 / height, "100 %", color=theme.muted, fontsize=10)
