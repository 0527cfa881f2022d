"""Simulated people: what they do on their pages, as fast as a `Pace` says, until a moment that all share."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .page import Page, Refusal, Unreachable

__all__ = ["NOTE", "Attacker", "Both", "Lead", "Labeller", "Pace", "Person", "Rater", "drain", "work"]

NOTE = "private-note-of-"
"""What every note begins with; the pseudonym follows. Nobody else who labels or rates may see it."""
_READY = 3


@dataclass(frozen=True)
class Pace:
    """Mean seconds that a person takes over one thing, and when everybody stops."""

    label: float
    attack: float
    rate: float
    over: Callable[[], bool]


class Person(ABC):
    """Somebody at a page. `steps` yields after every thing done: there the person rests."""

    def __init__(self, page: Page, rng: random.Random) -> None:
        """`rng` makes the choices of this person."""
        self.page, self.random = page, rng
        self.version = ""

    def join(self) -> None:
        """Read what has to be read."""
        me = self._patiently("GET", "/api/auth/me")
        self.page.name, self.version = me["pseudonym"], me["guidelines_version"]
        if not me["notice"]["acknowledged"]:
            self._patiently("POST", "/api/auth/notice", {"version": me["notice"]["version"]})
        if not me["guidelines_acknowledged"]:
            self._patiently("POST", "/api/guidelines/acknowledge", {"version": self.version})

    def note(self) -> str:
        """Words that are nobody else's business."""
        return f"{NOTE}{self.page.name}"

    def _patiently(self, method: str, path: str, body: dict[str, Any] | None = None, at: str = "") -> Any:
        """What the page asks anew until it is answered. Raises Refusal where that will not help."""
        while True:
            try:
                return self.page.ask(method, path, body, at)
            except Unreachable:
                time.sleep(0.5)
            except Refusal as refusal:
                if not refusal.passing:
                    raise
                time.sleep(refusal.problem.get("retry_after") or 1.0)

    def events(self, seconds: float) -> list[dict[str, Any]]:
        """What the page's clock saw of one thing."""
        spans = (("open", 0.0), ("key", seconds / 2), ("submit", seconds))
        return [{"number": n, "kind": kind, "at_ms": 1000 * at} for n, (kind, at) in enumerate(spans)]

    @abstractmethod
    def steps(self, pace: Pace) -> Iterator[float]:
        """Do one thing after the other; yields how long each takes on average."""


class Labeller(Person):
    """`frontend/src/label/desk.svelte.ts`: three items ready, answers on their way, some second thoughts."""

    items: tuple[dict[str, Any], ...] = ()

    def steps(self, pace: Pace) -> Iterator[float]:
        done: set[str] = set()
        while True:
            self.page.flush()
            if len(self.items) < _READY and not self.page.waiting:
                self._more(done)
            yield pace.label
            if not self.items:
                continue
            item, *rest = self.items
            what = self.random.random()
            if what < 0.02:  # Reload: all but the outbox is gone.
                self.page.reload()
                done, self.items = set(), ()
                self._more(done)
                continue
            if what < 0.04:  # Leave and come back.
                self._quietly("/api/label/release", {"ids": [one["id"] for one in self.items]})
                self.items = ()
                continue
            if what < 0.07:
                self.page.add("/api/label/gaps", {"id": item["id"], "note": self.note()})
            done.add(item["id"])
            self.items = tuple(rest)
            if what < 0.12:
                self.page.add("/api/label/skips", {"id": item["id"], "reason": "other", "note": self.note()})
                continue
            self._answer(item, pace)
            if what < 0.16:
                yield pace.label
                self._undo(pace)

    def _more(self, done: set[str]) -> None:
        found = self._quietly("/api/label/next", {})
        known = done | {one["id"] for one in self.items}
        fresh = [one for one in (found or {"items": []})["items"] if one["id"] not in known]
        self.items = (*self.items, *fresh)

    def _quietly(self, path: str, body: dict[str, Any]) -> Any:
        """What the page asks once; None where nobody answers."""
        try:
            return self.page.ask("POST", path, body)
        except Unreachable:
            return None
        except Refusal as refusal:
            if refusal.passing or refusal.status == 409:
                return None
            raise

    def _answer(self, item: dict[str, Any], pace: Pace) -> None:
        verdict = self.random.choices(("SAFE", "BORDERLINE", "CATASTROPHIC", "UNSURE"), (12, 2, 5, 1))[0]
        body = {
            "id": item["id"],
            "verdict": verdict,
            "severity": self.random.randint(1, 4) if verdict in ("BORDERLINE", "CATASTROPHIC") else 0,
            "note": self.note(),
            "guidelines_version": self.version,
            "events": self.events(pace.label),
        }
        self.page.add("/api/label/answers", body)

    def _undo(self, pace: Pace) -> None:
        """Z: open the last answer again, look at one's history, answer anew."""
        if not self.page.flush():
            return
        found = self._quietly("/api/label/undo", {"id": None})
        if found is not None:
            self._answer(found["answered"]["item"], pace)
        try:
            self.page.ask("GET", "/api/label/history")
        except (Unreachable, Refusal):
            return


class Attacker(Person):
    """`frontend/src/attack`: a session, a handful of scored texts, help, the clock, a find or the end."""

    texts: tuple[tuple[str, str], ...] = ()
    """(prompt, completion) of what attacks are put together from."""

    def steps(self, pace: Pace) -> Iterator[float]:
        while True:
            yield from self.find(pace)

    def find(self, pace: Pace) -> Iterator[float]:
        """One session."""
        prompt, _ = self._drawn()
        parent = {"kind": "own", "prompt": prompt, "completion": "The man died on the stairs."}
        begin = {"client_id": self.page.key(), "parent": parent}
        session = self._patiently("POST", "/api/attack/sessions", begin)
        id, accepted = str(session["id"]), ""
        for number in range(self.random.randint(2, 6)):
            yield pace.attack
            text = {"prompt": prompt, "completion": self._drawn()[1]}
            asked = {**text, "seq": session["next_seq"] + number}
            score = self._patiently("POST", "/api/attack/sessions/{id}/score", asked, id)
            accepted = text["completion"] if score["accepted"] else accepted
            if number == 1:
                self._help(text, id)
            events = {"events": self.events(pace.attack)}
            self._patiently("POST", "/api/attack/sessions/{id}/events", events, id)
        if not accepted:
            self.page.add("/api/attack/sessions/{id}/end", {}, id)
            return
        find = {
            "prompt": prompt,
            "completion": accepted,
            "confirmed": True,
            "note": self.note(),
            "strategies": ["calm prompt"],
        }
        self.page.add("/api/attack/sessions/{id}/submit", find, id)
        while not self.page.flush():
            yield pace.attack
        self._patiently("GET", "/api/attack/submissions")

    def _drawn(self) -> tuple[str, str]:
        """One of the texts, often one of the first three: several people find the same."""
        return self.random.choice(self.texts[:3] if self.random.random() < 0.4 else self.texts)

    def _help(self, text: dict[str, str], id: str) -> None:
        self._patiently("POST", "/api/attack/sessions/{id}/saliency", text, id)
        place = {**text, "side": "completion", "start": 0, "stop": 3, "n": 5}
        self._patiently("POST", "/api/attack/sessions/{id}/edits", place, id)


class Both(Attacker):
    """Somebody who attacks and labels: one session, some labels, and so on."""

    def __init__(self, page: Page, rng: random.Random) -> None:
        super().__init__(page, rng)
        self.desk = Labeller(page, rng)

    def join(self) -> None:
        super().join()
        self.desk.version = self.version

    def steps(self, pace: Pace) -> Iterator[float]:
        labels = self.desk.steps(pace)
        while True:
            yield from self.find(pace)
            for _ in range(self.random.randint(5, 15)):
                yield next(labels)


class Rater(Person):
    """`frontend/src/pages/RateDesk.svelte`: the next pair comes when the answer has arrived."""

    def steps(self, pace: Pace) -> Iterator[float]:
        while True:
            while not self.page.flush():
                yield pace.rate
            pair = self._patiently("POST", "/api/rate/next", {})["pair"]
            yield pace.rate
            if pair is None:
                continue
            choice = self.random.choice(("left", "right", "tie", "left_much", "right_much"))
            self.page.add(
                "/api/rate/answers", {"id": pair["id"], "choice": choice, "events": self.events(pace.rate)}
            )


class Lead(Person):
    """`frontend/src/pages/Adjudicate.svelte`: decides what labels leave open; some become known items."""

    def steps(self, pace: Pace) -> Iterator[float]:
        while True:
            while not self.page.flush():
                yield pace.label
            items = self._patiently("GET", "/api/adjudicate/queue")["items"]
            yield pace.label
            for item in items[:3]:
                body = {
                    "id": item["id"],
                    "verdict": self.random.choice(("SAFE", "CATASTROPHIC")),
                    "severity": 2,
                    "ground": "ambiguous_text",
                    "note": self.note(),
                    "gold": self.random.random() < 0.2,
                    "edge": False,
                }
                self.page.add("/api/adjudicate/decisions", body)
                yield pace.label


def work(person: Person, pace: Pace) -> None:
    """Join, do things with rests between them until it is over, and see everything off."""
    person.join()
    for mean in person.steps(pace):
        if pace.over():
            break
        time.sleep(min(person.random.expovariate(1 / mean), 4 * mean))
        if pace.over():
            break
    drain(person.page)


def drain(page: Page, seconds: float = 120.0) -> None:
    """Wait until the outbox is empty; what is left is for the caller to find."""
    end = time.monotonic() + seconds
    while not page.flush() and time.monotonic() < end:
        time.sleep(0.1)
