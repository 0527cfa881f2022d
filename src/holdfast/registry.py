"""Three registries: catastrophes, attacks, models. Built-ins enter by the same door as others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from holdfast.errors import UnknownNameError, closest

__all__ = ["GROUPS", "Registry", "attacks", "catastrophes", "models"]

GROUPS = ("catastrophes", "attacks", "models")


@dataclass(frozen=True)
class Registry:
    """Names of one kind, found through the entry-point group `holdfast.<kind>` and loaded on demand."""

    kind: str

    def entries(self) -> dict[str, EntryPoint]:
        """Name -> entry point. Raises UnknownNameError if two packages claim one name."""
        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=f"holdfast.{self.kind}"):
            if entry.name in found and found[entry.name].value != entry.value:
                raise UnknownNameError(
                    f"two packages register the {self.kind[:-1]} {entry.name!r}: "
                    f"{found[entry.name].value} and {entry.value}",
                    expected="one package a name",
                    do="uninstall one of them",
                )
            found[entry.name] = entry
        return found

    def names(self) -> list[str]:
        """Registered names, sorted."""
        return sorted(self.entries())

    def load(self, name: str) -> Any:
        """The registered object. Raises UnknownNameError with the closest match."""
        entries = self.entries()
        if name not in entries:
            raise UnknownNameError(
                f"no {self.kind[:-1]} named {name!r} is installed",
                expected=closest(name, list(entries)),
                do=f"see `holdfast list {self.kind}`",
            )
        return entries[name].load()


@cache
def _registry(kind: str) -> Registry:
    return Registry(kind)


def catastrophes() -> Registry:
    """Entry-point group `holdfast.catastrophes`: a callable `(preset: str) -> Catastrophe`."""
    return _registry("catastrophes")


def attacks() -> Registry:
    """Entry-point group `holdfast.attacks`: a class built with `(proposer=..., **settings)`."""
    return _registry("attacks")


def models() -> Registry:
    """Entry-point group `holdfast.models`: loaders from a saved folder."""
    return _registry("models")
