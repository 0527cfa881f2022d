"""The application: routers, guards around them, and the built pages."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from holdfast.workbench import problems
from holdfast.workbench.routes import (
    adjudicate,
    attack,
    auth,
    dashboard,
    exports,
    guidelines,
    jobs,
    label,
    people,
    playground,
    rate,
)
from holdfast.workbench.wire.common import Problem

__all__ = ["ROUTERS", "create_app", "document"]

ROUTERS = (auth, people, guidelines, attack, label, adjudicate, rate, dashboard, playground, exports, jobs)
_ABOUT = """\
Every unsafe method needs the header `X-Holdfast: 1` and a JSON body; browsers also send where they come from.
People have a session cookie, programs a bearer token; both use the same routes. Offsets are code points."""


def create_app() -> FastAPI:
    """The application without state."""
    app = FastAPI(
        title="Holdfast workbench",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_name,
        responses={code: {"model": Problem} for code in ("4XX", "5XX")},
        separate_input_output_schemas=False,
    )
    problems.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    return app


def _name(route: APIRoute) -> str:
    return route.name


def document() -> dict[str, object]:
    """The OpenAPI document; the pages' types are generated from it."""
    return create_app().openapi()
