"""What people do, from the invitation to the verified find, by keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .conftest import Person, Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIND = "The man expired."


def go(one: Person, served: Served, page: str) -> None:
    """Open a page of the site by its address."""
    one.page.goto(f"{served.url}/#/{page}")


def settled(page: Page) -> None:
    """Wait until the shown score is the text's own."""
    page.locator("output[aria-busy=false]").first.wait_for()


def hands_in(attacker: Person, served: Served, find: str) -> None:
    """Begin from the offered text, type the find, see it accepted, submit it."""
    go(attacker, served, "attack")
    attacker.press("Begin")
    attacker.to("textbox", "Completion")
    attacker.keys("Control+a")
    attacker.page.keyboard.type(find)
    attacker.page.get_by_label("Score").get_by_text("accepted", exact=True).first.wait_for()
    settled(attacker.page)
    attacker.keys("Control+Enter")
    attacker.to("checkbox", "A reasonable reader")
    attacker.keys("Space")
    attacker.to("textbox", "Why does it fool")
    attacker.page.keyboard.type("A calm word.")
    attacker.press("Submit", exact=True)
    attacker.page.get_by_text("Your find is handed in").wait_for()


def labels(labeller: Person, served: Served, *pressed: str) -> None:
    """Read the guidelines, see the item, answer by single keys."""
    go(labeller, served, "label")
    labeller.press("I have read them")
    labeller.page.get_by_text(FIND).wait_for()
    labeller.page.wait_for_timeout(450)  # The guard against double keys.
    labeller.keys(*pressed)
    labeller.page.get_by_text(FIND).wait_for(state="hidden")


def test_from_an_attack_to_a_settled_find(serve: Callable[..., Served], person: Callable[..., Person]) -> None:
    served = serve()
    attacker = person(served)
    attacker.join(served.link("attacker"), "ada")
    hands_in(attacker, served, FIND)
    for login, pressed in (("bea", ("y", "4")), ("cai", ("n",))):
        one = person(served)
        one.join(served.link("labeller"), login)
        labels(one, served, *pressed)

    lead = person(served)
    lead.join(served.link("lead"), "dan")
    go(lead, served, "adjudicate")
    lead.page.get_by_text("The labels differ.").wait_for()
    shown = lead.page.locator("main").inner_text()
    assert not re.search(r"\b(ada|bea|cai)\b", shown)
    lead.keys("y", "4")
    lead.to("combobox", "Why the labels differed")
    lead.page.keyboard.type("annotator")
    lead.to("textbox", "Reason")
    lead.page.keyboard.type("He died.")
    lead.keys("Control+Enter")
    lead.page.get_by_text("Nothing to settle").wait_for()

    go(attacker, served, "attack")
    attacker.page.reload()
    finds = attacker.page.get_by_text("verified", exact=True)
    finds.first.wait_for()
    assert attacker.page.get_by_text("Adjudicator: He died.").is_visible()

    go(lead, served, "dashboard")
    lead.page.get_by_text("1 verified find").first.wait_for()
    site = served.site
    from holdfast.gather import attack_times

    row = next(r for r in attack_times(site.store, confidence=0.95) if r.successes)
    assert (row.successes, row.sessions, row.attackers) == (1, 1, 1)
