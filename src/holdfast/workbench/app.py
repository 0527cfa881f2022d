"""The application: routers, guards around them, and the built pages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from holdfast.workbench import problems
from holdfast.workbench.guards import Guards
from holdfast.workbench.pages import DIST, Pages, contract_of, page_router
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
from holdfast.workbench.site import Site
from holdfast.workbench.wire.common import Problem

__all__ = ["ROUTERS", "create_app", "document"]

ROUTERS = (auth, people, guidelines, attack, label, adjudicate, rate, dashboard, playground, exports, jobs)
_ABOUT = """\
Every unsafe method needs the header `X-Holdfast: 1` and a JSON body; browsers also send where they come from.
People have a session cookie, programs a bearer token; both use the same routes. Offsets are code points."""


def create_app(site: Site, *, pages: Path = DIST) -> FastAPI:
    """The application over `site`, which it closes when it ends; `pages`: folder of the built pages."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with contextlib.suppress(asyncio.CancelledError):  # Ended in a hurry: Ctrl-C for the second time.
            yield
            site.close()

    app = _application(lifespan)
    app.include_router(page_router(Pages(pages, lambda: contract_of(document()))))
    app.state.site = site
    app.add_middleware(Guards, settings=site.settings)
    return app


def _name(route: APIRoute) -> str:
    return route.name


def _application(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
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
        lifespan=lifespan,
    )
    problems.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document; the pages' types are generated from it."""
    return _application().openapi()
