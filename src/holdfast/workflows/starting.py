"""Where the suite starts: every strategy has its turn, and where an attacker would look first comes first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from holdfast.types import StoredSnippet
from holdfast.workflows.attack import parent_pool
from holdfast.workflows.sample import draw_rare
from holdfast.workflows.workspace import RARE, Workspace

__all__ = ["Start", "parents_by_strategy"]

MOST = 4000
"""Snippets among which the nearest ones are looked for."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Parents, and what choosing them cost."""

    parents: tuple[StoredSnippet, ...]
    pool: tuple[StoredSnippet, ...]
    """What they were chosen from: the same for every target."""
    queries: int
    """Exact scores that it took to find those nearest to the threshold."""


def parents_by_strategy(workspace: Workspace, target: str, n: int) -> Start:
    """`n` held-out catastrophic snippets: strategies take turns, so that a rare one has its parents too.

    Drawn by weight, parents are mostly of a few strategies, and a search seldom leaves its parent's. Within a
    strategy two orders alternate: the rejected ones nearest to the threshold of `target` (where attackers
    who may score would begin), and chance, severities in turn. Strategies are those that annotations name;
    snippets without one are a strategy of their own. Of those with few parents more are drawn from the
    corpus's strata, where there are some. More parents go on from the same list.
    """
    from holdfast.data.turns import in_turns

    pool = parent_pool(workspace, "measure")
    draw_rare(workspace)
    there = {s.id for s in pool}
    pool += [s for s in workspace.store.snippets(group=RARE) if s.id not in there]
    said = {e.snippet.id: (e.strategy, e.severity) for e in workspace.examples(pool)}
    kind = {s.id: said.get(s.id, ("", 0)) for s in pool}
    # By their own seed, not by who comes first among the draws: that would put the common ones first.
    place = {name: workspace.seed("parents", "strategy", name) for name, _ in kind.values()}
    pool.sort(key=lambda s: place[kind[s.id][0]])
    groups: dict[str, list[StoredSnippet]] = {}
    for s in in_turns(pool, lambda s: kind[s.id]):
        groups.setdefault(kind[s.id][0], []).append(s)
    margins = _margins(workspace, target, in_turns(pool, lambda s: kind[s.id][0])[:MOST])
    chosen = [s for members in groups.values() for s in _alternating(members, margins)]
    parents = in_turns(chosen, lambda s: kind[s.id][0])[:n]
    return Start(parents=tuple(parents), pool=tuple(pool), queries=len(margins))


def _margins(workspace: Workspace, target: str, snippets: list[StoredSnippet]) -> dict[str, float | None]:
    """By snippet id: logit minus threshold; None where the target cannot score the text."""
    from holdfast.filtering.scoring import score_each

    threshold = workspace.target(target).threshold.value
    scored = score_each(workspace.classifier(target), [s.snippet for s in snippets])
    return {
        s.id: None if one.logit is None else one.logit - threshold
        for s, one in zip(snippets, scored, strict=True)
    }


def _alternating(members: list[StoredSnippet], margins: dict[str, float | None]) -> list[StoredSnippet]:
    """The nearest rejected one, the first of `members`, the next nearest, the second, and so on."""
    known = [(margin, i) for i, s in enumerate(members) if (margin := margins.get(s.id)) is not None]
    near = [members[i] for margin, i in sorted(known) if margin >= 0]
    found: dict[str, StoredSnippet] = {}
    for pair in zip_longest(near, members):
        for s in pair:
            if s is not None:
                found.setdefault(s.id, s)
    return list(found.values())
