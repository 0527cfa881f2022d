"""Edits of one text put together on a relative of it: every text on the way is screened and scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.attacks.search import Candidate, Search, State
from holdfast.edits.text import rebase
from holdfast.types import Edit

__all__ = ["carry", "combine"]


def carry(edit: Edit, start: State, end: State) -> Edit | None:
    """`edit` of `start`'s text as an edit of `end`'s, which descends from it; None where they touch."""
    moved: Edit | None = edit
    for state in end.path()[len(start.path()) :]:
        if moved is None or state.edit is None:
            return None
        moved = rebase(moved, state.edit)
    return moved


def combine(search: Search, lead: State, edits: Iterable[Edit], most: int, depth: int) -> list[State]:
    """One, two, ... up to `most` of `edits` (each of `lead`'s text) onto `lead`: the growing texts, scored.

    Left out are edits that touch one already made, and those that lead to a text seen before or refused by
    the screen. `depth`: net edits of one text, at most.
    """
    state, chain = lead, list[Candidate]()
    for edit in edits:
        if len(chain) >= min(most, search.meter.left) or len(state.net) >= depth:
            break
        moved = carry(edit, lead, state)
        if moved is None:
            continue
        fresh = search.fresh(state, moved)
        if fresh is None or not search.screened([fresh], 1):
            continue
        chain.append(fresh)
        state = State(fresh[2], lead.logit, origin=state, edit=moved, net=(*state.net, moved))
    return _score_chain(search, lead, chain)


def _score_chain(search: Search, lead: State, chain: Sequence[Candidate]) -> list[State]:
    """Score the growing texts at once; each then hangs on the scored one before it."""
    if not chain:
        return []
    known = {lead.snippet: lead}
    for state in search.score(chain):
        if state.origin is not None and state.origin.snippet in known:
            state.origin = known[state.origin.snippet]
            known[state.snippet] = state
    return list(known.values())[1:]
