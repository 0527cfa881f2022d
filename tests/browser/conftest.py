"""The workbench as people meet it: a real server, Debian's Chromium, and a watch on what must not happen."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from holdfast.store import Store
from holdfast.types.person import Role
from holdfast.workbench import LiveModels, Settings, Site, create_app
from holdfast.workbench.pages import DIST
from tests.workbench.conftest import CHEAP, fill, lavish, live_models

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["PASSWORD", "Person", "Served", "serving"]

PASSWORD = "correct horse battery"


@dataclass
class Served:
    """A running workbench."""

    site: Site
    url: str
    server: uvicorn.Server
    thread: threading.Thread

    def link(self, *roles: str) -> str:
        """An invitation for somebody with these roles."""
        return self.site.link(self.site.accounts.invite([Role(r) for r in roles], "test")[1])

    def stop(self) -> None:
        """End the server and wait for it."""
        self.server.should_exit = True
        self.thread.join(20)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving(folder: Path, *, live: LiveModels | None = None, port: int = 0, **settings: Any) -> Served:
    """Start a workbench on the database in `folder`; a second start on it goes on with what is there."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    models = live or live_models()
    file = folder / "holdfast.db"
    fresh = not file.exists()
    store = Store.open(f"sqlite:///{file}", create=True)
    if fresh:
        fill(store, models)
    values = {"secret": b"k" * 32, "project": "test", "question": "Is anybody hurt?", "public_url": url}
    site = Site(store, Settings(**values | settings), models, hasher=CHEAP, limits=lavish())
    config = uvicorn.Config(create_app(site, pages=DIST), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    assert server.started
    return Served(site, url, server, thread)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts workbenches; all of them end with the test."""
    running: list[Served] = []

    def start(**settings: Any) -> Served:
        running.append(serving(tmp_path, **settings))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium here: on Debian `apt-get install chromium`")
    with api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody's browser; what it complains of is kept."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()
    """Parts of complaints that this test provokes."""

    def keys(self, *names: str) -> None:
        """Press keys, one after the other."""
        for name in names:
            self.page.keyboard.press(name)

    def to(self, role: str, name: str, *, exact: bool = False) -> None:
        """Tab until the focus is on the element of this role and name (or a part of it); 80 steps at most."""
        wanted = self.page.get_by_role(role, name=name, exact=exact).first  # type: ignore[arg-type]
        wanted.wait_for()
        for _ in range(80):
            if wanted.evaluate("e => e === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {role} {name!r}")

    def press(self, name: str, *, exact: bool = False) -> None:
        """Reach a button by Tab and press it by Enter."""
        self.to("button", name, exact=exact)
        self.page.keyboard.press("Enter")

    def join(self, link: str, login: str) -> None:
        """Use an invitation up and read what has to be read: by keys alone."""
        self.page.goto(link)
        self.to("textbox", "Name to sign in with")
        self.page.keyboard.type(login)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.press("I have read this and want to go on")
        self.page.get_by_role("navigation").first.wait_for()

    def complained(self) -> list[str]:
        """What the console, the network or the policy had to say, less what this test provokes."""
        return [c for c in self.complaints if not any(part in c for part in self.allowed)]


@pytest.fixture
def person(chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Opens browsers of people. At the end: no error on any console, no request to another origin."""
    people: list[Person] = []

    def open_(served: Served, **settings: Any) -> Person:
        context = chromium.new_context(**settings)
        context.set_default_timeout(60_000)
        page = context.new_page()
        one = Person(context, page)

        def message(said: Any) -> None:
            if said.type in ("error", "warning"):
                one.complaints.append(f"console {said.type}: {said.text} {said.location.get('url', '')}")

        def request(asked: Any) -> None:
            if not asked.url.startswith((served.url, "data:", "blob:")):
                one.complaints.append(f"request to {asked.url}")

        context.on("console", message)
        context.on("weberror", lambda wrong: one.complaints.append(f"page error: {wrong.error}"))
        context.on("request", request)
        people.append(one)
        return one

    yield open_
    found = [one.complained() for one in people]
    for one in people:
        one.context.close()
    assert not any(found), found
