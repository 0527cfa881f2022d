"""The people's site: attack, label, adjudicate, rate, see. What scores is handed in, live."""

from __future__ import annotations

from holdfast.workbench.app import create_app
from holdfast.workbench.live import LiveModels
from holdfast.workbench.settings import Settings

__all__ = ["LiveModels", "Settings", "create_app"]
