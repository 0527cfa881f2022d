"""Data out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from holdfast.workbench.who import Exporter
from holdfast.workbench.wire.exports import ExportList

__all__ = ["router"]

router = APIRouter(prefix="/api/exports", tags=["exports"])


@router.get("")
def exports(request: Request, visitor: Exporter) -> ExportList:
    """What this visitor may have."""
    raise NotImplementedError


@router.get("/{name}.{format}")
def export(name: str, format: str, request: Request, visitor: Exporter) -> StreamingResponse:
    """One file: JSONL (one item a line, individual labels) or CSV."""
    raise NotImplementedError
