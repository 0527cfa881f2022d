"""Guidelines: read, acknowledge, write the next version, edge cases."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench.who import Adjudicator, Member
from holdfast.workbench.wire.common import Done
from holdfast.workbench.wire.guidelines import (
    AcknowledgeGuidelines,
    EdgeCase,
    Guidelines,
    GuidelinesVersion,
    NewGuidelines,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/guidelines", tags=["guidelines"])


@router.get("")
def guidelines(request: Request, visitor: Member) -> Guidelines:
    """The version that holds."""
    raise NotImplementedError


@router.get("/versions")
def guidelines_versions(request: Request, visitor: Member) -> list[GuidelinesVersion]:
    """All, newest first."""
    raise NotImplementedError


@router.get("/versions/{version}")
def guidelines_of(version: str, request: Request, visitor: Member) -> Guidelines:
    """One of them."""
    raise NotImplementedError


@router.post("")
def write_guidelines(body: NewGuidelines, request: Request, visitor: Adjudicator) -> Guidelines:
    """The next version."""
    raise NotImplementedError


@router.post("/acknowledge")
def acknowledge_guidelines(body: AcknowledgeGuidelines, request: Request, visitor: Member) -> Done:
    """This version was read."""
    raise NotImplementedError


@router.get("/edges")
def edge_cases(request: Request, visitor: Member) -> list[EdgeCase]:
    """Decided cases that teach the rule."""
    raise NotImplementedError
