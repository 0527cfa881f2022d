"""What can be done at one place of a text: substitutes, insertions, deletions and rewritten spans.

Everything is a span replacement on the text, by whole words: whatever a tokeniser makes of them, blanks and
capitals are as a writer would put them. Which edits are worth a query is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from holdfast.edits.text import apply, deletion, side_text
from holdfast.edits.words import BLANKS, Word, gaps, words
from holdfast.errors import InputError
from holdfast.protocols import Proposer
from holdfast.types import Edit, EditRequest, Snippet

__all__ = ["Proposal", "propose_at"]

Order = Callable[[list[Edit]], list[Edit]]
"""Puts substitutes in the order in which they deserve to be combined."""

_SHARES = {"delete": 0, "substitute": 6, "insert": 2, "span": 2}
"""How the proposals are shared out (there is one deletion)."""
_FITTING = (("insert",), ("delete", "substitute", "insert", "span"), ("delete", "insert", "span"))
"""What can be done where no word, one or several are selected; in the order of a menu."""
_PAIRED = 4
"""Substitutes of each of two neighbours that are combined with one another."""


@dataclass(frozen=True)
class Proposal:
    """An edit, and what first order can say of it."""

    edit: Edit
    place: tuple[str, int, int]
    """(side, start, stop) that a new word was asked for: what proposals of one list have in common."""
    parts: tuple[Edit, ...] = ()
    """Edits of single words that it consists of; none: first order does not reach it."""
    worded: bool = False
    """True if it puts exactly one new word in its place."""


class _Place:
    """One selection of one side."""

    def __init__(
        self, snippet: Snippet, side: str, span: tuple[int, int], proposer: Proposer, request: EditRequest
    ) -> None:
        self.snippet, self.side, self.proposer, self.request = snippet, side, proposer, request
        self.text = side_text(snippet, side)
        self.split = words(self.text)
        start, stop = span
        if not 0 <= start <= stop <= len(self.text):
            raise InputError(
                f"{side}[{start}:{stop}]", expected=f"a place within {len(self.text)} characters"
            )
        # A part of a word means the word, a caret inside one too; a caret at its edge is an insertion.
        self.chosen = [w for w in self.split if w.start < stop and w.stop > start]
        if self.chosen:
            start, stop = self.chosen[0].start, self.chosen[-1].stop
        self.start, self.stop = start, stop
        size = min(len(self.chosen), 2)
        self.operations = [o for o in _FITTING[size] if o in request.operations]
        total = sum(_SHARES[o] for o in self.operations)
        self.quota = {o: -(-request.propose * _SHARES[o] // max(total, 1)) for o in self.operations}

    def _ask(self, start: int, stop: int, n: int) -> list[Edit]:
        return self.proposer.propose(self.snippet, self.side, start, stop, n, seed=0)

    def substitutes(self) -> list[Proposal]:
        """Other words for the one that is selected."""
        return [
            Proposal(edit, (self.side, self.start, self.stop), (edit,), worded=True)
            for edit in self._ask(self.start, self.stop, self.quota["substitute"])
            if edit.operation == "substitute"
        ]

    def insertions(self) -> list[Proposal]:
        """New words before and after the selection; at a caret, there."""
        points = gaps(self.text, self.split)
        if self.chosen:
            at = [self.start, *[p for p in points if p >= self.stop][:1]]
        else:
            at = [p for p in points if self.start <= p <= self.stop]
        found: list[Proposal] = []
        for point in at:
            edits = self._ask(point, point, -(-self.quota["insert"] // len(at)))
            found += [Proposal(e, (self.side, point, point), worded=True) for e in edits]
        return found

    def deletions(self) -> list[Proposal]:
        """The selection left out."""
        return self._left_out(self.start, self.stop) if self._joined(self.chosen) else []

    def _left_out(self, start: int, stop: int) -> list[Proposal]:
        edit = deletion(self.text, self.side, (start, stop), "delete")
        return [Proposal(edit, (self.side, start, stop))] if edit is not None else []

    def _joined(self, run: Sequence[Word]) -> bool:
        """True if nothing but blanks of one line lies between the words: no punctuation or break is lost."""
        between = [self.text[a.stop : b.start] for a, b in zip(run, run[1:], strict=False)]
        return all(gap and not gap.strip(BLANKS) and not set("\r\n") & set(gap) for gap in between)

    def spans(self, order: Order) -> list[Proposal]:
        """Several words at once: left out, replaced by one, or each of two by another.

        Of a single word, the runs of up to `longest` words that hold it; else the selection itself.
        """
        runs = self._runs()
        if not runs:
            return []
        each = -(-self.quota["span"] // len(runs))
        found: list[Proposal] = []
        for run in runs:
            start, stop = run[0].start, run[-1].stop
            if len(self.chosen) == 1:
                found += self._left_out(start, stop)
            found += [
                Proposal(replace(e, operation="span"), (self.side, start, stop), worded=True)
                for e in self._ask(start, stop, each)
                if e.operation == "substitute"
            ]
            if len(run) == 2:
                found += self._pairs(run, order)
        return found

    def _runs(self) -> list[list[Word]]:
        if len(self.chosen) > 1:
            return [self.chosen] if self._joined(self.chosen) else []
        at = self.split.index(self.chosen[0])
        runs = [
            self.split[begin : begin + size]
            for size in range(2, self.request.longest + 1)
            for begin in range(max(0, at - size + 1), min(at, len(self.split) - size) + 1)
        ]
        return [r for r in runs if self._joined(r)]

    def _pairs(self, run: Sequence[Word], order: Order) -> list[Proposal]:
        lists = [
            order([e for e in self._ask(w.start, w.stop, 4 * _PAIRED) if e.operation == "substitute"])
            for w in run
        ]
        place = (self.side, run[0].start, run[-1].stop)
        made = [(first, second) for first in lists[0][:_PAIRED] for second in lists[1][:_PAIRED]]
        return [
            Proposal(self._fuse(first, second), place, (first, second))
            for first, second in made
            if first.stop <= second.start
        ]

    def _fuse(self, first: Edit, second: Edit) -> Edit:
        """Two edits of one text, `first` the left one, as a single edit."""
        return replace(
            first,
            stop=second.stop,
            old=self.text[first.start : second.stop],
            new=first.new + self.text[first.stop : second.start] + second.new,
            operation="span",
            source=f"{first.source}+{second.source}",
        )


def _in_turn(lists: Sequence[list[Proposal]]) -> Iterator[Proposal]:
    for row in zip_longest(*lists):
        yield from (proposal for proposal in row if proposal is not None)


def propose_at(
    snippet: Snippet,
    place: tuple[str, int, int],
    proposer: Proposer,
    request: EditRequest,
    order: Order = lambda edits: edits,
) -> list[Proposal]:
    """Up to `request.propose` edits at `place`, (side, start, stop), the kinds in turn; distinct as texts.

    A part of a word means the word; a caret (start == stop) between words, insertions there; punctuation,
    insertions next to it. Raises InputError for a place outside the text.
    """
    side, start, stop = place
    here = _Place(snippet, side, (start, stop), proposer, request)
    makers: dict[str, Callable[[], list[Proposal]]] = {
        "delete": here.deletions,
        "substitute": here.substitutes,
        "insert": here.insertions,
        "span": lambda: here.spans(order),
    }
    lists = [makers[operation]() for operation in here.operations]
    found: dict[Snippet, Proposal] = {}
    for proposal in _in_turn(lists):
        if len(found) >= request.propose:
            break
        after = apply(snippet, proposal.edit)
        if after != snippet:
            found.setdefault(after, proposal)
    return list(found.values())
