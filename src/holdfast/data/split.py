"""Which split a family belongs to, and proof that nothing crosses.

A family is placed by a hash of its name alone, so that adding data later moves nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from holdfast.data.rows import ImportedRow
from holdfast.errors import LeakageError
from holdfast.types import Example, Snippet, Split, StoredSnippet

__all__ = [
    "LeakageReport",
    "Shares",
    "family_splits",
    "find_leakage",
    "split_of",
    "to_stored",
]


class _Placed(Protocol):
    """Anything with a snippet and a split."""

    @property
    def snippet(self) -> Snippet: ...
    @property
    def split(self) -> Split: ...


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Shares of families; what is left is TRAIN."""

    validation: float = 0.12
    test: float = 0.18

    def __post_init__(self) -> None:
        """Refuse shares that leave no training data."""
        if not (0 <= self.validation < 1 and 0 <= self.test < 1 and self.validation + self.test < 1):
            raise ValueError(
                f"shares {self.validation} and {self.test}: expected 0 <= share and a sum below 1"
            )


def split_of(family: str, shares: Shares) -> Split:
    """The split of a family: the first 64 bits of SHA-256(`split` + family) as a uniform number.

    Test takes the lowest numbers, validation the next: enlarging `test` only ever moves families into test.
    """
    digest = hashlib.sha256(b"split\x1f" + family.encode("utf-8", "surrogatepass")).digest()
    uniform = int.from_bytes(digest[:8], "big") / 2**64
    if uniform < shares.test:
        return Split.TEST
    return Split.VALIDATION if uniform < shares.test + shares.validation else Split.TRAIN


def _said(rows: Iterable[ImportedRow]) -> dict[str, tuple[Split, ImportedRow]]:
    """Family -> the split that the file names, and the first row to do so."""
    said: dict[str, tuple[Split, ImportedRow]] = {}
    for row in rows:
        if row.split is None:
            continue
        split, first = said.setdefault(row.family, (row.split, row))
        if split is not row.split:
            raise LeakageError(
                f"family {row.family!r} is {split} in line {first.line} "
                f"and {row.split} in line {row.line} of {row.file}",
                expected="one split a family",
                do="correct the split column, or name another family: --map COLUMN=family",
            )
    return said


def _held(
    rows: Iterable[ImportedRow], known: Mapping[str, Split], texts: Mapping[str, Split]
) -> dict[str, Split]:
    """Family -> the split that the workspace has it in, by the family's name or by a text of it."""
    held: dict[str, Split] = {}
    for row in rows:
        for split in (known.get(row.family), texts.get(row.id)):
            if split is not None and held.setdefault(row.family, split) is not split:
                raise LeakageError(
                    f"family {row.family!r} ({row.file}:{row.line}) has texts in the workspace's "
                    f"{held[row.family]} and {split} splits",
                    expected="one split a family",
                    do="name smaller families (--map COLUMN=family), or leave out what is there already",
                )
    return held


def family_splits(
    rows: Sequence[ImportedRow],
    shares: Shares,
    known: Mapping[str, Split] | None = None,
    texts: Mapping[str, Split] | None = None,
) -> dict[str, Split]:
    """Family -> split. What the file says wins, then what the workspace has, then the hash.

    `known`: the workspace's families; `texts`: its snippet ids. Raises LeakageError where the file gives a
    family two splits, or another than the workspace has.
    """
    said, held = _said(rows), _held(rows, known or {}, texts or {})
    placed: dict[str, Split] = {}
    for row in rows:
        family = row.family
        if family in placed:
            continue
        before = held.get(family)
        if family in said and before is not None and said[family][0] is not before:
            split, first = said[family]
            raise LeakageError(
                f"family {family!r} is {before} in the workspace and {split} in {first.file}:{first.line}",
                expected="one split a family",
                do="name another family (--map COLUMN=family), or ignore the file's split (--map split=)",
            )
        placed[family] = said[family][0] if family in said else before or split_of(family, shares)
    return placed


def to_stored(
    rows: Sequence[ImportedRow],
    shares: Shares,
    *,
    known: Mapping[str, Split] | None = None,
    texts: Mapping[str, Split] | None = None,
    group: str = "",
    round: int = 0,
) -> list[StoredSnippet]:
    """Rows as snippets of the workspace, in order. `group` empty: the file's name.

    `known` and `texts`: families and snippet ids that the workspace has, each with its split. A parent
    that is in neither the rows nor `texts` is left out. Raises LeakageError (see `family_splits`).
    """
    ids = {row.id for row in rows} | set(texts or {})
    placed = family_splits(rows, shares, known, texts)
    return [
        StoredSnippet(
            snippet=row.snippet,
            source=row.source,
            split=placed[row.family],
            family=row.family,
            parent_id=row.parent_ref if row.parent_ref in ids else None,
            round=row.round or round,
            group=group or row.file.rsplit("/", 1)[-1],
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class LeakageReport:
    """What crosses a split. Empty tuples: nothing found."""

    ids: tuple[str, ...] = ()
    """Snippets found in two splits."""
    families: tuple[str, ...] = ()
    """Families found in two splits."""
    near: tuple[tuple[str, str, float], ...] = ()
    """Pairs of snippet ids in two splits whose texts are near-duplicates, with their similarity."""
    prompts: int = 0
    """Prompts found in two splits, with different completions: told, but no leakage by themselves."""
    checked: int = 0
    """Snippets looked at."""

    @property
    def clean(self) -> bool:
        """True if nothing crosses."""
        return not (self.ids or self.families or self.near)

    def __str__(self) -> str:
        if self.clean:
            shared = f" ({self.prompts:,} prompts occur in two splits)" if self.prompts else ""
            return f"no leakage among {self.checked:,} snippets{shared}"
        return (
            f"{len(self.ids):,} texts, {len(self.families):,} families and {len(self.near):,} near-duplicate "
            f"pairs in two splits, among {self.checked:,} snippets"
        )


def _family(item: _Placed) -> str:
    if isinstance(item, Example):
        return item.family_id
    return str(getattr(item, "family", "")) or item.snippet.id


def find_leakage(items: Sequence[_Placed], *, near: float | None = None) -> LeakageReport:
    """Texts, families and (with `near`, a Jaccard similarity such as 0.8) near-duplicates in two splits.

    `items`: Examples, StoredSnippets, or anything with `snippet`, `split` and perhaps `family`.
    """
    splits: dict[str, set[Split]] = {}
    prompts: dict[str, set[Split]] = {}
    families: dict[str, set[Split]] = {}
    first: dict[str, _Placed] = {}
    for item in items:
        splits.setdefault(item.snippet.id, set()).add(item.split)
        families.setdefault(_family(item), set()).add(item.split)
        prompts.setdefault(item.snippet.prompt, set()).add(item.split)
        first.setdefault(item.snippet.id, item)
    pairs: list[tuple[str, str, float]] = []
    if near is not None:
        from holdfast.data.dedup import near_duplicates

        unique = list(first.values())
        found = near_duplicates([item.snippet.text for item in unique], threshold=near)
        pairs = [
            (unique[i].snippet.id, unique[j].snippet.id, similarity)
            for i, j, similarity in found
            if unique[i].split is not unique[j].split
        ]
    return LeakageReport(
        ids=tuple(sorted(id for id, found in splits.items() if len(found) > 1)),
        families=tuple(sorted(name for name, found in families.items() if len(found) > 1)),
        near=tuple(pairs),
        prompts=sum(len(found) > 1 for prompt, found in prompts.items() if prompt),
        checked=len(items),
    )
