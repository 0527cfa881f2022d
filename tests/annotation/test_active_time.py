from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.annotation.active_time import Event, EventKind, active_seconds


def log(*pairs):
    return [Event(number=n, kind=EventKind(kind), at=at) for n, (kind, at) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        (log(), 0),
        (log(("open", 5)), 0),
        (log(("open", 0), ("key", 10), ("submit", 25)), 25),
        # Idle for an hour, or a laptop asleep: one cap.
        (log(("open", 0), ("key", 3600), ("submit", 3610)), 70),
        (log(("open", 0), ("hidden", 10), ("focus", 500), ("submit", 520)), 30),
        (log(("open", 0), ("blur", 10), ("key", 40), ("submit", 45)), 15),
        # Nothing but `resume` ends a pause.
        (log(("open", 0), ("pause", 5), ("key", 10), ("scroll", 20), ("resume", 30), ("submit", 31)), 6),
        (log(("open", 0), ("pause", 5), ("hidden", 6), ("focus", 7), ("open", 60), ("submit", 61)), 6),
        # A clock set back.
        (log(("open", 100), ("key", 50), ("submit", 60)), 10),
    ],
)
def test_scripted_logs(events, seconds):
    assert active_seconds(events, cap=60) == pytest.approx(seconds)
    shuffled = events * 2
    random.Random(0).shuffle(shuffled)
    assert active_seconds(shuffled, cap=60) == pytest.approx(seconds)


events = st.lists(st.tuples(st.sampled_from(EventKind), st.floats(0, 1e5)), max_size=12).map(
    lambda pairs: log(*sorted(pairs, key=lambda pair: pair[1]))
)


@given(events, st.floats(0, 500), st.floats(0, 500))
def test_never_more_than_the_wall_clock_and_more_under_a_higher_cap(found, one, other):
    low, high = sorted((one, other))
    wall = found[-1].at - found[0].at if found else 0
    assert 0 <= active_seconds(found, cap=low) <= active_seconds(found, cap=high) + 1e-6
    assert active_seconds(found, cap=high) <= wall + 1e-6


def test_a_cap_is_not_negative():
    with pytest.raises(ValueError, match="cap"):
        active_seconds([], cap=-1)
