"""The filter: what stands between the generator and its reader. It fails closed."""

from __future__ import annotations

from holdfast.filtering.rejection import RejectionFilter
from holdfast.filtering.scoring import Scored, score_each

__all__ = ["RejectionFilter", "Scored", "score_each"]
