"""The pictures of docs/workbench: a finished demo, two weeks of made-up people on it, every page.

    python -m tests.browser.shots DEMO_WORKSPACE docs/workbench

Works on a copy. Scores, finds, failure rates and the cross-round matrix are the demo's own; who attacked,
labelled and rated, and how long they took, is made up. Labels are the oracle's, with a few slips.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from holdfast.cli.workbench import site_of
from holdfast.config import FILE_NAME, load_config
from holdfast.store import Store
from holdfast.types import Snippet, Source, Split, StoredSnippet, Verdict
from holdfast.types.bench import Gold
from holdfast.workbench import Site, create_app
from holdfast.workbench.pages import DIST
from holdfast.workflows.attack import attack_target
from holdfast.workflows.pairs import draw_pairs
from holdfast.workflows.workspace import Workspace
from tests.browser.conftest import free_port
from tests.workbench.conftest import CHEAP, PASSWORD, Bench, Clock, lavish, ok

DAYS = 12
ROUND = 3
"""Number of the round that the program's searches are stored under."""
ATTACKERS = {"mira": 1.0, "jonas": 1.6, "wen": 0.7}
"""How fast each of them is."""
LABELLERS = {"ada": 0.02, "bea": 0.06, "cai": 0.2}
"""How often each of them slips."""
RATERS = ("eli", "fay")
NOTES = ("calm wording", "a rare verb", "the harm is in one word", "")


class Cast:
    """People at work on one site, by its own HTTP interface."""

    def __init__(self, workspace: Workspace, bench: Bench) -> None:
        self.workspace, self.bench, self.site = workspace, bench, bench.site
        self.random = random.Random(7)
        self.people = {
            name: self.join(name, role)
            for names, role in (
                (("root",), "admin"),
                (("dan",), "lead"),
                (ATTACKERS, "attacker"),
                (LABELLERS, "labeller"),
                (RATERS, "rater"),
            )
            for name in names
        }

    def join(self, name: str, role: str) -> Any:
        self.bench.names[name] = role
        client = self.bench.browser()
        link = self.site.accounts.invite([_role(role)], "shots")[1]
        me = ok(client.post("/api/auth/accept", json={"token": link, "login": name, "password": PASSWORD}))
        ok(client.post("/api/auth/notice", json={"version": me["notice"]["version"]}))
        client.login, client.version = name, me["guidelines_version"]
        ok(client.post("/api/guidelines/acknowledge", json={"version": client.version}))
        return client

    def later(self, **much: float) -> None:
        self.bench.clock.forward(**much)

    def paths(self) -> Iterator[list[Snippet]]:
        """Texts of the program's searches that succeeded, parent first: what people might have typed."""
        for name in ("round-1", "round-2"):
            attack_target(self.workspace, name, "train", 150, ROUND)
            for session in self.workspace.store.sessions(target=name, purpose="train", round=ROUND):
                if session.result.candidate is not None:
                    yield [step.snippet for step in session.result.steps]

    def attack(self, name: str, path: list[Snippet], *, tools: bool) -> None:
        """One session: type what the program tried, a minute or two a try; hand in what is accepted."""
        client, first = self.people[name], path[0]
        own = {"kind": "own", "prompt": first.prompt, "completion": first.completion}
        body = {"client_id": self.bench.key(), "parent": own, "tools": tools}
        session = ok(client.post("/api/attack/sessions", json=body))["id"]
        at, number, accepted = 0.0, 0, False
        for seq, text in enumerate(path[1:], 1):
            spell = self.random.uniform(20, 150) / ATTACKERS[name] * (1 if tools else 1.8)
            events = keys(spell, first=number, at=at)
            number, at = number + len(events), at + 1000 * spell
            self.later(seconds=spell)
            ok(client.post(f"/api/attack/sessions/{session}/events", json={"events": events}))
            body = {"prompt": text.prompt, "completion": text.completion, "seq": seq}
            accepted = ok(client.post(f"/api/attack/sessions/{session}/score", json=body))["accepted"]
            if accepted:
                break
        end: dict[str, Any] = {"client_id": self.bench.key()}
        if accepted and self.random.random() < 0.9:
            end |= {"prompt": text.prompt, "completion": text.completion, "confirmed": True}
            end |= {"note": self.random.choice(NOTES), "strategies": []}
            ok(client.post(f"/api/attack/sessions/{session}/submit", json=end))
        else:
            ok(client.post(f"/api/attack/sessions/{session}/end", json=end))

    def label(self, name: str, most: int, *, slips: float = 0.0) -> None:
        """Answer what is next as the oracle would, but for slips."""
        client, oracle = self.people[name], self.workspace.catastrophe.oracle
        assert oracle is not None
        for _ in range(most):
            found = ok(client.post("/api/label/next", json={}))["items"]
            if not found:
                return
            item = found[0]
            said = oracle([Snippet(prompt=item["prompt"], completion=item["completion"])])[0]
            verdict, severity = said.verdict, said.severity or 0
            if self.random.random() < max(slips, LABELLERS[name]):
                verdict = Verdict.SAFE if verdict.strict else Verdict.CATASTROPHIC
                severity = 3
            harmful = verdict in (Verdict.CATASTROPHIC, Verdict.BORDERLINE)
            spell = self.random.uniform(6, 20)
            self.later(seconds=spell)
            body = {
                "id": item["id"],
                "client_id": self.bench.key(),
                "events": keys(spell),
                "verdict": verdict.value,
                "severity": max(severity, 1) if harmful else 0,
                "guidelines_version": client.version,
            }
            ok(client.post("/api/label/answers", json=body))

    def settle(self, most: int) -> None:
        """Decide what differs, as the oracle would."""
        client, oracle = self.people["dan"], self.workspace.catastrophe.oracle
        assert oracle is not None
        for item in ok(client.get(f"/api/adjudicate/queue?limit={most}"))["items"]:
            said = oracle([Snippet(prompt=item["prompt"], completion=item["completion"])])[0]
            self.later(seconds=40)
            body = {
                "id": item["id"],
                "client_id": self.bench.key(),
                "verdict": said.verdict.value,
                "severity": max(said.severity or 0, 1) if said.verdict.wide else 0,
                "ground": "annotator",
                "reason": "As the guidelines say: what is told as having just happened counts.",
            }
            ok(client.post("/api/adjudicate/decisions", json=body))

    def rate(self, name: str, most: int) -> None:
        client = self.people[name]
        for _ in range(most):
            pair = ok(client.post("/api/rate/next", json={}))["pair"]
            if pair is None:
                return
            self.later(seconds=self.random.uniform(8, 25))
            choice = self.random.choices(["left", "right", "tie", "left_much"], [40, 42, 15, 3])[0]
            body = {"id": pair["id"], "client_id": self.bench.key(), "choice": choice}
            ok(client.post("/api/rate/answers", json=body))

    def unjudged(self, n: int) -> list[str]:
        """New texts that no program has judged: over those people may differ."""
        corpus = self.workspace.catastrophe.corpus
        assert corpus is not None
        made = [
            StoredSnippet(
                snippet=draw.snippet,
                source=Source.TILTED,
                split=Split.TEST,
                family=draw.snippet.id,
                group="asked",
            )
            for draw in corpus.sample(n, 77, tilted=True)
        ]
        self.workspace.store.add_snippets(made)
        return [s.id for s in made]

    def play(self) -> None:
        """Two weeks of it."""
        site, store = self.site, self.workspace.store
        natural = [s for s in store.snippets(split=Split.TEST) if s.group == "test"]
        drawn = self.random.sample(natural, 60)
        site.labelling.add([s.id for s in drawn])
        for stored in self.random.sample(natural, 4):
            verdict = self.workspace.verdicts([stored.id])[stored.id]
            gold = Gold(
                snippet_id=stored.id,
                verdict=verdict,
                severity=2 if verdict.wide else 0,
                note="An example of the guidelines.",
                author="shots",
                at=site.clock(),
                ground="edge_case",
            )
            site.known.keep(gold, served=True)
        draw_pairs(self.workspace, n=160)
        paths = list(self.paths())
        self.random.shuffle(paths)
        kept, given = paths[:6], iter(paths[6:])
        for day in range(DAYS):
            for client in self.people.values():
                self.bench.again(client)
            for name in ATTACKERS:
                for path in itertools.islice(given, 2):
                    self.attack(name, path, tools=self.random.random() < 0.7)
                    self.later(minutes=self.random.uniform(4, 20))
            for name in LABELLERS:
                self.label(name, 8)
            if day % 3 == 2:
                self.settle(4)
            for name in RATERS:
                self.rate(name, 3)
            self.later(hours=20)
        for client in self.people.values():
            self.bench.again(client)
        # Some work is left for the pictures.
        for name, path in zip(itertools.cycle(ATTACKERS), kept, strict=False):
            self.attack(name, path, tools=True)
        site.labelling.add(self.unjudged(12))
        for name in LABELLERS:
            self.label(name, 14, slips=0.5)
        site.labelling.add([s.id for s in self.random.sample(natural, 24)])


def keys(seconds: float, *, first: int = 0, at: float = 0.0) -> list[dict[str, Any]]:
    """A key every five seconds, from `at` milliseconds on: what active time is counted from."""
    return [{"number": first + i, "kind": "key", "at_ms": at + 5000 * i} for i in range(int(seconds / 5) + 1)]


def _role(name: str) -> Any:
    from holdfast.types.person import Role

    return Role(name)


@contextmanager
def served(site: Site, port: int) -> Iterator[None]:
    """The site for a browser, on loopback."""
    config = uvicorn.Config(create_app(site, pages=DIST), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield
    server.should_exit = True
    thread.join(20)


class Camera:
    """Signed-in browsers, and pictures of what they show."""

    def __init__(self, browser: Browser, url: str, out: Path) -> None:
        self.browser, self.url, self.out = browser, url, out

    def page(
        self, login: str, path: str, *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{self.url}/#/")
        if login:
            page.get_by_role("textbox", name="Name").fill(login)
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("navigation").first.wait_for()
            page.goto(f"{self.url}/#/{path}")
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        return page

    def shoot(self, page: Page, name: str, *, whole: bool = False) -> None:
        page.wait_for_timeout(1200)
        shot = page.screenshot(full_page=whole)
        page.context.close()
        Image.open(BytesIO(shot)).convert("RGB").quantize(96).save(self.out / f"{name}.png", optimize=True)


def attack_pictures(camera: Camera, text: Snippet, near: Snippet) -> None:
    """The editor with a score and a map, its menu, dark, on a phone, and handing in."""

    def begun(login: str, shown: Snippet, **options: Any) -> Page:
        page = camera.page(login, "attack", **options)
        begin = page.get_by_role("button", name="Begin")
        begin.or_(page.get_by_role("textbox", name="Completion")).first.wait_for()
        if begin.count():
            page.get_by_label("A text of my own").check()
            page.get_by_role("textbox", name="Prompt").fill(text.prompt)
            page.get_by_role("textbox", name="Completion").fill(text.completion)
            begin.click()
        page.get_by_role("textbox", name="Completion").wait_for()
        page.get_by_role("textbox", name="Prompt").fill(shown.prompt)
        page.get_by_role("textbox", name="Completion").fill(shown.completion)
        page.locator("output[aria-busy=false]").first.wait_for()
        page.wait_for_timeout(2500)
        return page

    camera.shoot(begun("mira", text), "attack", whole=True)
    camera.shoot(begun("mira", text, dark=True), "attack-dark", whole=True)
    camera.shoot(begun("mira", text, width=390), "attack-phone", whole=True)
    page = begun("mira", text)
    for _ in range(5):
        page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_timeout(4000)
    camera.shoot(page, "attack-menu")
    page = begun("mira", near)
    page.get_by_label("Score").locator("strong").get_by_text("accepted", exact=True).wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_role("checkbox", name="A reasonable reader").wait_for()
    camera.shoot(page, "submit", whole=True)


def pictures(camera: Camera, cast: Cast, path: list[Snippet]) -> None:
    """Every page."""
    camera.shoot(camera.page("", ""), "sign-in")
    for name, login, page in (
        ("label", "ada", "label"),
        ("adjudicate", "dan", "adjudicate"),
        ("rate", "eli", "rate"),
        ("guidelines", "ada", "guidelines"),
        ("account", "mira", "account"),
        ("people", "root", "people"),
    ):
        camera.shoot(camera.page(login, page), name, whole=name in ("account", "people", "adjudicate"))
    page = camera.page("dan", "dashboard")
    page.get_by_text("How hard to break?").wait_for()
    page.wait_for_timeout(3000)
    camera.shoot(page, "dashboard", whole=True)
    page = camera.page("dan", "dashboard", width=390)
    page.get_by_text("How hard to break?").wait_for()
    page.wait_for_timeout(3000)
    camera.shoot(page, "dashboard-phone", whole=True)
    attack_pictures(camera, path[0], path[-1])
    page = camera.page("dan", "playground")
    page.get_by_role("textbox").first.fill(path[0].prompt)
    page.get_by_role("button", name="Complete").click()
    page.wait_for_timeout(5000)
    camera.shoot(page, "playground")
    page = camera.page("", "")
    page.goto(cast.site.link(cast.site.accounts.invite([_role("labeller")], "shots")[1]))
    page.get_by_role("textbox", name="Name to sign in with").fill("gia")
    for box in page.get_by_label("assword").all():
        box.fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I have read this").wait_for()
    camera.shoot(page, "notice", whole=True)


def main() -> None:
    """Copy, play, shoot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp()) / "storyworld"
    shutil.copytree(arguments.workspace, folder)
    config = load_config(folder / FILE_NAME, overrides=["processes=1"])
    with Store.open(config.database, root=folder, upgrade=True) as store:
        workspace = Workspace(root=folder.resolve(), config=config, store=store)
        port = free_port()
        made = site_of(workspace, public_url=f"http://127.0.0.1:{port}", audit=0.1)
        clock = Clock()
        clock.now = datetime.now(UTC) - timedelta(days=DAYS + 1)
        site = Site(store, made.settings, made.live, clock=clock, hasher=CHEAP, limits=lavish())
        cast = Cast(workspace, Bench(site, create_app(site, pages=DIST), clock))
        cast.play()
        clock.now = max(clock.now, datetime.now(UTC))
        # Whichever of the two targets is drawn, the text handed in is accepted.
        scored = [
            (workspace.classifier(name), workspace.target(name).threshold.value)
            for name in ("round-1", "round-2")
        ]
        path = next(
            p for p in cast.paths() if all(model.score([p[-1]])[0] < value for model, value in scored)
        )
        with served(site, port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            pictures(Camera(browser, f"http://127.0.0.1:{port}", arguments.out), cast, path)
            browser.close()
        site.close()


if __name__ == "__main__":
    main()
