"""The built pages: a handful of files, read and compressed once, stamped with what they hold."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from holdfast.workbench.who import Anybody

__all__ = ["DIST", "Pages", "page_router"]

DIST = Path(__file__).parent / "dist"
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MISSING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Holdfast</title></head><body>
<h1>The pages are not built</h1><p>{why}</p>
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

    def __init__(self, folder: Path = DIST) -> None:
        """Read every file of `folder`; `index.html` gets the stamps of what it refers to."""
        self.why = "" if (folder / "index.html").is_file() else f"there is no index.html in {folder.name}/"
        self._files: dict[str, _File] = {}
        if self.why:
            return
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in paths:
            if path.name not in ("index.html", "BUILD.json"):
                self._files[path.relative_to(folder).as_posix()] = _file(path.name, path.read_bytes())
        index = (folder / "index.html").read_text(encoding="utf-8")
        for name, file in self._files.items():
            index = re.sub(
                rf'((?:src|href)=")(?:\\./|/)?{re.escape(name)}(")',
                rf"\g<1>/{name}?v={file.stamp}\g<2>",
                index,
            )
        self._files["index.html"] = _file("index.html", index.encode())
        self.build = _build(folder)

    def answer(self, name: str, request: Request) -> Response:
        """The file; the page itself for the root; 404 for what there is not."""
        if self.why:
            return HTMLResponse(_MISSING.format(why=self.why), status_code=503)
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


def _file(name: str, body: bytes) -> _File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml"):
        kind += "; charset=utf-8"
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return _File(body=body, packed=packed, kind=kind, stamp=hashlib.sha256(body).hexdigest()[:12])


def _build(folder: Path) -> dict[str, str]:
    """What BUILD.json says of the sources that the pages were built from."""
    try:
        found = json.loads((folder / "BUILD.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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
