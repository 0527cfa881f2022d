"""The people's site: attack, label, adjudicate, rate, see. What scores is handed in, live."""

from __future__ import annotations

from holdfast.workbench.app import create_app
from holdfast.workbench.live import Live, LiveModels, LiveTarget, Playing
from holdfast.workbench.settings import Settings
from holdfast.workbench.site import Site

__all__ = ["Live", "LiveModels", "LiveTarget", "Playing", "Settings", "Site", "create_app"]
