"""What a person's browser does, without its pages: one door to the server, and an outbox that loses nothing.

It follows `frontend/src/core`: `api.ts`, `outbox.svelte.ts`, `client_id.ts`.
"""

from __future__ import annotations

import base64
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

__all__ = ["Asked", "Deed", "Log", "Page", "Refusal", "Unreachable"]

_HEADERS = {"X-Holdfast": "1", "Sec-Fetch-Site": "same-origin", "Accept": "application/json"}


class Unreachable(Exception):
    """Nobody answered."""


class Refusal(Exception):
    """The server said no."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(status, problem)
        self.status, self.problem = status, problem

    @property
    def passing(self) -> bool:
        """Worth sending again later, as it is."""
        return self.status == 429 or self.status >= 500


@dataclass(frozen=True)
class Asked:
    """One request; `status` 0: nobody answered."""

    who: str
    path: str
    began: float
    ended: float
    status: int


@dataclass
class Log:
    """What all clients asked and were sent; appending to lists is safe between threads."""

    asked: list[Asked] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    """(who, path, JSON) of every answer with status 200."""


@dataclass
class Deed:
    """Something done, on its way to the server."""

    id: str
    path: str
    at: str
    body: dict[str, Any]
    answer: Any = None


class Page:
    """One browser of one person."""

    def __init__(
        self,
        url: str,
        credentials: dict[str, str],
        log: Log,
        *,
        rng: random.Random,
        waits: tuple[float, float] = (1.0, 30.0),
    ) -> None:
        """`credentials`: a Cookie or Authorization header. `waits`: the outbox's first and longest wait."""
        self._client = httpx2.Client(base_url=url, headers=_HEADERS | credentials, timeout=90)
        self._log, self._random, self._waits = log, rng, waits
        self.name = ""
        self._storage: dict[str, str] = {}
        self.waiting: list[Deed] = []
        self.done: list[Deed] = []
        """Deeds that the server said it has."""
        self.refused: list[tuple[Deed, Refusal]] = []
        self._wait, self._due = waits[0], 0.0

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, at: str = "") -> Any:
        """The answer's JSON; `at` fills the one name in braces. Raises Unreachable, Refusal."""
        began, status = time.monotonic(), 0
        try:
            answer = self._client.request(method, path.replace("{id}", at), json=body)
            status = answer.status_code
        except httpx2.TransportError:
            raise Unreachable from None
        finally:
            self._log.asked.append(Asked(self.name, path, began, time.monotonic(), status))
        if status != 200:
            raise Refusal(status, _problem(answer))
        found = answer.json()
        self._log.sent.append((self.name, path, found))
        return found

    def key(self) -> str:
        """An id for one deed."""
        return base64.urlsafe_b64encode(self._random.randbytes(15)).decode()

    # The outbox

    def add(self, path: str, body: dict[str, Any], at: str = "") -> Deed:
        """Put a deed in, and try to send what waits."""
        id = self.key()
        deed = Deed(id, path, at, {**body, "client_id": id})
        self._storage[id] = json.dumps(vars(deed))
        self.waiting.append(deed)
        self.flush()
        return deed

    def flush(self) -> bool:
        """Send what waits, oldest first, unless the last try was a moment ago; whether nothing waits now."""
        while self.waiting and time.monotonic() >= self._due:
            self._send_first()
        return not self.waiting

    def reload(self) -> None:
        """The page is opened anew: what stays is what the browser keeps."""
        self.waiting = [Deed(**json.loads(text)) for text in self._storage.values()]
        self._due = 0.0

    def _send_first(self) -> None:
        deed = self.waiting[0]
        try:
            deed.answer = self.ask("POST", deed.path, deed.body, deed.at)
            self.done.append(deed)
        except Unreachable:
            return self._later(self._wait)
        except Refusal as refusal:
            if refusal.passing or refusal.status == 401:
                after = refusal.problem.get("retry_after") or 1.0
                return self._later(after if refusal.status == 429 else self._wait)
            self.refused.append((deed, refusal))
        self.waiting.pop(0)
        del self._storage[deed.id]
        self._wait, self._due = self._waits[0], 0.0
        return None

    def _later(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._wait = min(2 * self._wait, self._waits[1])


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    try:
        return dict(answer.json())
    except ValueError:
        return {"found": answer.text[:200]}
