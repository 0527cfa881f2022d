"""Undo what a search need not have done: the fewest edits that keep a text accepted."""

from __future__ import annotations

from holdfast.attacks.search import Candidate, Search, State
from holdfast.edits.text import apply, drop
from holdfast.types import Edit, Snippet

__all__ = ["polish", "undone"]


def undone(search: Search, state: State) -> list[tuple[Candidate, tuple[Edit, ...]]]:
    """The distinct texts that lack one edit of `state`, each with the net edits left.

    The parent itself is left out, and so is an edit that a later one builds on.
    """
    found: dict[Snippet, tuple[Candidate, tuple[Edit, ...]]] = {}
    for index in range(len(state.net)):
        dropped = drop(state.net, index)
        if dropped is None:
            continue
        net, undo = dropped
        snippet = apply(state.snippet, undo)
        if snippet not in found and snippet != search.parent:
            found[snippet] = (state, undo, snippet), tuple(net)
    return list(found.values())


def polish(search: Search, queries: int) -> None:
    """Undo edits of the best text while it stays accepted (and plausible): fewest edits win, then the logit.

    Spends `queries` at most; `search.best` is the result.
    """
    left = min(queries, search.meter.left)
    current = search.best
    while len(current.net) > 1 and left > 0:
        shorter = undone(search, current)
        nets = {candidate[2]: net for candidate, net in shorter}
        candidates = search.screened([candidate for candidate, _ in shorter], min(left, len(shorter)))
        before = search.meter.spent
        states = search.score(candidates)
        left -= max(1, search.meter.spent - before)
        for state in states:
            state.net = nets[state.snippet]
        accepted = [s for s in states if s.logit < search.threshold]
        if not accepted:
            break
        current = min(accepted, key=lambda s: s.rank)
    search.best = current
