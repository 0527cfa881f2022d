"""Settings of a method: a frozen dataclass made from the keywords of a config section."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from holdfast.errors import ConfigError, closest

__all__ = ["make_settings"]

T = TypeVar("T")


def make_settings(kind: type[T], given: dict[str, Any]) -> T:
    """A settings value from keyword arguments; lists become tuples. Raises ConfigError for an unknown one."""
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            raise ConfigError(f"unknown attack setting {name!r}", expected=closest(name, known))
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
