"""Guidelines: read, acknowledge, write the next version, edge cases."""

from __future__ import annotations

from fastapi import APIRouter, Request

from holdfast.workbench import guidelines as texts
from holdfast.workbench.visitor import site_of
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
    site = site_of(request)
    return texts.shown(site, visitor, site.guidelines())


@router.get("/versions")
def guidelines_versions(request: Request, visitor: Member) -> list[GuidelinesVersion]:
    """All, newest first."""
    return texts.versions(site_of(request))


@router.get("/versions/{version}")
def guidelines_of(version: str, request: Request, visitor: Member) -> Guidelines:
    """One of them."""
    site = site_of(request)
    return texts.shown(site, visitor, site.guidelines_version(version))


@router.post("")
def write_guidelines(body: NewGuidelines, request: Request, visitor: Adjudicator) -> Guidelines:
    """The next version."""
    return texts.write(site_of(request), visitor, body)


@router.post("/acknowledge")
def acknowledge_guidelines(body: AcknowledgeGuidelines, request: Request, visitor: Member) -> Done:
    """This version was read."""
    site = site_of(request)
    site.people.acknowledge(visitor.worker, "guidelines", site.guidelines_version(body.version).version)
    return Done()


@router.get("/edges")
def edge_cases(request: Request, visitor: Member) -> list[EdgeCase]:
    """Decided cases that teach the rule."""
    return texts.edges(site_of(request))
