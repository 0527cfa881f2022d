"""Fixtures that several folders share."""

from __future__ import annotations

from tests.spine import baseline, workspace

__all__ = ["baseline", "workspace"]
