"""Typed results -> figures, the one HTML page, the terminal's summary, the model card.

Never imports torch or SQL; matplotlib and Jinja2 are imported where they are used.
"""

from __future__ import annotations

from holdfast.report.card import model_card
from holdfast.report.content import (
    AttackSummary,
    Comparison,
    CurvePoint,
    DataRow,
    Report,
    Saliency,
    SalientSpan,
    TargetReport,
    WorstFailure,
)
from holdfast.report.figures import (
    attack_cost_figure,
    cross_round_figure,
    failure_rate_figure,
    threshold_curve_figure,
)
from holdfast.report.page import render, save
from holdfast.report.tables import summary_rows, summary_text

__all__ = [
    "AttackSummary",
    "Comparison",
    "CurvePoint",
    "DataRow",
    "Report",
    "Saliency",
    "SalientSpan",
    "TargetReport",
    "WorstFailure",
    "attack_cost_figure",
    "cross_round_figure",
    "failure_rate_figure",
    "model_card",
    "render",
    "save",
    "summary_rows",
    "summary_text",
    "threshold_curve_figure",
]
