"""What methods that rewrite one parent share: a proposer, a screen, settings, one search a parent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.search import Plausible, Search
from holdfast.attacks.settings import make_settings
from holdfast.protocols import Proposer, Scorer
from holdfast.types import AttackBudget, AttackResult, Hole, Snippet

__all__ = ["Rewriting"]

S = TypeVar("S")


class Rewriting(ABC, Generic[S]):
    """An `Attack` by edits: a method says in `attack` how it spends the queries of one search."""

    name: ClassVar[str]
    """Registered name and version."""
    holes: tuple[Hole, ...] = ("word", "bigram", "length", "position", "prompt")
    kind: type[S]
    """Its settings."""

    def __init__(self, *, proposer: Proposer, plausible: Plausible | None = None, **settings: object) -> None:
        """`plausible` screens texts before they are scored; `settings` are the fields of `kind`.

        Raises ConfigError for an unknown setting.
        """
        self.proposer = proposer
        self.plausible = plausible
        self.settings = make_settings(self.kind, settings)
        self.vectors: WordVectors | None = None
        """The target's word vectors, kept from search to search."""

    def run(
        self, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
    ) -> AttackResult:
        """Attack one parent; see `protocols.Attack`."""
        search = Search(self.name, target, threshold, budget, parent=parent, seed=seed)
        search.plausible = self.plausible
        if search.scoreable and not search.accepted:
            self.attack(search)
        return search.result()

    @abstractmethod
    def attack(self, search: Search) -> None:
        """Spend the queries of a search whose parent is rejected; what it finds stays in `search`."""
