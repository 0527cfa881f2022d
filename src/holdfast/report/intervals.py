"""Rows of dots and bars on one log axis: an estimate, its interval, and the label beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from holdfast.report.svg import WIDTH, Theme, blank, to_svg
from holdfast.report.wording import shorten, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Axis", "IntervalRow", "draw_intervals", "label", "log_limits", "log_ticks", "marker_of"]

_ROW = 34.0
_TOP, _BOTTOM = 6.0, 42.0


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """One row of the figure. `arrow`: the interval goes on beyond the axis on that side."""

    name: str
    value: str
    estimate: float
    """nan: no dot."""
    lower: float
    upper: float
    series: int = 0
    marker: str = "o"
    hollow: bool = False
    arrow: Literal["", "left", "right"] = ""
    tick: float = math.nan
    """A second quantity on the same axis, drawn as a short upright line."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The horizontal axis and what the figure is called."""

    key: str
    title: str
    detail: str
    label: str
    tick: Callable[[float], str]
    least: float
    """Smallest value ever shown."""
    most: float = math.inf


def label(text: str, most: int) -> str:
    """Text for a figure: on one line, nothing hidden in it, at most `most` characters."""
    return shorten(visible(" ".join(text.split())), most)


def marker_of(index: int, count: int) -> str:
    """Square for the baseline, circle for the last target, diamond between."""
    return "s" if index == 0 and count > 1 else "o" if index == count - 1 else "D"


def log_limits(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    """Limits of a log axis that hold all positive finite values with some room."""
    good = [v for v in values if math.isfinite(v) and v > 0]
    if not good:
        return (1e-4, 1.0) if axis.most <= 1 else (10.0, 1000.0)
    low, high = min(good) / 2.2, max(good) * 1.8
    if high / low < 12:
        middle = math.sqrt(low * high)
        low, high = middle / 3.5, middle * 3.5
    return max(low, axis.least), min(high, axis.most)


def log_ticks(low: float, high: float) -> list[float]:
    """Two to seven round numbers inside [low, high]."""
    for steps in ((1, 2, 5), (1, 3), (1,)):
        decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high * 1.0001]
        if len(ticks) <= 5:
            return ticks
    return ticks[:: math.ceil(len(ticks) / 5)]


def draw_intervals(rows: Sequence[IntervalRow], axis: Axis, theme: Theme) -> str:
    """The rows from top to bottom as an SVG; names above the bars on the left, values on the right."""
    height = _TOP + _BOTTOM + _ROW * max(1, len(rows))
    with blank(theme, height, key=axis.key) as figure:
        margin = 6 / WIDTH
        axes = figure.add_axes((margin, _BOTTOM / height, 1 - 2 * margin, _ROW * max(1, len(rows)) / height))
        low, high = log_limits([v for r in rows for v in (r.estimate, r.lower, r.upper, r.tick)], axis)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(max(1, len(rows)), 0)
        axes.set_yticks([])
        ticks = log_ticks(low, high)
        axes.set_xticks(ticks, [axis.tick(t) for t in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel(axis.label, labelpad=5)
        axes.grid(axis="x", zorder=0)
        axes.tick_params(length=0)
        for place, row in enumerate(rows):
            _draw_row(axes, row, place, theme)
        if not rows:
            axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=theme.muted)
        return to_svg(figure, key=axis.key, theme=theme, title=axis.title, detail=axis.detail)


def _draw_row(axes: Axes, row: IntervalRow, place: int, theme: Theme) -> None:
    """One row: its two labels, then bar, dot, arrow and tick below them."""
    colour, y = theme.series(row.series), place + 0.74
    low, high = axes.get_xlim()
    common: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "parse_math": False,
        "bbox": {"facecolor": theme.paper, "edgecolor": "none", "pad": 1},
    }
    axes.text(0.0, place + 0.42, label(row.name, 36), color=theme.muted, **common)
    axes.text(1.0, place + 0.42, row.value, ha="right", fontweight="bold", **common)
    start = low if row.arrow == "left" else max(low, row.lower)
    stop = high if row.arrow == "right" else min(high, row.upper)
    if math.isfinite(start) and math.isfinite(stop):
        axes.plot([start, stop], [y, y], color=colour, linewidth=2.6, solid_capstyle="butt", zorder=3)
        if row.arrow:
            end = start if row.arrow == "left" else stop
            mark = "<" if row.arrow == "left" else ">"
            axes.plot([end], [y], mark, color=colour, markersize=9, clip_on=False, zorder=5)
            edge = stop if row.arrow == "left" else start
            axes.plot([edge], [y], "|", color=colour, markersize=11, markeredgewidth=2, zorder=4)
    if math.isfinite(row.tick) and low <= row.tick <= high:
        axes.plot([row.tick], [y], "|", color=theme.muted, markersize=12, markeredgewidth=1.6, zorder=2)
    if math.isfinite(row.estimate) and row.estimate > 0:
        axes.plot(
            [row.estimate],
            [y],
            row.marker,
            markersize=7.5,
            markerfacecolor=theme.paper if row.hollow else colour,
            markeredgecolor=colour,
            markeredgewidth=2,
            zorder=6,
        )
