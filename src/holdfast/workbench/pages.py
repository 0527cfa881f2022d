"""The built pages: a handful of files, read and compressed once, stamped with what they hold."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from holdfast.workbench.who import Anybody

__all__ = ["DIST", "Pages", "contract_of", "page_router"]

DIST = Path(__file__).parent / "dist"
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_UNFIT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Holdfast</title></head><body>
<h1>These pages cannot be shown</h1><p>{why}</p>
<p>Build them: <code>npm ci --ignore-scripts &amp;&amp; npm run build</code> in <code>frontend/</code>, then
start the workbench again. The JSON API works without them.</p></body></html>"""


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes
    kind: str
    stamp: str


class Pages:
    """What `dist` holds, in memory."""

    def __init__(self, folder: Path = DIST, contract: Callable[[], str] | None = None) -> None:
        """Read every file of `folder`; `index.html` gets the stamps of what it refers to.

        contract: what the server offers, by `contract_of`; pages that were built for another one are refused.
        """
        self._contract = contract
        self._built_for = _built_for(folder)
        self._files: dict[str, _File] = {}
        if not (folder / "index.html").is_file():
            return
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in ("index.html", "BUILD.json"):
                self._files[path.relative_to(folder).as_posix()] = _file(path.name, path.read_bytes())
        index = (folder / "index.html").read_text(encoding="utf-8")
        for name, file in self._files.items():
            place = rf'((?:src|href)=")(?:\./|/)?{re.escape(name)}(")'
            index = re.sub(place, rf"\g<1>/{name}?v={file.stamp}\g<2>", index)
        self._files["index.html"] = _file("index.html", index.encode())

    @cached_property
    def unfit(self) -> str:
        """Why the pages cannot be shown; empty: they can."""
        if "index.html" not in self._files:
            return "They were not built: there is no index.html among them."
        if self._contract is not None and self._built_for and self._built_for != self._contract():
            return "They were built for another version of this server."
        return ""

    def answer(self, name: str, request: Request) -> Response:
        """The file; the page itself for the root; 404 for what there is not."""
        if self.unfit:
            return HTMLResponse(_UNFIT.format(why=self.unfit), status_code=503)
        file = self._files.get(name or "index.html")
        if file is None:
            return Response(status_code=404)
        headers = {"ETag": f'"{file.stamp}"', "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if request.query_params.get("v") == file.stamp:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", "") and len(file.packed) < len(body):
            headers["Content-Encoding"], body = "gzip", file.packed
        return Response(body, media_type=file.kind, headers=headers)


def contract_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over the routes and fields of an OpenAPI document, one a line, sorted; prose left out."""
    lines = [f"{method} {path}" for path, methods in document["paths"].items() for method in methods]
    for name, schema in document["components"]["schemas"].items():
        required = schema.get("required", [])
        lines += [f"{name}.{field}{'!' * (field in required)}" for field in schema.get("properties", {})]
        if "enum" in schema:
            lines.append(f"{name}={'|'.join(map(str, schema['enum']))}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _file(name: str, body: bytes) -> _File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml"):
        kind += "; charset=utf-8"
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return _File(body=body, packed=packed, kind=kind, stamp=hashlib.sha256(body).hexdigest()[:12])


def _built_for(folder: Path) -> str:
    """The contract that BUILD.json names; empty where it names none."""
    try:
        found = json.loads((folder / "BUILD.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("contract", "")) if isinstance(found, dict) else ""


def page_router(pages: Pages) -> APIRouter:
    """Routes of the pages; everything that a person reads in them comes over the API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def index(request: Request, visitor: Anybody) -> Response:
        """The one page."""
        return pages.answer("", request)

    @router.get("/{name:path}")
    def file(name: str, request: Request, visitor: Anybody) -> Response:
        """A file of the build."""
        if name.startswith("api/") or not all(_NAME.fullmatch(part) for part in name.split("/")):
            return Response(status_code=404)
        return pages.answer(name, request)

    return router
