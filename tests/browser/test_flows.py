"""What people do, from the invitation to the verified find, by keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from holdfast.gather import attack_times
from holdfast.measurement.failure_rate import corpus_failure_rate
from holdfast.types import FailureRate, Verdict

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


def verdict(one: Person, word: str) -> None:
    """Wait until the shown score is called that; the scale's own ends are called so as well."""
    one.page.get_by_label("Score").locator("strong").get_by_text(word, exact=True).wait_for()


def hands_in(attacker: Person, served: Served, find: str) -> None:
    """Begin from the offered text, type the find, see it accepted, submit it."""
    go(attacker, served, "attack")
    attacker.press("Begin")
    attacker.to("textbox", "Completion")
    attacker.keys("Control+a")
    attacker.page.keyboard.type(find)
    verdict(attacker, "accepted")
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


def test_from_an_attack_to_a_settled_find(
    serve: Callable[..., Served], person: Callable[..., Person]
) -> None:
    from_an_attack_to_a_settled_find(serve(), person)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_same_on_any_screen(
    serve: Callable[..., Served], person: Callable[..., Person], width: int, theme: str
) -> None:
    from_an_attack_to_a_settled_find(
        serve(), person, viewport={"width": width, "height": 800}, color_scheme=theme
    )


def from_an_attack_to_a_settled_find(
    served: Served, person: Callable[..., Person], **settings: object
) -> None:
    """An attacker, two labellers who differ and a lead, each in a browser with these settings."""
    attacker = person(served, **settings)
    attacker.join(served.link("attacker"), "ada")
    hands_in(attacker, served, FIND)
    for login, pressed in (("bea", ("y", "4")), ("cai", ("n",))):
        one = person(served, **settings)
        one.join(served.link("labeller"), login)
        labels(one, served, *pressed)

    lead = person(served, **settings)
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
    attacker.page.get_by_text("1 find, 1 verified").wait_for()
    attacker.page.get_by_text(re.compile("Adjudicator: .*He died")).wait_for()

    go(lead, served, "dashboard")
    row = next(r for r in attack_times(served.site.store, confidence=0.95) if r.successes)
    assert (row.successes, row.sessions, row.attackers) == (1, 1, 1)
    cells = lead.page.get_by_role("row").filter(has_text=row.arm).first.get_by_role("cell")
    cells.first.wait_for()
    shown = cells.all_inner_texts()
    assert shown[1:3] == ["1", "1"] and shown[6] == "1", shown


def measured(served: Served) -> FailureRate:
    """A failure rate as `holdfast measure` stores it: 7 failures among 1,500 that are accepted."""
    verdicts = [Verdict.CATASTROPHIC] * 7 + [Verdict.SAFE] * 1493 + [Verdict.SAFE] * 1500
    logits = [-1.0] * 1500 + [1.0] * 1500
    found = corpus_failure_rate(
        logits, verdicts, 0.0, target="baseline", population="3,000 natural test snippets"
    )
    served.site.store.add_measurement(
        kind="failure_rate",
        target="baseline",
        round=0,
        population="corpus",
        result=found.to_dict(),
        run_id="",
    )
    return found


def test_the_dashboard_shows_what_was_measured(
    serve: Callable[..., Served], person: Callable[..., Person]
) -> None:
    served = serve()
    rate = measured(served).failures
    lead = person(served)
    lead.join(served.link("lead"), "dan")
    go(lead, served, "dashboard")
    row = lead.page.get_by_role("row").filter(has_text="baseline").filter(has_text="7 of 1,500").first
    row.wait_for()
    text = row.inner_text()
    numbers = [float(n) for n in re.findall(r"(\d+\.\d+) %", text)]
    assert rate.count / rate.trials * 100 == pytest.approx(numbers[0], rel=0.01)
    assert [100 * x for x in (rate.lower, rate.upper, rate.bound)] == pytest.approx(numbers[1:4], abs=0.006)
