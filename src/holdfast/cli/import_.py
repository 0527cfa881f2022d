"""`holdfast import`: snippets, labels, attacks and books from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["import_", "register"]


def import_(
    file: Annotated[Path, typer.Argument(help="A .txt book, or .jsonl, .csv, .tsv (also .gz).")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="THEIRS=OURS column names, e.g. text=completion; THEIRS= drops one. Repeatable."
        ),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Keep only rows with COLUMN=VALUE, e.g. kind=attack. Repeatable.")
    ] = None,
    annotator: Annotated[str, typer.Option(help="Name stored with labels whose file names nobody.")] = "",
    positive: Annotated[str, typer.Option(help="The label value that means CATASTROPHIC.")] = "",
    split: Annotated[str, typer.Option(help="Put all rows in train, validation or test.")] = "",
    sample: Annotated[
        int, typer.Option(help="Keep this many rows a split, chosen by hash; 0: all.", min=0)
    ] = 0,
    as_: Annotated[
        str, typer.Option("--as", help="snippets (default) or attacks: rows with a parent become sessions.")
    ] = "snippets",
    natural: Annotated[
        bool,
        typer.Option("--natural", help="Ordinary text as it comes: thresholds and rates may rest on it."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="The labels were checked; do not stop at suspicious ones.")
    ] = False,
) -> None:
    """Bring snippets, labels, attacks or a book into the workspace."""
    run(
        "import",
        file=str(file.resolve()),
        columns=list(map_ or []),
        where=list(where or []),
        annotator=annotator,
        positive=positive,
        split=split,
        sample=sample,
        kind=as_,
        natural=natural,
        yes=yes,
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)
