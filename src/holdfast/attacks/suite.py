"""Suites: which attacks, under which fixed conditions, a target's robustness is told by.

A suite's definition is frozen. A method that changes gets a new version, and with it comes a new suite:
figures of one suite compare, figures of two do not. Held-out methods are run by the suite and never by
training, so that a target cannot have learnt to withstand just them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from holdfast.attacks.run import run_attacks
from holdfast.errors import ConfigError
from holdfast.protocols import Attack, Scorer
from holdfast.provenance import stream_seed
from holdfast.types import AttackBudget, AttackResult, Snippet, Suite

__all__ = ["SUITE", "attacker_name", "check_trainable", "run_suite", "suite_seed"]

_BOTH = ("prompt", "completion")

SUITE = Suite(
    name="suite-3",
    methods=("beam", "hotflip", "greedy", "random", "genetic", "characters"),
    versions=("beam@1", "hotflip@2", "greedy@1", "random@1", "genetic@1", "characters@1"),
    held_out=("genetic", "characters"),
    settings={
        "beam": {
            **{"sides": _BOTH, "width": 3, "level": 8, "places": 10, "proposals": 12, "depth": 12},
            **{"explore": 0.34, "children": 2, "chain": 4, "saliency": True, "first_order": True},
            **{"refresh": 0.0, "polish": 24},
        },
        "hotflip": {
            **{"sides": _BOTH, "width": 4, "level": 16, "proposals": 12, "places": 48, "blind": 10},
            **{"depth": 12, "explore": 0.25, "chain": 4, "undo": 2, "children": 2, "saliency": True},
            **{"first_order": True, "polish": 24, "trial": 40, "pace": 0.8},
        },
        "greedy": {
            **{"sides": _BOTH, "proposals": 12, "ranking": 0.5, "passes": 8, "depth": 12, "polish": 24},
            **{"trial": 40, "pace": 0.0},
        },
        "random": {"sides": _BOTH, "edits": 3, "level": 24},
        "genetic": {
            **{"sides": _BOTH, "parents": 4, "offspring": 2, "crosses": 4, "carried": 4, "best": 0.7},
            **{"tournament": 3, "clusters": 8, "patience": 5, "places": 6, "proposals": 12, "depth": 12},
            **{"explore": 0.34, "saliency": True, "first_order": True, "polish": 24},
        },
        "characters": {
            "kinds": ("swap", "drop", "double", "neighbour", "split", "homoglyph", "invisible"),
            **{"sides": _BOTH, "level": 12, "places": 6, "proposals": 14, "depth": 8, "explore": 0.34},
            **{"chain": 4, "patience": 3, "saliency": True, "polish": 24},
        },
    },
)
"""The current suite. suite-1 chose its parents otherwise (`workflows/starting.py`); suite-2 had hotflip@1."""


def check_trainable(methods: Iterable[str]) -> None:
    """Raise ConfigError where one of `methods` is held out: what training attacks with, it must not be."""
    held = sorted(set(methods) & set(SUITE.held_out))
    if held:
        raise ConfigError(
            f"attack.methods has {', '.join(held)}, which {SUITE.name} holds out from training",
            expected=f"methods of {', '.join(m for m in SUITE.methods if m not in SUITE.held_out)}, "
            "or attacks of your own",
            do="take it out of attack.methods for rounds; `holdfast suite` runs it against any target",
        )


def suite_seed(suite: Suite, number: int) -> int:
    """Seed `number` of the suite, the same in every workspace. Raises ConfigError for one there is not."""
    if not 0 <= number < suite.seeds:
        raise ConfigError(f"seed {number} of {suite.name}", expected=f"0 to {suite.seeds - 1}")
    return stream_seed(0, suite.name, number)


def attacker_name(suite: Suite, version: str, seed: int, budget: int) -> str:
    """Under what name searches are stored; searches of one name and parent are the same search."""
    return f"{suite.name}:{version}:seed-{seed}:{budget}"


def run_suite(  # noqa: PLR0913
    suite: Suite,
    attacks: Sequence[Attack],
    parents: Sequence[Snippet],
    *,
    target: Scorer,
    threshold: float,
    budget: int,
    seeds: int,
    on_result: Callable[[str, AttackResult], None],
    done: Callable[[str], Collection[str]] = lambda name: (),
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Attack every parent by every method under every seed, `budget` queries each.

    `on_result(name, result)` is called after each search with its `attacker_name`; `result.seconds` are the
    process's CPU seconds. `done(name)`: ids of parents whose search is there already; the others come out as
    in an unbroken run. Seeds come outermost: a run that is stopped has as much of each method, almost.
    """
    for seed in range(seeds):
        for attack in attacks:
            name = attacker_name(suite, attack.name, seed, budget)
            begun = clock()

            def keep(result: AttackResult, name: str = name) -> None:
                nonlocal begun
                on_result(name, replace(result, seconds=clock() - begun))
                begun = clock()

            run_attacks(
                parents,
                [(attack, 1.0)],
                target,
                threshold,
                AttackBudget(queries=budget),
                suite_seed(suite, seed),
                on_result=keep,
                skip=done(name),
            )
