"""What the routes stand on: the store, the settings, the live objects, and the services over them."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from holdfast.store import Store
from holdfast.workbench.live import LiveModels
from holdfast.workbench.settings import Settings
from holdfast.workbench.visitor import NOBODY, Visitor

__all__ = ["Site"]


@dataclass
class Site:
    """One workbench over one workspace; made by `create_app`, shared by all requests."""

    store: Store
    settings: Settings
    live: LiveModels = field(default_factory=LiveModels)

    def visitor(self, request: Request) -> Visitor:
        """Who asks, by cookie or bearer token; `NOBODY` without either."""
        return NOBODY
