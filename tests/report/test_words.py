"""Numbers and claims in words, the terminal's table, differences of texts, the model card."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import pytest

from holdfast.errors import UnknownNameError
from holdfast.report import Comparison, model_card, summary_rows, summary_text
from holdfast.report.passages import failure_view, saliency_view, word_difference, worst_first
from holdfast.report.verdict import graphic_texts, verdict_sentences
from holdfast.report.wording import claim, cost_text, glue, number, percent, rate_text, share_text, visible
from tests.report.sample import HOSTILE, SECRET, cost, empty_report, full_report, rate, ratio


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0041, "0.41 %"), (0.47, "47 %"), (0.0, "0 %"), (1.0, "100 %"), (0.9996, "99.960 %"),
        (0.000998, "0.10 %"), (3.2e-6, "3.2e-06"), (math.nan, "n/a"), (math.inf, "n/a"),
    ],
)  # fmt: skip
def test_percent(share, said):
    assert percent(share) == said


def test_intervals_share_their_decimals():
    assert share_text(0.0041, 0.0033, 0.00505) == "0.41 % [0.33, 0.51]"
    assert share_text(2e-6, 1e-6, 4e-6) == "2.0e-06 [1.0e-06, 4.0e-06]"
    assert share_text(math.nan, 0, 1) == "n/a"
    assert share_text(0.5, math.nan, 0.6) == "50 % [n/a, 60]"


def test_zero_found_is_a_bound():
    assert rate_text(rate(0, 3000)) == "0 of 3,000: below 0.10 % at 95 %"
    assert rate_text(rate(0, 0)) == rate_text(None) == "not measured"
    assert "no bound" in rate_text(dataclasses.replace(rate(0, 10), bound=math.nan))


def test_cost_text():
    assert cost_text(cost("t", 52, 60, 38, 31, 47)) == "38 [31, 47]"
    assert cost_text(cost("t", 0, 60, math.inf, 412, math.inf)) == "more than 412"
    assert cost_text(cost("t", 1, 60, 9000, 2000, math.inf)) == "9,000 [2,000, no limit]"
    assert cost_text(None) == "not measured"
    assert number(math.nan) == "n/a" and number(1.1234) == "1.12"


@pytest.mark.parametrize(
    ("quantity", "low", "high", "said"),
    [
        ("cost", 1.2, 3, "harder to break"), ("cost", 0.2, 0.9, "easier to break"),
        ("cost", 0.9, 3, "no claim"),
        ("cost", 8.8, math.inf, "harder to break"), ("failures", 0.4, 0.9, "fewer failures"),
        ("failures", 0.8, 1.2, "no worse"), ("failures", 0.8, 1.3, "no claim"),
        ("failures", 1.1, 1.2, "more failures"), ("failures", math.nan, 1, "no claim"),
    ],
)  # fmt: skip
def test_claims(quantity, low, high, said):
    comparison = Comparison(
        quantity=quantity, of="x", subject="a", reference="b", ratio=ratio((low + high) / 2, low, high)
    )
    assert claim(comparison) == said


def test_verdict_sentences():
    said = [str(s) for s in verdict_sentences(full_report())]
    assert "0.38 % [0.27, 0.52]" in said[0] and said[0].endswith("no worse.")
    assert "0 of 3,000 texts" in said[1] and "below 0.10 % at 95 % confidence" in said[1]
    assert said[2].endswith("harder to break.")
    assert graphic_texts(full_report()) == 31 and graphic_texts(empty_report()) == 0


def test_hidden_characters_are_spelled_out():
    assert visible("a\u200bb\x1b[31m\n\tc") == "a⟨U+200B⟩b⟨U+001B⟩[31m\n\tc"
    assert glue("0.4 % [0.1, 0.5] 1 of 2").count("\u00a0") == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [("He broke his arm.", "He broke his wrist."), ("", "New."), ("Old.", ""), ("a  b", "a b c"), ("x", "x")],
)
def test_differences_rebuild_the_new_text(old, new):
    pieces = word_difference(old, new)
    assert "".join(p.text for p in pieces if p.kind != "del") == new


def test_saliency_marks_and_ignores_broken_spans():
    report = full_report(1)
    assert report.saliency is not None
    view = saliency_view(report, redact=False)
    assert view is not None and view.strongest == "2.10"
    marks = [p for p in view.passage.completion if p.kind == "mark"]
    assert [(m.text, m.classes) for m in marks][1] == ("broke", "s5 up")
    assert marks[-1].classes == "s4 down"
    assert "".join(p.text for p in view.passage.completion) == report.saliency.snippet.completion
    broken = tuple(
        dataclasses.replace(report.saliency.spans[0], start=a, stop=b, value=v)
        for a, b, v in ((50, 40, 1.0), (0, 9999, 1.0), (3, 5, math.nan))
    )
    odd = dataclasses.replace(report, saliency=dataclasses.replace(report.saliency, spans=broken))
    view = saliency_view(odd, redact=False)
    assert view is not None and all(p.kind == "same" for p in view.passage.completion)


def test_worst_first():
    failures = list(full_report(5).worst)
    unscored = dataclasses.replace(failures[0], margin=math.nan)
    assert worst_first([unscored, *reversed(failures)]) == [*failures, unscored]
    assert failure_view(unscored, 1, redact=False).under == "not scored"


def test_summary_fits_the_terminal():
    text = summary_text(full_report())
    assert max(map(len, text.splitlines())) <= 80
    assert "\u202e" not in text and "\x1b" not in text and "\u00a0" not in text
    for words in ("0.38 % [0.27, 0.52]", "no worse", "harder to break", "more than 412", "below 0.10 %"):
        assert " ".join(words.split()) in " ".join(text.split()) or words in text
    assert "1.8 under the threshold" in text and "not tested" in text and "labels" in text
    assert text.count("holdfast ") == 2
    assert max(map(len, summary_text(full_report(), width=60).splitlines())) <= 60


def test_summary_rows_are_rectangular():
    for report in (
        full_report(),
        empty_report(),
        dataclasses.replace(full_report(), targets=full_report().targets[:1]),
    ):
        assert len({len(row) for row in summary_rows(report)}) == 1
    rows = summary_rows(full_report())
    assert rows[0] == ["", "baseline", "round-1", "round-2"]
    matrix = full_report().cross_round
    assert matrix is not None
    cell = matrix.cells[0][matrix.columns.index("round-2")]
    start = next(i for i, row in enumerate(rows) if row[0] == "accepts breaks of")
    assert rows[start + 1][0].strip() == matrix.rows[0]
    assert rows[start + 1][-1] == f"{cell.count} of {cell.trials}"


def test_summary_counts_unsure_both_ways():
    report = full_report()
    rate = report.targets[0].failure_rates[0]
    doubtful = dataclasses.replace(rate.failures, count=rate.failures.trials // 2)
    first = dataclasses.replace(
        report.targets[0], failure_rates=(dataclasses.replace(rate, failures_if_unsure=doubtful),)
    )
    rows = summary_rows(dataclasses.replace(report, targets=(first, *report.targets[1:])))
    assert any(row[0] == "  or unsure" and row[1].startswith("50 %") for row in rows)


def test_summary_without_texts():
    text = summary_text(full_report(), redact=True)
    assert "ferryman" not in text and "s1_" in text
    hostile = dataclasses.replace(full_report(0), worst=full_report(3).worst[1:2])
    assert HOSTILE not in summary_text(hostile) and "⟨U+202E⟩" in summary_text(hostile)
    assert "no target" in summary_text(empty_report())


def test_model_card():
    card = model_card(full_report(), "round-2", base_model="microsoft/deberta-v3-small", license_name="mit")
    assert (
        card.startswith("---\nlibrary_name: transformers")
        and "base_model: microsoft/deberta-v3-small" in card
    )
    for words in ("0.38 % [0.27, 0.52]", "logit >= **2.36**", "Who judged", "oracle", "What was not tested"):
        assert words in card
    assert SECRET not in card and "0 of 3,000: below 0.10 % at 95 %" in card
    assert "harder to break" not in model_card(full_report(), "baseline")
    assert "/srv" not in model_card(full_report(), "baseline", base_model="/srv/models/x").split("---")[1]
    with pytest.raises(UnknownNameError, match="round-2"):
        model_card(full_report(), "round-22")


def test_import_is_light():
    code = (
        "import sys, holdfast.report; "
        "print([m for m in ('torch', 'numpy', 'matplotlib', 'jinja2', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
