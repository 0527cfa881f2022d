"""Data out: pseudonymous, with individual labels."""

from __future__ import annotations

from pydantic import Field

from holdfast.workbench.wire.common import Response

__all__ = ["ExportKind", "ExportList"]


class ExportKind(Response):
    """One export that this visitor may have."""

    name: str
    formats: list[str]
    scope: str = Field(description="own, aggregated or all")
    about: str


class ExportList(Response):
    """All of them; files are at `/api/exports/NAME.FORMAT`."""

    exports: list[ExportKind]
