"""What happens to people at work: another tab, an ended session, a lost or slow network, a wrong clock.

Minutes by the clock, for some of it is waiting: `make test-all`. Nothing typed is lost, nothing counts twice.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.types import Snippet

from .conftest import PASSWORD, Person, Served
from .test_flows import FIND, go, hands_in, settled, verdict

pytestmark = pytest.mark.slow

LOST = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource")
AWAY = 20_000
"""Milliseconds without a network."""


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A running site."""
    return serve()


def attacker(served: Served, person: Callable[..., Person], login: str = "ada", **settings: object) -> Person:
    """Somebody who has begun to attack the offered text."""
    one = person(served, **settings)
    one.join(served.link("attacker"), login)
    go(one, served, "attack")
    one.press("Begin")
    settled(one.page)
    return one


def labeller(served: Served, person: Callable[..., Person], login: str = "bea") -> Person:
    """Somebody before an item."""
    one = person(served)
    one.join(served.link("labeller"), login)
    go(one, served, "label")
    one.press("I have read them")
    one.page.get_by_text(FIND).wait_for()
    one.page.wait_for_timeout(450)  # The guard against double keys.
    return one


def types(one: Person, text: str) -> None:
    """Replace the completion by keys."""
    one.to("textbox", "Completion")
    one.keys("Control+a")
    one.page.keyboard.type(text)


def confirms(one: Person) -> None:
    """Open the panel of a find and confirm it, up to the last button."""
    one.keys("Control+Enter")
    one.to("checkbox", "A reasonable reader")
    one.keys("Space")


def finds(served: Served) -> list[Snippet]:
    """What was handed in."""
    return [find.snippet for find in served.site.attacking.finds()]


def ends_sessions(served: Served) -> None:
    """End everybody's sessions, as time would."""
    for account in served.site.people.accounts():
        served.site.people.end_sessions(account.worker)


def signs_in_again(one: Person) -> None:
    """Answer the dialog that stands over the page."""
    one.page.get_by_text("Your session has ended").wait_for()
    one.to("textbox", "Password")
    one.page.keyboard.type(PASSWORD)
    one.keys("Enter")
    one.page.get_by_text("Your session has ended").wait_for(state="hidden")


def test_a_second_tab_says_so_and_can_take_over(served: Served, person: Callable[..., Person]) -> None:
    one = attacker(served, person)
    types(one, FIND)
    verdict(one, "accepted")
    settled(one.page)
    first, one.page = one.page, one.context.new_page()
    go(one, served, "attack")
    one.page.get_by_text("goes on in another tab").wait_for()
    one.press("Take over here")
    settled(one.page)
    assert one.page.get_by_role("textbox", name="Completion").input_value() == FIND
    first.get_by_text("goes on in another tab").wait_for()
    assert len(served.site.attacking.works()) == 1


def test_a_session_that_ends_while_somebody_types(served: Served, person: Callable[..., Person]) -> None:
    one = attacker(served, person)
    one.allowed = ("Failed to load resource",)
    ends_sessions(served)
    types(one, FIND)
    signs_in_again(one)
    assert one.page.get_by_role("textbox", name="Completion").input_value() == FIND
    verdict(one, "accepted")
    settled(one.page)
    confirms(one)
    one.to("button", "Submit", exact=True)
    ends_sessions(served)
    one.keys("Enter")
    signs_in_again(one)
    one.page.get_by_text("Your find is handed in").wait_for()
    assert [found.completion for found in finds(served)] == [FIND]


def test_a_session_that_ends_before_an_answer(served: Served, person: Callable[..., Person]) -> None:
    hands_in_one(served, person)
    one = labeller(served, person)
    one.allowed = ("Failed to load resource",)
    ends_sessions(served)
    one.keys("y", "4")
    signs_in_again(one)
    one.page.get_by_text("unsent").first.wait_for(state="hidden")
    assert labels(served) == ["CATASTROPHIC"]


def hands_in_one(served: Served, person: Callable[..., Person]) -> None:
    """A find that waits for labels."""
    other = person(served)
    other.join(served.link("attacker"), "ada")
    hands_in(other, served, FIND)


def labels(served: Served) -> list[str]:
    """The verdicts of people, once nothing is on its way; 20 seconds at most."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        marks = [m for found in served.site.store.annotations().values() for m in found]
        if marks:
            return [mark.judgement.verdict.value for mark in marks]
        time.sleep(0.1)
    return []


def test_twenty_seconds_without_a_network(served: Served, person: Callable[..., Person]) -> None:
    """Gone while somebody types, and again while a find is handed in."""
    one = attacker(served, person)
    one.allowed = LOST
    one.context.set_offline(True)
    types(one, FIND)
    one.page.get_by_text("offline").first.wait_for()
    one.page.wait_for_timeout(AWAY)
    assert one.page.get_by_role("textbox", name="Completion").input_value() == FIND
    one.context.set_offline(False)
    verdict(one, "accepted")
    settled(one.page)
    confirms(one)
    one.context.set_offline(True)
    one.press("Submit", exact=True)
    one.page.wait_for_timeout(AWAY)
    assert finds(served) == []
    one.context.set_offline(False)
    one.page.get_by_text("Your find is handed in").wait_for()
    assert [found.completion for found in finds(served)] == [FIND]


def test_twenty_seconds_without_a_network_before_an_answer(
    served: Served, person: Callable[..., Person]
) -> None:
    hands_in_one(served, person)
    one = labeller(served, person)
    one.allowed = LOST
    one.context.set_offline(True)
    one.keys("y", "4")
    one.page.get_by_text("unsent").first.wait_for()
    one.page.wait_for_timeout(AWAY)
    one.context.set_offline(False)
    one.page.get_by_text("unsent").first.wait_for(state="hidden")
    assert labels(served) == ["CATASTROPHIC"]


def test_a_reload_while_a_find_is_on_its_way(served: Served, person: Callable[..., Person]) -> None:
    """Handed in without a network, the page is loaded anew: the find arrives, once."""
    one = attacker(served, person)
    one.allowed = LOST
    types(one, FIND)
    one.page.reload()
    settled(one.page)
    assert one.page.get_by_role("textbox", name="Completion").input_value() == FIND
    verdict(one, "accepted")
    confirms(one)
    one.page.route("**/submit", lambda route: route.abort("internetdisconnected"))
    one.press("Submit", exact=True)
    one.page.get_by_text("unsent").first.wait_for()
    one.page.unroute("**/submit")
    one.page.on("dialog", lambda dialog: dialog.accept())  # The page asks before it is left.
    one.page.reload()
    one.page.get_by_text("unsent").first.wait_for(state="hidden")
    end = time.monotonic() + 20
    while not finds(served) and time.monotonic() < end:
        time.sleep(0.1)
    assert [found.completion for found in finds(served)] == [FIND]


def test_a_slow_network(served: Served, person: Callable[..., Person]) -> None:
    """150 ms there and back, 1.6 Mbit/s down, 750 kbit/s up: from the invitation to the find."""
    one = person(served)
    network = one.context.new_cdp_session(one.page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 150,
            "downloadThroughput": 1.6e6 / 8,
            "uploadThroughput": 0.75e6 / 8,
        },
    )
    one.join(served.link("attacker"), "ada")
    hands_in(one, served, FIND)
    assert [found.completion for found in finds(served)] == [FIND]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_a_day_off(served: Served, person: Callable[..., Person], days: int) -> None:
    """The server's clock counts: times are as true as with a right one, and deeds arrive."""
    began = time.monotonic()
    one = person(served)
    one.page.clock.set_system_time(datetime.now(UTC) + timedelta(days=days))
    one.join(served.link("attacker"), "ada")
    hands_in(one, served, FIND)
    work = served.site.attacking.works(whole=True)[0]
    assert 0 < work.session.result.seconds <= time.monotonic() - began
    one.page.get_by_text(re.compile("just now|minute")).first.wait_for()
