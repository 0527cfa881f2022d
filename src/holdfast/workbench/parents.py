"""What attacks may start from: offered texts, one's own finds, a text of one's own."""

from __future__ import annotations

import hashlib
import hmac

from holdfast.errors import UnknownNameError
from holdfast.gather import verdicts
from holdfast.types import Snippet, Split, StoredSnippet, Verdict
from holdfast.types.bench import Find
from holdfast.workbench.paging import part
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import attack as wire

__all__ = ["STRATEGIES", "chosen_parent", "options", "own_finds", "parents", "refuse_held_out"]

STRATEGIES = [
    "metaphor", "euphemism", "implied", "needs the prompt", "off-stage", "unusual words", "odd writing",
    "misspelling", "calm prompt", "misdirection", "technical", "other",
]  # fmt: skip
"""Tags that are offered; others may be written."""
LONGEST = 20_000
_INSPIRATION = 20


def options(site: Site, visitor: Visitor) -> wire.AttackOptions:
    """What a session may be started with."""
    confirmed: list[wire.ParentChoice] = []
    if site.settings.inspiration:
        found = site.attacking.finds(limit=10 * _INSPIRATION)
        said = verdicts(site.store, [one.snippet.id for one in found])
        good = [one for one in found if said[one.snippet.id] is Verdict.CATASTROPHIC]
        confirmed = [_choice(one.snippet, "own_find") for one in good[:_INSPIRATION]]
    return wire.AttackOptions(
        live=bool(site.live.names()),
        parents=len(site.live.parents()),
        strategies=STRATEGIES,
        longest=LONGEST,
        inspiration=confirmed,
    )


def parents(site: Site, visitor: Visitor, offset: int, limit: int) -> wire.ParentPage:
    """One's own finds first, then what is offered, in an order of this worker's own."""
    own = {find.snippet.id: _choice(find.snippet, "own_find") for find in own_finds(site, visitor)}
    offered = {one.id: _choice(one.snippet, "offered") for one in _offered(site, visitor.worker)}
    everything = list({**own, **{k: v for k, v in offered.items() if k not in own}}.values())
    shown = list(part(everything, offset, limit))
    return wire.ParentPage(parents=shown, total=len(everything), offset=max(0, offset))


def _choice(snippet: Snippet, kind: str) -> wire.ParentChoice:
    return wire.ParentChoice.model_validate(
        {"id": snippet.id, "prompt": snippet.prompt, "completion": snippet.completion, "kind": kind}
    )


def own_finds(site: Site, visitor: Visitor) -> list[Find]:
    return site.attacking.finds(worker=visitor.worker, limit=100)


def _offered(site: Site, worker: str) -> list[StoredSnippet]:
    """Offered texts in an order drawn for this worker, so that not everybody begins with the same one."""

    def place(one: StoredSnippet) -> bytes:
        return hmac.new(site.secret, f"{worker}\x1f{one.id}".encode(), hashlib.sha256).digest()

    return sorted(site.live.parents(), key=place)


def chosen_parent(site: Site, visitor: Visitor, choice: wire.OwnText | wire.OfferedParent) -> Snippet:
    """The text to start from. Raises where it is not for training: test texts are never attacked by hand."""
    if isinstance(choice, wire.OwnText):
        snippet = Snippet(prompt=choice.prompt, completion=choice.completion)
        refuse_held_out(site, snippet)
        return snippet
    offered = {one.id: one.snippet for one in _offered(site, visitor.worker)}
    if choice.id is not None:
        own = {find.snippet.id: find.snippet for find in own_finds(site, visitor)}
        found = own.get(choice.id) or offered.get(choice.id)
        if found is None:
            raise UnknownNameError("no such text to start from", do="choose one of those offered")
        return found
    if not offered:
        raise UnknownNameError("no text is offered to start from", do="write one of your own")
    done = {work.session.result.parent.id for work in site.attacking.works(worker=visitor.worker)}
    fresh = [snippet for id, snippet in offered.items() if id not in done]
    return fresh[0] if fresh else next(iter(offered.values()))


def refuse_held_out(site: Site, snippet: Snippet) -> None:
    stored = site.store.snippets(ids=[snippet.id])
    if stored and stored[0].split is not Split.TRAIN:
        raise Refused(409, "conflict", "this text is kept for measuring", do="start from another text")
