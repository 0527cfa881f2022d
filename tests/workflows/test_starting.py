"""Where the suite starts: no strategy without a parent, the nearest first, the same list every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.types import Judgement, Split, StoredSnippet, Verdict
from holdfast.workflows.attack import parents
from holdfast.workflows.starting import parents_by_strategy
from holdfast.workflows.workspace import RARE, Workspace
from tests.workflows.test_fanout import opened

ALL = 10**6


def strategies(workspace: Workspace, snippets: tuple[StoredSnippet, ...]) -> list[str]:
    """Of each, as annotated."""
    said = {e.snippet.id: e.strategy for e in workspace.examples(list(snippets))}
    return [said[s.id] for s in snippets]


def margins(workspace: Workspace, snippets: list[StoredSnippet]) -> list[float]:
    threshold = workspace.target("baseline").threshold.value
    return [z - threshold for z in workspace.classifier("baseline").score([s.snippet for s in snippets])]


def test_every_strategy_has_parents_and_the_nearest_comes_first(workspace: Path) -> None:
    here = opened(workspace)
    before = {s.id for s in here.texts(Split.TEST)}
    start = parents_by_strategy(here, "baseline", ALL)
    named = strategies(here, start.parents)
    known = here.catastrophe.strategies
    drawn = {e.strategy for e in here.examples(here.store.snippets(group="parents-test"))}
    assert len(drawn) < len(known)
    # Rare ones are drawn for it: the first turn holds each strategy once.
    assert set(named[: len(known)]) == set(known)
    assert {s.group for s in start.parents} == {"parents-test", RARE}
    assert all(s.split is Split.TEST for s in start.parents)
    assert len({s.id for s in start.parents}) == len(start.parents) == len(start.pool) == start.queries
    for name in known[::9]:
        own = [s for s, n in zip(start.parents, named, strict=True) if n == name]
        rejected = [m for m in margins(here, own) if m >= 0]
        if rejected:
            # Beside other texts a logit differs in its last bits.
            assert margins(here, own[:1]) == pytest.approx([min(rejected)], abs=1e-4)
    # Proposals for attacks are what they were, and a shorter list is the beginning of a longer one.
    assert {s.id for s in here.texts(Split.TEST)} == before
    again = parents_by_strategy(here, "baseline", 40)
    assert again.parents == start.parents[:40] and again.pool == start.pool


def test_without_strategies_the_nearest_and_plain_draws_alternate(workspace: Path) -> None:
    here = opened(workspace)
    pool = parents_by_strategy(here, "baseline", ALL).pool
    marks = here.store.annotations([s.id for s in pool])
    here.store.add_annotations(
        replace(marks[s.id][-1], judgement=Judgement(verdict=Verdict.CATASTROPHIC), at=None) for s in pool
    )
    plain = [s.id for s in parents(here, "measure", ALL, 0)]
    found = [s.id for s in parents_by_strategy(here, "baseline", ALL).parents]
    margin = dict(zip((s.id for s in pool), margins(here, list(pool)), strict=True))
    near = sorted((i for i in margin if margin[i] >= 0), key=margin.__getitem__)
    assert found[0] == near[0]
    assert found[1] == next(i for i in plain if i != near[0])
    assert found[2] == next(i for i in near if i not in found[:2])
