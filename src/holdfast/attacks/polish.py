"""Undo what an accepted text does not need: people get minimal candidates."""

from __future__ import annotations

from holdfast.attacks.search import Candidate, Search
from holdfast.edits.text import apply, drop
from holdfast.types import Edit, Snippet

__all__ = ["undo_needless"]


def undo_needless(search: Search, limit: int) -> None:
    """Undo edits of the best text, one after another, while it stays accepted (and plausible).

    At most `limit` queries of the search's own budget; among texts of equally many edits the lowest logit is
    taken. Undone edits stay in the log as steps.
    """
    current = search.best
    left = min(limit, search.meter.left)
    while len(current.net) > 1 and left > 0:
        shorter: dict[Snippet, tuple[Edit, ...]] = {}
        candidates: list[Candidate] = []
        for index in range(len(current.net)):
            dropped = drop(current.net, index)
            if dropped is None:
                continue
            kept, undo = dropped
            snippet = apply(current.snippet, undo)
            if snippet not in shorter and snippet != search.parent:
                shorter[snippet] = tuple(kept)
                candidates.append((current, undo, snippet))
        before = search.meter.spent
        states = search.score(search.screened(candidates, min(left, len(candidates))))
        # Cached texts are free, yet a round counts, so that the loop ends.
        left -= max(1, search.meter.spent - before)
        for state in states:
            state.net = shorter[state.snippet]
        accepted = [state for state in states if state.logit < search.threshold]
        if not accepted:
            break
        current = min(accepted, key=lambda state: state.rank)
    search.best = current
