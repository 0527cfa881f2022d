"""Every page: light to load, readable by everybody, on a phone, in both themes, safe from others' words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from holdfast.types import Verdict
from holdfast.types.bench import Gold
from tests.workbench.conftest import stored

from .conftest import Person, Served
from .test_flows import FIND, go, hands_in, verdict

PAGES = (
    "",
    "attack",
    "label",
    "adjudicate",
    "rate",
    "dashboard",
    "playground",
    "people",
    "guidelines",
    "account",
)
EVERYTHING = ("admin", "lead", "attacker", "labeller", "rater")
SERIOUS = ("serious", "critical")
SHOWN = {"light": {"width": 1200, "height": 900}, "dark": {"width": 390, "height": 800}}


def everybody(served: Served, person: Callable[..., Person], **settings: Any) -> Person:
    """Somebody with every role a person can have."""
    one = person(served, **settings)
    one.join(served.link(*EVERYTHING), "eve")
    return one


def open_page(one: Person, served: Served, page: str) -> None:
    """The page, once what it loads is there."""
    one.page.goto(f"{served.url}/#/{page}")
    one.page.locator("h1").first.wait_for()
    one.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("theme", SHOWN)
def test_no_page_shuts_anybody_out(
    serve: Callable[..., Served], person: Callable[..., Person], theme: str
) -> None:
    """axe-core finds nothing serious; a phone never has to scroll sideways."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    served = serve()
    # axe-core is put into the page as text, which the site's own policy refuses.
    one = everybody(served, person, color_scheme=theme, viewport=SHOWN[theme], bypass_csp=True)
    found: dict[str, list[str]] = {}
    for page in PAGES:
        open_page(one, served, page)
        violations = axe.run(one.page).response["violations"]
        bad = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in violations if v["impact"] in SERIOUS]
        over = one.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        found[page] = bad + ([f"{over} px too wide"] if over > 0 else [])
    assert not any(found.values()), found


def test_the_first_load_is_light(serve: Callable[..., Served], person: Callable[..., Person]) -> None:
    served = serve()
    one = person(served)
    sizes: dict[str, int] = {}

    def kept(response: Any) -> None:
        if response.url.partition("?")[0].endswith((".js", ".css")):
            sizes[response.url] = response.request.sizes()["responseBodySize"]

    one.page.on("requestfinished", lambda request: kept(request.response()))
    one.page.goto(served.url)
    one.page.locator("h1").first.wait_for()
    one.page.wait_for_load_state("networkidle")
    assert len(sizes) >= 2
    assert sum(sizes.values()) < 150_000, sizes


def test_what_people_write_is_text(serve: Callable[..., Served], person: Callable[..., Person]) -> None:
    """Script, bidirectional controls and emoji come back as they were typed and do nothing."""
    served = serve()
    one = everybody(served, person)
    nasty = "He died <img src=x onerror=alert(1)> \u202eabc\u202c \U0001f600 &amp; ${7*7}"
    one.page.on("dialog", lambda dialog: one.complaints.append(f"dialog {dialog.message}"))
    open_page(one, served, "attack")
    one.page.get_by_role("button", name="Begin").click()
    box = one.page.get_by_role("textbox", name="Completion")
    box.fill(nasty)
    one.page.locator("output[aria-busy=false]").first.wait_for()
    assert box.input_value() == nasty
    assert not one.page.locator("img").count()
    one.page.reload()
    assert one.page.get_by_role("textbox", name="Completion").input_value() == nasty


def test_a_lost_network_loses_nothing(serve: Callable[..., Served], person: Callable[..., Person]) -> None:
    """Typed while the network is gone: kept, said, and scored when it is back."""
    served = serve()
    one = everybody(served, person)
    one.allowed = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    open_page(one, served, "attack")
    one.page.get_by_role("button", name="Begin").click()
    box = one.page.get_by_role("textbox", name="Completion")
    box.fill("The man slept.")
    one.page.locator("output[aria-busy=false]").first.wait_for()
    one.context.set_offline(True)
    box.fill("The man was killed.")
    one.page.get_by_text("offline").first.wait_for()
    one.context.set_offline(False)
    verdict(one, "rejected")
    one.page.locator("output[aria-busy=false]").first.wait_for()
    assert box.input_value() == "The man was killed."


def test_a_lost_answer_begins_no_second_session(
    serve: Callable[..., Served], person: Callable[..., Person]
) -> None:
    """The session began, its answer did not arrive: the next click finds it."""
    served = serve()
    one = everybody(served, person)
    one.allowed = ("ERR_FAILED", "Failed to load resource")
    open_page(one, served, "attack")
    begun: list[int] = []

    def lose(route: Any) -> None:
        if route.request.method != "POST" or begun:
            route.continue_()
            return
        begun.append(route.fetch().json()["id"])
        route.abort()

    one.page.route("**/api/attack/sessions", lose)
    one.page.get_by_role("button", name="Begin").click()
    one.page.get_by_role("alert").wait_for()
    one.page.get_by_role("button", name="Begin").click()
    one.page.get_by_role("textbox", name="Completion").wait_for()
    there = one.page.request.get(f"{served.url}/api/attack/sessions").json()
    assert [session["id"] for session in there] == begun


def test_a_long_list_is_turned_like_a_book(
    serve: Callable[..., Served], person: Callable[..., Person]
) -> None:
    """45 known items: three pages, by keys alone, and the last can be retired."""
    served = serve()
    site = served.site
    items = [stored(n) for n in range(45)]
    site.store.add_snippets(items)
    begin = site.clock() - timedelta(hours=1)
    for n, one in enumerate(items):
        at = begin + timedelta(seconds=n)
        known = Gold(snippet_id=one.id, verdict=Verdict.SAFE, severity=0, note="", author="lead", at=at)
        site.known.keep(known, served=True)
    one = everybody(served, person)
    open_page(one, served, "adjudicate")
    one.press("Known items")
    one.page.get_by_text("1–20 of 45").wait_for()
    for shown in ("21–40 of 45", "41–45 of 45"):
        one.press("Next")
        one.page.get_by_text(shown).wait_for()
    assert one.page.get_by_role("button", name="Next").is_disabled()
    row = one.page.get_by_role("row").filter(has_text=items[0].snippet.completion)
    row.get_by_role("button", name="Retire").click()
    one.page.get_by_label("Why?").fill("Worn out.")
    one.page.get_by_role("dialog").get_by_role("button", name="Retire").click()
    row.get_by_text("retired").wait_for()
    one.page.get_by_text("41–45 of 45").wait_for()


def test_a_restart_of_the_server_loses_nothing(
    serve: Callable[..., Served], person: Callable[..., Person]
) -> None:
    """Stopped and started again on the same database: still signed in, and the label arrives once."""
    served = serve()
    one = everybody(served, person)
    other = person(served)
    other.join(served.link("attacker"), "ada")
    one.allowed = other.allowed = ("ERR_CONNECTION_REFUSED", "Failed to load resource")
    hands_in(other, served, FIND)
    go(one, served, "label")
    one.page.get_by_role("button", name="I have read them").click()
    one.page.get_by_text(FIND).wait_for()
    port = int(served.url.rpartition(":")[2])
    served.stop()
    one.page.wait_for_timeout(450)
    one.keys("y", "4")
    one.page.get_by_text("unsent").first.wait_for()
    again = serve(port=port)
    one.page.get_by_text("unsent").first.wait_for(state="hidden", timeout=60_000)
    marks = [m for found in again.site.store.annotations().values() for m in found]
    assert [m.judgement.verdict.value for m in marks] == ["CATASTROPHIC"]
