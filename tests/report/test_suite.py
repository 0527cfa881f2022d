"""The suite's figure: a line a method in both panels, told in words, the same bytes each time."""

import re
from xml.etree import ElementTree

import pytest

from holdfast.report.suite import suite_figure
from holdfast.types import SuiteCurve, SuiteResult


def curve(method, finds=((20, 1), (150, 2)), share=(0.25, 0.5, 0.5)):
    return SuiteCurve(
        method=method,
        finds=finds,
        queries=(20, 150, 300),
        share=share,
        lower=tuple(s / 2 for s in share),
        upper=tuple(min(1, s * 1.5) for s in share),
        confidence=0.95,
    )


def result(*curves):
    return SuiteResult(
        suite="suite-3",
        target="t<&",
        checkpoint_sha256="x",
        threshold=0.0,
        budget=300,
        seeds=1,
        parents_sha256="y",
        choosing=9,
        screened=False,
        held_out=("b",),
        rows=(),
        curves=curves,
        population="p",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_tells_every_method(theme):
    made = result(curve("a@1"), curve("b@1", (), (0.0, 0.0, 0.0)), curve("union"))
    svg = suite_figure(made, theme=theme)
    root = ElementTree.fromstring(svg)
    text = " ".join(root.itertext())
    assert "a@1: 2 distinct finds, 50 % of parents broken" in text
    assert "b@1: 0 distinct finds, 0 % of parents broken" in text
    assert "b@1 (held out)" in text and "a@1 (held out)" not in text and "t<&" in text
    assert svg == suite_figure(made, theme=theme)
    assert len(re.findall(r"0072b2", svg.lower())) >= 3


def test_a_method_more_is_a_line_more_in_both_panels():
    one, two = (suite_figure(result(*[curve(f"m{i}@1") for i in range(n)])) for n in (1, 2))
    assert "d55e00" not in one.lower() and two.lower().count("d55e00") == 3


def test_no_curve_at_all_is_drawn():
    assert "<svg" in suite_figure(result())
