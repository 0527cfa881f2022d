"""Random plausible edits: the baseline every method has to beat, and a method to hold out."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.attacks.positions import places
from holdfast.attacks.rewriting import Rewriting
from holdfast.attacks.search import Search
from holdfast.types import Edit, Snippet

__all__ = ["RandomRewriting", "RandomSettings"]


@dataclass(frozen=True, kw_only=True)
class RandomSettings:
    """What is drawn."""

    sides: tuple[str, ...] = ("prompt", "completion")
    """What may be edited."""
    edits: int = 3
    """Edits on one text, at most; each text has 1 to `edits`, uniformly."""
    level: int = 24
    """Texts scored at once."""


class RandomRewriting(Rewriting[RandomSettings]):
    """Scores texts a few random edits away, without looking at any score. Registered as `random`."""

    name = "random@1"
    kind = RandomSettings

    def attack(self, search: Search) -> None:
        """Texts of one to a few random edits, until one is accepted."""
        settings, idle = self.settings, 0
        while search.meter.left > 0 and not search.accepted and idle < 3:
            before = search.meter.spent
            layer = [search.root] * settings.level
            for depth in range(settings.edits):
                going_on = (settings.edits - depth) / (settings.edits - depth + 1)
                layer = [s for s in layer if depth == 0 or search.rng.random() < going_on]
                found = [search.fresh(s, e) for s in layer for e in self._edit(search, s.snippet)]
                texts = {c[2]: c for c in found if c is not None}
                layer = search.score(search.screened(texts.values(), min(len(texts), search.meter.left)))
                if search.accepted:
                    break
            idle = idle + 1 if search.meter.spent == before else 0

    def _edit(self, search: Search, snippet: Snippet) -> list[Edit]:
        """One random edit, or none."""
        found = places(snippet, self.settings.sides)
        place = found[search.rng.randrange(len(found))] if found else None
        if place is None:
            return []
        edits = self.proposer.propose(
            snippet, place.side, place.start, place.stop, 8, search.rng.getrandbits(62)
        )
        return [edits[search.rng.randrange(len(edits))]] if edits else []
