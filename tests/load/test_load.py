"""Labellers, attackers, raters and a lead at once, while the server restarts and the network drops."""

from __future__ import annotations

import math
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.store import Store
from holdfast.types import Source, Split
from holdfast.types.person import Role
from tests.browser.conftest import free_port
from tests.store.conftest import postgres_url

from . import after
from .network import Network
from .page import Log, Page
from .people import Attacker, Both, Labeller, Lead, Pace, Person, Rater, work
from .running import Running, add_people, add_work, move

__all__ = ["postgres_url"]

LABELLER, ATTACKER = (Role.LABELLER,), (Role.ATTACKER,)
KINDS: dict[tuple[Role, ...], type[Person]] = {
    LABELLER: Labeller,
    ATTACKER: Attacker,
    (Role.ATTACKER, Role.LABELLER): Both,
    (Role.BOT,): Attacker,
    (Role.RATER,): Rater,
    (Role.LEAD,): Lead,
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many people do how much for how long, and what gets in their way."""

    labellers: int
    attackers: int
    """A part of them programs; half of the people among them label, too."""
    raters: int
    items: int
    pace: tuple[float, float, float]
    """Mean seconds over a label, a step of an attack, a pair."""
    waits: tuple[float, float]
    """An outbox's first and longest wait."""
    drop: float
    """Seconds for which the network is away."""
    acts: tuple[str, ...]
    seconds: float
    """Of undisturbed work before, between and after the acts, each time."""
    deeds: int
    """Labels and other deeds that are done by then; on a slow machine it takes longer than `seconds`."""
    lost: float = 0.03
    """Of the answers to the half of all people who are behind the bad network."""

    @property
    def roles(self) -> list[tuple[Role, ...]]:
        """Of everybody."""
        bots = max(1, self.attackers // 5)
        both = (self.attackers - bots) // 2
        return [
            *[LABELLER] * self.labellers,
            *[(Role.BOT,)] * bots,
            *[(Role.ATTACKER, Role.LABELLER)] * both,
            *[ATTACKER] * (self.attackers - bots - both),
            *[(Role.RATER,)] * self.raters,
            (Role.LEAD,),
        ]


SHORT = Plan(
    labellers=20,
    attackers=6,
    raters=2,
    items=150,
    pace=(0.6, 0.5, 0.6),
    waits=(0.2, 2.0),
    drop=3.0,
    acts=("cut", "restart"),
    seconds=4.0,
    deeds=60,
)
FULL = Plan(
    labellers=50,
    attackers=10,
    raters=4,
    items=4000,
    pace=(4.0, 2.0, 4.0),
    waits=(1.0, 30.0),
    drop=20.0,
    acts=("cut", "restart", "stall", "kill"),
    seconds=52.0,
    deeds=100,
)
_FIND = "/api/attack/sessions/{id}/submit"
_PATIENCE = 200.0
"""Seconds after which too little work is a failure."""


class Crowd:
    """Everybody, each in a thread; what went wrong in a thread comes out of `gone_home`."""

    def __init__(self, plan: Plan, people: list[Person]) -> None:
        self.people, self._over, self._errors = people, threading.Event(), list[BaseException]()
        self._pace = Pace(*plan.pace, over=self._over.is_set)
        self._threads = [threading.Thread(target=self._work, args=(one,)) for one in people]

    def _work(self, one: Person) -> None:
        try:
            work(one, self._pace)
        except BaseException as error:
            self._errors.append(error)

    def come(self) -> None:
        """Everybody begins."""
        for thread in self._threads:
            thread.start()

    def deeds(self) -> int:
        """What the server has of everybody."""
        return sum(len(one.page.done) for one in self.people)

    def gone_home(self) -> None:
        """It is over; wait for the last one."""
        self._over.set()
        for thread in self._threads:
            thread.join(300)
        for one in self.people:
            one.page.close()
        if self._errors:
            raise self._errors[0]


@contextmanager
def running(folder: Path, database: str) -> Iterator[Running]:
    """A server that has started; it is killed at the end if it still runs."""
    server = Running(folder, database, free_port(), folder / "server.log")
    server.start()
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)


def disturb(act: str, plan: Plan, server: Running, network: Network) -> None:
    """One thing that goes wrong, until it is right again."""
    if act in ("restart", "kill"):
        server.end(signal.SIGTERM if act == "restart" else signal.SIGKILL)
        server.start()
        return
    network.cut() if act == "cut" else network.stall()
    time.sleep(plan.drop)
    network.mend()


def warm(log: Log, up: float) -> float:
    """When the server that came up then gave its first score: until then its model was being loaded."""
    scored = "/api/attack/sessions/{id}/score"
    ends = (one.ended for one in log.asked if one.path == scored and one.status == 200 and one.began > up)
    return min(ends, default=math.inf)


def undisturbed(plan: Plan, crowd: Crowd, log: Log, up: float) -> None:
    """Wait while people work: as long and as much as planned, and until a text is scored and one found."""
    start, before = time.monotonic(), crowd.deeds()
    while time.monotonic() < start + _PATIENCE:
        time.sleep(0.2)
        scored = warm(log, up) < math.inf and any(
            one.path == _FIND and one.status == 200 for one in log.asked
        )
        enough = crowd.deeds() - before >= plan.deeds and scored
        if enough and time.monotonic() >= start + plan.seconds:
            return
    raise AssertionError(f"{crowd.deeds() - before} deeds in {_PATIENCE:g} s, expected {plan.deeds}")


def gather(plan: Plan, store: Store, ports: tuple[int, int], log: Log) -> Crowd:
    """Everybody, every other one of them behind the bad network (the second port)."""
    people: list[Person] = []
    natural = store.snippets(source=Source.NATURAL, split=Split.TRAIN, limit=200)
    texts = tuple((one.snippet.prompt, one.snippet.completion) for one in natural)
    for number, (roles, who) in enumerate(zip(plan.roles, add_people(store, plan.roles), strict=True)):
        rng = random.Random(number)
        page = Page(f"http://127.0.0.1:{ports[number % 2]}", who, log, rng=rng, waits=plan.waits)
        people.append(KINDS[roles](page, rng))
        if isinstance(people[-1], Attacker):
            people[-1].texts = texts
    return Crowd(plan, people)


def hold(plan: Plan, folder: Path, store: Store, database: str) -> None:
    """Run it, and see that everything holds."""
    log = Log()
    add_work(store, plan.items, 20 * plan.raters, random.Random(7))
    down = [time.monotonic()]
    with ExitStack() as stack:
        server = stack.enter_context(running(folder, database))
        ups = [time.monotonic()]
        network = Network(server.port, lost=plan.lost, seed=1)
        stack.callback(network.close)
        crowd = gather(plan, store, (server.port, network.port), log)
        crowd.come()
        for act in plan.acts:
            undisturbed(plan, crowd, log, ups[-1])
            start = time.monotonic()
            disturb(act, plan, server, network)
            if act in ("restart", "kill"):
                down.append(start)
                ups.append(time.monotonic())
        undisturbed(plan, crowd, log, ups[-1])
        crowd.gone_home()
        seconds = time.monotonic() - ups[0]
        server.end(signal.SIGTERM)
    books = after.Books.read(store)
    report(plan, seconds, log, books, network, server)
    spans = [(start, warm(log, up)) for start, up in zip(down, ups, strict=True)]
    check(crowd, log, books, spans)


def check(crowd: Crowd, log: Log, books: after.Books, spans: list[tuple[float, float]]) -> None:
    """All that has to hold."""
    pages = [one.page for one in crowd.people]
    after.within_quota(books)
    after.nobody_their_own(books)
    after.kept_once(books, pages)
    after.refusals(books, pages)
    after.replayed(books)
    found = after.faults(log, spans)
    assert not found, found[:10]
    blinded = {one.page.name for one in crowd.people if isinstance(one, Labeller | Both | Rater)}
    assert after.blind(log, books, blinded) > 10 * len(blinded)
    raters = {one.page.name for one in crowd.people if isinstance(one, Rater)}
    shown, left = after.shares_kept(log, raters)
    assert abs(left - shown / 2) <= 5 * len(raters), (left, shown)
    assert books.submissions and books.comparisons and books.remarks


def report(
    plan: Plan, seconds: float, log: Log, books: after.Books, network: Network, server: Running
) -> None:
    """What happened, on stdout."""
    answered = [one for one in log.asked if one.status == 200]
    print(
        f"\n{len(plan.roles)} people, {seconds:.0f} s, acts {plan.acts}:"
        f" {len(answered)} answers ({len(answered) / seconds:.1f}/s), {len(log.asked) - len(answered)} others"
        f", {network.losses} answers lost on the way; server {server.cpu:.0f} CPU s"
    )
    print(
        f"{len(books.annotations)} labels and rulings, {len(books.remarks)} remarks,"
        f" {len(books.submissions)} finds of {len(books.bench_sessions)} sessions,"
        f" {len(books.comparisons)} comparisons"
    )
    refused = Counter((one.status, one.path) for one in log.asked if one.status not in (0, 200))
    print("refused or failed:", dict(refused))
    took: dict[str, list[float]] = {}
    for one in answered:
        took.setdefault(one.path, []).append(1000 * (one.ended - one.began))
    for path, found in sorted({**took, "all": [ms for some in took.values() for ms in some]}.items()):
        p95 = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
        print(f"{path:45} {len(found):6} p50 {statistics.median(found):7.1f} p95 {p95:8.1f} ms")


@pytest.fixture
def database(workspace: Path) -> str:
    """The workspace's own database."""
    return f"sqlite:///{workspace / 'holdfast.db'}"


def test_a_crowd_a_restart_and_a_drop(workspace: Path, database: str) -> None:
    """The short version."""
    with Store.open(database) as store:
        hold(SHORT, workspace, store, database)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_five_minutes(kind: str, request: pytest.FixtureRequest, workspace: Path, database: str) -> None:
    """50 labellers and 10 attackers, two restarts (one of them a kill), two drops of 20 s."""
    if kind == "sqlite":
        with Store.open(database) as store:
            hold(FULL, workspace, store, database)
        return
    url = request.getfixturevalue("postgres_url")
    with Store.open(database) as source, Store.open(url, create=True) as store:
        move(source, store)
        hold(FULL, workspace, store, url)
