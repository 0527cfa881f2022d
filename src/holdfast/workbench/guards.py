"""What stands before every route: host, origin, size of bodies; and the headers on every answer."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.workbench.problems import answer
from holdfast.workbench.settings import BODY_LIMIT, Settings
from holdfast.workbench.wire.common import Problem

__all__ = ["CSP", "Guards"]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'"
)
_SAFE = ("GET", "HEAD", "OPTIONS")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guards:
    """Pure ASGI: refuses before any route runs, and adds the headers after."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """`settings` say which hosts and which origin are ours."""
        self._app, self._settings = app, settings
        self._hosts = {*_LOOPBACK, *settings.hosts, settings.host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = self._with_headers(send, scope["path"])
        problem = self._problem(scope["method"], headers)
        if problem is not None:
            await answer(*problem)(scope, receive, guarded)
            return
        body = await _read(receive) if scope["method"] not in _SAFE else None
        if scope["method"] not in _SAFE and body is None:
            found = Problem(error="too_large", found="the body is too large", expected=f"{BODY_LIMIT} bytes")
            await answer(413, found)(scope, receive, guarded)
            return
        await self._app(scope, _replay(body, receive) if body is not None else receive, guarded)

    def _problem(self, method: str, headers: Headers) -> tuple[int, Problem] | None:
        if _host(headers.get("host", "")) not in self._hosts:
            return 421, Problem(error="host", found="this host name is not ours", do="use the public URL")
        if method in _SAFE:
            return None
        if int(headers.get("content-length") or 0) > BODY_LIMIT:
            found = f"a body of {headers['content-length']} bytes"
            return 413, Problem(error="too_large", found=found, expected=f"at most {BODY_LIMIT} bytes")
        if not self._same_origin(headers) or headers.get("x-holdfast") != "1":
            return 403, Problem(error="forged", found="the request does not come from this site's pages")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if int(headers.get("content-length") or 0) and kind != "application/json":
            return 403, Problem(error="forged", found="the body is not JSON", expected="application/json")
        return None

    def _same_origin(self, headers: Headers) -> bool:
        """By Fetch metadata, else by Origin; a program with a token has no cookie that could be abused."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower() == self._settings.origin
        return headers.get("authorization", "").startswith("Bearer ")

    def _with_headers(self, send: Send, path: str) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._added(path):
                    headers.setdefault(name, value)
            await send(message)

        return sent

    def _added(self, path: str) -> Iterable[tuple[str, str]]:
        yield "Content-Security-Policy", CSP
        yield "X-Content-Type-Options", "nosniff"
        yield "Referrer-Policy", "no-referrer"
        yield "Cross-Origin-Opener-Policy", "same-origin"
        yield "Cross-Origin-Resource-Policy", "same-origin"
        yield "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        if self._settings.secure:
            yield "Strict-Transport-Security", "max-age=31536000"
        if path.startswith("/api/"):
            yield "Cache-Control", "no-store"


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large, whatever its header says."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more; afterwards whatever the server says (that the client went away)."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
