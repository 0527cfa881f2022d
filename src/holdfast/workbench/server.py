"""The server around the site, and how it ends: what runs is finished or told so, without a traceback.

Uvicorn cancels requests that are not done some seconds after it was told to end, and writes the traceback
of each. Here whoever waits for a model is answered at once, and a request that is cancelled all the same is
answered `busy`, which pages and programs take as a word to ask again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.workbench.app import create_app
from holdfast.workbench.problems import answer, stopping
from holdfast.workbench.site import Site

__all__ = ["GRACE", "Server", "serve"]

GRACE = 5
"""Seconds that requests have to be done once the server is told to end."""


class _Ended:
    """The application, whose cancelled requests are answered; it counts them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.dropped = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except asyncio.CancelledError:
            self.dropped += 1
            if begun:  # Half an answer is no answer: the connection is closed on it.
                raise
            await answer(503, stopping().problem)(scope, receive, send)


def _worth_saying(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is said: not what was cancelled, nor that it will be."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and not str(record.msg).startswith("Cancel %s")


class Server(uvicorn.Server):
    """Serves one site; `announce` is called once somebody can reach it, `say` gets the line at the end."""

    def __init__(
        self, site: Site, announce: Callable[[], None], say: Callable[[str], None], *, grace: int = GRACE
    ) -> None:
        """The site is closed when the server ends."""
        self._site, self._announce, self._say = site, announce, say
        self._ended = _Ended(create_app(site))
        super().__init__(
            uvicorn.Config(
                self._ended, log_level="warning", server_header=False, timeout_graceful_shutdown=grace
            )
        )
        logging.getLogger("uvicorn.error").addFilter(_worth_saying)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer who waits for a model, wait for the others, drop what is left, and say so in one line."""
        self._site.scoring.stop()
        await super().shutdown(sockets=sockets)
        left = list(self.server_state.tasks)
        if left:
            await asyncio.wait(left, timeout=1)
        self._say(f"the workbench has ended{_dropped(self._ended.dropped)}")


def _dropped(count: int) -> str:
    if not count:
        return ""
    return f"; {count} unanswered request{' was' if count == 1 else 's were'} dropped"


def serve(
    site: Site, listener: socket.socket, announce: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Serve until the process is told to end."""
    Server(site, announce, say).run(sockets=[listener])
