"""A suite's curves: distinct verified finds, and the share of parents broken, against queries a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.report.intervals import label
from holdfast.report.svg import THEMES, WIDTH, Theme, ThemeName, blank, to_svg
from holdfast.types import UNION, SuiteCurve, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["suite_figure"]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito (2008): they hold under colour blindness."""
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 2.2)), (0, (1.2, 1.8)))
_LEFT, _RIGHT, _PANEL, _KEY = 46, 14, 170, 16


def _look(place: int, method: str, theme: Theme) -> dict[str, Any]:
    """Colour and dash; the union in ink, and heavier."""
    if method == UNION:
        return {"color": theme.ink, "linestyle": "solid", "linewidth": 2.6}
    dash = _DASHES[place // len(_COLOURS) % len(_DASHES)]
    return {"color": _COLOURS[place % len(_COLOURS)], "linestyle": dash, "linewidth": 1.6}


def suite_figure(result: SuiteResult, *, theme: ThemeName = "light", key: str = "suite") -> str:
    """Two panels over one axis of queries, a line a method, the union heavy; a band around the union only."""
    colours = THEMES[theme]
    rows = len(result.curves)
    height = 24.0 + _KEY * rows + 2 * (_PANEL + 44)
    with blank(colours, height, key=key) as figure:
        for place, curve in enumerate(result.curves):
            name = (
                f"{curve.method} (held out)"
                if curve.method.partition("@")[0] in result.held_out
                else curve.method
            )
            _draw_key(figure, name, _look(place, curve.method, colours), 1 - (14 + _KEY * place) / height)
        top, bottom = _panels(figure, height)
        for place, curve in enumerate(result.curves):
            look = _look(place, curve.method, colours)
            xs, ys = _steps(curve.finds, result.budget)
            top.step(xs, ys, where="post", **look)
            xs, ys = _steps(list(zip(curve.queries, curve.share, strict=True)), result.budget)
            bottom.step(xs, ys, where="post", **look)
            if curve.method == UNION:
                _draw_band(bottom, curve, result.budget, colours)
        _finish(top, bottom, result.budget)
        title = f"{result.suite} against {result.target}: finds and parents broken by queries a search"
        said = "; ".join(
            f"{c.method}: {c.finds[-1][1] if c.finds else 0} distinct finds, "
            f"{100 * (c.share[-1] if c.share else 0):.0f} % of parents broken"
            for c in result.curves
        )
        return to_svg(figure, key=key, theme=colours, title=title, detail=label(said, 600))


def _panels(figure: Any, height: float) -> tuple[Axes, Axes]:
    """The upper and the lower axes."""
    width = 1 - (_LEFT + _RIGHT) / WIDTH
    bottoms = (44 + _PANEL + 44, 44)
    top, bottom = (figure.add_axes((_LEFT / WIDTH, b / height, width, _PANEL / height)) for b in bottoms)
    return top, bottom


def _steps(points: Any, budget: int) -> tuple[list[float], list[float]]:
    """A step function from 0 to the budget."""
    xs, ys = [0.0], [0.0]
    for x, y in points:
        xs.append(float(x))
        ys.append(float(y))
    return [*xs, float(max(budget, xs[-1]))], [*ys, ys[-1]]


def _draw_band(axes: Axes, curve: SuiteCurve, budget: int, theme: Theme) -> None:
    """The pointwise interval."""
    xs, low = _steps(list(zip(curve.queries, curve.lower, strict=True)), budget)
    _, high = _steps(list(zip(curve.queries, curve.upper, strict=True)), budget)
    axes.fill_between(xs, low, high, step="post", color=theme.ink, alpha=0.12, linewidth=0)


def _finish(top: Axes, bottom: Axes, budget: int) -> None:
    """Limits, grid and labels."""
    for axes in (top, bottom):
        axes.set_xlim(0, budget)
        axes.tick_params(length=0)
        axes.grid(zorder=0)
    top.set_ylim(bottom=0)
    bottom.set_ylim(0, 1)
    bottom.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    top.set_xlabel("queries a search: distinct verified finds", labelpad=5)
    bottom.set_xlabel("queries a search: parents broken", labelpad=5)


def _draw_key(figure: Any, name: str, look: dict[str, Any], y: float) -> None:
    """One line of the key."""
    from matplotlib.lines import Line2D

    xs = [_LEFT / WIDTH, (_LEFT + 24) / WIDTH]
    figure.add_artist(Line2D(xs, [y, y], **look))
    figure.text((_LEFT + 32) / WIDTH, y, label(name, 44), va="center", parse_math=False)
