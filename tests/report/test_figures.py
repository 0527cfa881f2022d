"""Figures: two themes, own ids, no style, a title, the same bytes; odd values do not stop them."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
from xml.etree import ElementTree

import pytest

from holdfast.report import (
    TargetReport,
    attack_cost_figure,
    cross_round_figure,
    failure_rate_figure,
    threshold_curve_figure,
)
from holdfast.report.figures import chosen_point, step_of
from holdfast.report.intervals import Axis, log_limits, log_ticks, marker_of
from holdfast.report.panels import Cell, Table, panels
from holdfast.report.svg import CIVIDIS, ink_on
from tests.report.sample import HOSTILE, cost, full_report, matrix, rate, target

_TARGETS = full_report(0).targets
_DRAWN = {
    "failures": lambda theme: failure_rate_figure(_TARGETS, theme=theme),
    "curve": lambda theme: threshold_curve_figure(_TARGETS, theme=theme),
    "cost": lambda theme: attack_cost_figure(_TARGETS, theme=theme),
    "matrix": lambda theme: cross_round_figure(matrix(), theme=theme),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("key", list(_DRAWN))
def test_a_figure_stands_on_its_own(key, theme):
    svg = _DRAWN[key](theme)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root.get("viewBox", "").startswith("0 0 400 ")
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids)) and all(i.startswith(f"{key}-{theme}-") for i in ids)
    assert set(root.get("aria-labelledby", "").split()) <= set(ids)
    for reference in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg):
        assert (reference[0] or reference[1]) in ids
    assert "style" not in {n for e in root.iter() for n in e.attrib} and "<style" not in svg
    assert "matplotlib" not in svg.lower() and "<image" not in svg and "date" not in svg
    assert len(svg) < 30_000
    assert svg == _DRAWN[key](theme)


def test_themes_differ_in_colour_only():
    light, dark = _DRAWN["failures"]("light"), _DRAWN["failures"]("dark")
    assert "#0072b2" in light and "#d55e00" in light
    assert "#56b4e9" in dark and "#e69f00" in dark and "#0072b2" not in dark

    def words(svg: str) -> list[str]:
        return re.findall(r">([^<>\n]+)<", svg)

    assert words(light) == words(dark)


def test_a_users_settings_change_nothing():
    import matplotlib

    before = _DRAWN["cost"]("light")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert _DRAWN["cost"]("light") == before
        assert matplotlib.rcParams["font.size"] == 30


def test_figures_of_nothing():
    bare = [TargetReport(name="baseline")]
    for draw in (failure_rate_figure, threshold_curve_figure, attack_cost_figure):
        assert "not measured" in draw(bare)


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_odd_numbers(value):
    odd = dataclasses.replace(cost("odd", 3, 60, 40, 30, 50), per_success=value, lower=value, upper=value)
    full = target("odd", 0)
    rates = tuple(dataclasses.replace(f, exact=value, exact_lower=value) for f in full.failure_rates)
    curve = tuple(
        dataclasses.replace(p, failures=dataclasses.replace(p.failures, upper=value, bound=value))
        for p in full.curve
    )
    one = [dataclasses.replace(full, attack_costs=(odd,), failure_rates=rates, curve=curve)]
    for draw in (failure_rate_figure, threshold_curve_figure, attack_cost_figure):
        svg = draw(one)
        ElementTree.fromstring(svg)
        assert " nan" not in svg and '"nan' not in svg and " inf" not in svg


def test_names_are_text_only():
    names = tuple(f"$x^2${HOSTILE}\x07{i}" for i in range(3))
    svg = cross_round_figure(dataclasses.replace(matrix(), rows=names, columns=names))
    ElementTree.fromstring(svg)
    assert "<script" not in svg and "$x^2$" in svg
    odd = [dataclasses.replace(_TARGETS[0], name=names[0])]
    for draw in (failure_rate_figure, threshold_curve_figure, attack_cost_figure):
        assert "$x^2$" in draw(odd)


def test_small_cells_are_hatched_and_zero_has_its_bound():
    few = dataclasses.replace(matrix(), rows=("a",), columns=("b",), cells=((rate(0, 9),),))
    many = dataclasses.replace(few, cells=((rate(0, 90),),))
    assert "<pattern" in cross_round_figure(few) and "<pattern" not in cross_round_figure(many)
    assert "0 of 9<" in cross_round_figure(few) and "&lt; " in cross_round_figure(few)


def test_every_step_of_the_matrix_can_be_read():
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in CIVIDIS:
        a, b = sorted((luminance(colour), luminance(ink_on(colour))))
        assert (b + 0.05) / (a + 0.05) >= 5.4
    assert [step_of(x) for x in (0, 0.17, 0.99, 1)] == [0, 1, 5, 5]


def test_chosen_point_is_the_nearest_threshold():
    chosen = chosen_point(_TARGETS[0])
    assert chosen is not None and abs(chosen.logit - 2.36) <= 0.3
    assert chosen_point(TargetReport(name="none")) is None


def test_axis_limits_and_ticks():
    axis = Axis(key="k", title="", detail="", label="", tick=str, least=1e-9, most=1.0)
    assert log_limits([0.0, math.nan, math.inf], axis) == (1e-4, 1.0)
    low, high = log_limits([0.003, 0.004], axis)
    assert low < 0.003 and high > 0.004 and high / low >= 12
    for low, high in ((1e-4, 1e-3), (1e-9, 1.0), (0.02, 0.9), (3, 4e6)):
        ticks = log_ticks(low, high)
        assert 1 <= len(ticks) <= 7 and all(low <= t <= high * 1.001 for t in ticks)
    assert [marker_of(i, 3) for i in range(3)] == ["s", "D", "o"] and marker_of(0, 1) == "o"


def test_csv_is_exact_and_disarmed():
    table = Table(
        caption="t",
        header=("a", "b"),
        rows=(
            (Cell(text="=1+1"), Cell(text="33 %", value=1 / 3)),
            (Cell(text="-x"), Cell(text="-1", value=-1)),
        ),
    )
    rows = list(csv.reader(io.StringIO(table.csv)))
    assert rows == [["a", "b"], ["'=1+1", repr(1 / 3)], ["'-x", "-1"]]
    assert table.csv_link.startswith("data:text/csv;charset=utf-8;base64,")


def test_every_panel_has_its_table():
    made = panels(full_report(0))
    assert [p.key for p in made] == ["failures", "curve", "cost", "matrix"]
    assert all(p.table.rows and all(len(r) == len(p.table.header) for r in p.table.rows) for p in made)
