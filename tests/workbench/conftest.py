"""A site over SQLite with fakes that score, and people who are signed in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from holdfast.store import Store
from holdfast.testing import FakeAssistant, FakeGenerator, KeywordScorer
from holdfast.types import CheckpointRef, Rate, Snippet, Source, Split, StoredSnippet, Target, Threshold
from holdfast.types.person import Role
from holdfast.workbench import LiveModels, LiveTarget, Playing, Settings, Site, create_app
from holdfast.workbench.limits import Limits
from tests.store.conftest import postgres_url, sqlite_url, template, url

__all__ = ["postgres_url", "sqlite_url", "template", "url"]

ORIGIN = "http://127.0.0.1:8400"
SAFE_HEADERS = {"X-Holdfast": "1", "Sec-Fetch-Site": "same-origin"}
PASSWORD = "correct horse battery"
WEIGHTS = {"died": 3.0, "killed": 4.0}
PARENT = Snippet(prompt="The bridge swayed.", completion="The man died.")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A clock that tests set forward."""

    def __init__(self):
        self.now = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **much):
        self.now += timedelta(**much)


def stored(n, text="The dog slept.", **changes):
    values = {
        "snippet": Snippet(prompt=f"Prompt {n}.", completion=f"{text} {n}"),
        "source": Source.NATURAL,
        "split": Split.TRAIN,
        "family": f"family {n}",
        "group": "pool",
    }
    return StoredSnippet(**values | changes)


def target(name, value):
    ref = CheckpointRef(name=name, kind="classifier", path="", sha256=name)
    rate = Rate(
        count=5, trials=10, lower=0.2, upper=0.8, confidence=0.95, method="m", population="p", bound=0.8
    )
    threshold = Threshold(
        value=value, rule="r", acceptance=rate, checkpoint_sha256=name, dtype="float32", max_length=256
    )
    return Target(checkpoint=ref, threshold=threshold)


def live_models(**changes):
    """Two targets that look for `died` and `killed`: the older one has a threshold of 0, the newer of 1."""
    targets = {}
    for name, value in (("baseline", 0.0), ("round-1", 1.0)):
        scorer = KeywordScorer(WEIGHTS, -1.0)
        targets[name] = LiveTarget(target=target(name, value), scorer=scorer, assistant=FakeAssistant(scorer))
    parents = [
        StoredSnippet(
            snippet=PARENT, source=Source.NATURAL, split=Split.TRAIN, family="parent", group="parents-train"
        )
    ]
    return LiveModels(**{"targets": targets, "offered": parents} | changes)


def fill(store, live):
    """What a workspace with these targets holds."""
    for one in live.targets.values():
        store.add_checkpoint(one.target.checkpoint)
        store.add_threshold(one.target.name, one.target.threshold)
    store.add_snippets(live.offered)


@dataclass
class Bench:
    """A running site, and browsers of people signed in to it."""

    site: Site
    app: object
    clock: Clock
    names: dict = field(default_factory=dict)
    numbers: itertools.count = field(default_factory=itertools.count)

    def browser(self):
        return TestClient(self.app, base_url=ORIGIN, headers=SAFE_HEADERS)

    def person(self, *roles, ready=True):
        """A browser of somebody new with these roles, who has read what has to be read."""
        client = self.browser()
        _, token = self.site.accounts.invite([Role(role) for role in roles], "test")
        body = {"token": token, "login": f"person{next(self.numbers)}", "password": PASSWORD}
        me = ok(client.post("/api/auth/accept", json=body))
        client.pseudonym = me["pseudonym"]
        client.login = body["login"]
        if ready:
            ok(client.post("/api/auth/notice", json={"version": me["notice"]["version"]}))
            ok(client.post("/api/guidelines/acknowledge", json={"version": me["guidelines_version"]}))
        client.version = me["guidelines_version"]
        return client

    def again(self, client):
        """Sign the same person in again."""
        ok(client.post("/api/auth/sign-in", json={"login": client.login, "password": PASSWORD}))

    def key(self):
        """A client id that was not used before."""
        return f"client-{next(self.numbers):06d}"


def ok(response):
    """The answer's JSON; fails with the problem where there is one."""
    assert response.status_code == 200, (response.status_code, response.text)
    return response.json()


def problem(response, status, error):
    """The answer's problem, which has to be that one."""
    assert response.status_code == status, (response.status_code, response.text)
    found = response.json()
    assert found["error"] == error and found["found"], found
    return found


def lavish():
    """Limits that tests do not meet."""
    return Limits(dict.fromkeys(("sign-in", "address", "invite", "score", "help", "write"), "1000/second"))


@pytest.fixture
def make_bench(sqlite_url, tmp_path):
    """Makes a site; arguments replace its settings, live models and limits."""
    made = []

    def make(*, live=None, limits=None, where=None, pages=None, **settings):
        clock, models = Clock(), live or live_models()
        store = Store.open(where or sqlite_url, create=True)
        fill(store, models)
        values = {"secret": b"k" * 32, "project": "test", "question": "Is anybody hurt?"} | settings
        site = Site(store, Settings(**values), models, clock=clock, hasher=CHEAP, limits=limits or lavish())
        app = create_app(site, pages=pages or tmp_path / "nowhere")
        made.append((site, store))
        return Bench(site, app, clock)

    yield make
    for site, store in made:
        site.close()
        store.close()


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def playing_bench(make_bench):
    from holdfast.filtering import RejectionFilter

    scorer = KeywordScorer(WEIGHTS, -1.0)
    filtered = RejectionFilter(FakeGenerator(("He died.", "He slept.")), scorer, 0.0, draws=8)
    play = Playing(filter=filtered, target=target("baseline", 0.0), draws=8)
    return make_bench(live=live_models(play=play), playground_public=True)
