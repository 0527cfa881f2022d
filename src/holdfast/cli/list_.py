"""`holdfast list`: what is installed."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import emit

__all__ = ["list_", "register"]


def list_(kind: Annotated[str, typer.Argument(help="catastrophes, attacks or models.")]) -> None:
    """Registered catastrophes, attacks or models, and where they come from."""
    from holdfast.registry import GROUPS

    if kind not in GROUPS:
        raise typer.BadParameter(f"{kind!r}; expected {', '.join(GROUPS)}", param_hint="KIND")
    from holdfast.workflows.list_ import list_registered

    emit(list_registered(kind))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list")(list_)
