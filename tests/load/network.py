"""A network that fails: a proxy between clients and server that cuts, refuses, stalls and loses answers."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine
from typing import Any

__all__ = ["Network"]

_CHUNK = 65536


class Network:
    """Forwards a port of loopback to another one, in a thread of its own; `close` ends it."""

    def __init__(self, port: int, *, lost: float, seed: int) -> None:
        """`port`: the server's. `lost`: share of its answers that are lost, with the connection."""
        self._server, self._lost, self._random = port, lost, random.Random(seed)
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.losses = 0
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.mend()

    def cut(self) -> None:
        """Reset every connection; refuse new ones."""
        self._call(self._cut())

    def stall(self) -> None:
        """Deliver nothing, either way; connections stay open."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def mend(self) -> None:
        """Be a network again."""
        self._call(self._mend())

    def close(self) -> None:
        """Cut, and end the thread."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in list(self._connections):
            writer.transport.abort()
        self._flowing.set()

    async def _mend(self) -> None:
        self._flowing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server)
        except OSError:
            writer.transport.abort()
            self._connections.discard(writer)
            return
        self._connections.add(back)
        ways = (self._pump(reader, back, 0.0), self._pump(there, writer, self._lost))
        await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, back):
            one.transport.abort()
            self._connections.discard(one)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: float) -> None:
        try:
            while part := await reader.read(_CHUNK):
                await self._flowing.wait()
                if self._random.random() < lost:
                    self.losses += 1
                    return
                writer.write(part)
                await writer.drain()
        except OSError:
            return
