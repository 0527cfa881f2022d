"""Data out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from holdfast.workbench import exporting
from holdfast.workbench.visitor import site_of
from holdfast.workbench.who import Exporter
from holdfast.workbench.wire.exports import ExportList

__all__ = ["router"]

router = APIRouter(prefix="/api/exports", tags=["exports"])


@router.get("")
def exports(request: Request, visitor: Exporter) -> ExportList:
    """What this visitor may have."""
    return exporting.listed(visitor)


@router.get("/{name}.{format}")
def export(name: str, format: str, request: Request, visitor: Exporter) -> StreamingResponse:
    """One file: JSONL (one item a line, individual labels) or CSV."""
    pieces = exporting.stream(site_of(request), visitor, name, format)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"'}
    return StreamingResponse(pieces, media_type=exporting.FORMATS[format], headers=headers)
