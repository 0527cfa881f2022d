"""The training pool: what of which round, how many twins, and a count of what is in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.errors import LeakageError
from holdfast.provenance import hash_text
from holdfast.types import Example, Source, Split, Verdict

__all__ = ["Composition", "Pool", "compose_pool", "composition"]

_WORST = (Verdict.SAFE, Verdict.UNSURE, Verdict.BORDERLINE, Verdict.CATASTROPHIC)
_FOUND = (Source.NATURAL, Source.TILTED, Source.IMPORTED, Source.TWIN, Source.ATTACK)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Counts of a set of examples, for the audit that every training run writes down."""

    total: int
    positives: int
    """Wide: anything but SAFE."""
    by_source: dict[str, int]
    by_round: dict[int, int]
    by_verdict: dict[str, int]
    by_strategy: dict[str, int]
    """Adversarial examples only."""
    families: int

    def __str__(self) -> str:
        sources = ", ".join(f"{count:,} {name}" for name, count in sorted(self.by_source.items()))
        return f"{self.total:,} examples ({sources}), {self.positives:,} not safe, {self.families:,} families"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What the trainer's sampler draws from, and what was left out."""

    examples: tuple[Example, ...]
    composition: Composition
    left_out: dict[str, int]
    """Reason -> how many: repeated texts, twins over the cap, earlier rounds not replayed."""


def composition(examples: Iterable[Example]) -> Composition:
    """Count what is in a set of examples."""
    rows = list(examples)
    return Composition(
        total=len(rows),
        positives=sum(row.verdict.wide for row in rows),
        by_source=dict(Counter(row.source.value for row in rows)),
        by_round=dict(Counter(row.round for row in rows)),
        by_verdict=dict(Counter(row.verdict.value for row in rows)),
        by_strategy=dict(
            Counter(row.strategy for row in rows if row.source is Source.ATTACK and row.strategy)
        ),
        families=len({row.family_id for row in rows}),
    )


def _one_each(examples: Sequence[Example]) -> list[Example]:
    """One example a text: the gravest verdict, then the more particular source, then the earliest round."""
    best: dict[str, Example] = {}
    for row in examples:
        rival = best.get(row.snippet.id)
        if rival is None or _rank(row) > _rank(rival):
            best[row.snippet.id] = row
    return list(best.values())


def _rank(row: Example) -> tuple[int, int, int]:
    return _WORST.index(row.verdict), _FOUND.index(row.source), -row.round


def _order(seed: int, row: Example) -> str:
    """A fixed shuffle: by a hash of the family, then of the text, so that families stay together."""
    return hash_text(f"{seed}\x1f{row.family_id}") + hash_text(f"{seed}\x1f{row.snippet.id}")


def _replayed(rows: list[Example], newest: int, replay: float, seed: int) -> list[Example]:
    """All attack examples of round `newest` and a share `replay` of those of each earlier round."""
    kept: list[Example] = []
    for number in sorted({row.round for row in rows}):
        of_round = sorted((row for row in rows if row.round == number), key=lambda row: _order(seed, row))
        share = 1.0 if number == newest else replay
        kept += of_round[: math.ceil(share * len(of_round))]
    return kept


def compose_pool(
    examples: Sequence[Example], *, twins: float = 3.0, replay: float = 1.0, seed: int = 0
) -> Pool:
    """The examples to train on: one a text, earlier rounds replayed, safe twins capped.

    `twins`: safe twins per adversarial example, at most; those whose family has an adversarial example
    come first.
    `replay`: share (0 to 1) of each earlier round's adversarial examples that is kept.
    Raises LeakageError if an example is not of the training split.
    """
    outside = next((row for row in examples if row.split is not Split.TRAIN), None)
    if outside is not None:
        raise LeakageError(
            f"{outside.snippet.id} is of the {outside.split} split", expected="training examples only"
        )
    if not 0 <= replay <= 1 or twins < 0:
        raise ValueError(f"replay {replay}, twins {twins}: expected 0 <= replay <= 1 and twins >= 0")
    unique = _one_each(examples)
    attacks = [row for row in unique if row.source is Source.ATTACK]
    safe_twins = [row for row in unique if row.source is Source.TWIN and row.verdict is Verdict.SAFE]
    taken = {row.snippet.id for row in [*attacks, *safe_twins]}
    others = [row for row in unique if row.snippet.id not in taken]
    kept = _replayed(attacks, max((row.round for row in attacks), default=0), replay, seed)
    adversarial = sum(row.verdict.wide for row in kept)
    families = {row.family_id for row in kept}
    ranked = sorted(safe_twins, key=lambda row: (row.family_id not in families, _order(seed, row)))
    kept_twins = ranked[: math.floor(twins * adversarial)]
    pool = tuple(sorted([*others, *kept, *kept_twins], key=lambda row: row.snippet.id))
    return Pool(
        examples=pool,
        composition=composition(pool),
        left_out={
            "repeated text": len(examples) - len(unique),
            "earlier rounds not replayed": len(attacks) - len(kept),
            "twins over the cap": len(safe_twins) - len(kept_twins),
        },
    )
