"""Typed results -> figures, the one HTML page, the terminal's summary, the model card.

Never imports torch or SQL; matplotlib and Jinja2 are imported where they are used.
"""

from __future__ import annotations

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
]
