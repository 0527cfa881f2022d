"""`holdfast fidelity`: which saliency map and which prefilter to trust for a target."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["fidelity", "register"]


def fidelity(
    target: Annotated[str, typer.Argument(help="Classifier checkpoint; left out: the newest.")] = "",
    texts: Annotated[int, typer.Option(help="Held-out catastrophic snippets to ask about, 30 or more.")] = 40,
    words: Annotated[int, typer.Option(help="Words of each that the prefilters are tried on.")] = 8,
    proposals: Annotated[int, typer.Option(help="Substitutes of each of these words, at most.")] = 40,
) -> None:
    """Measure how well saliency maps and prefilters order a target's words: two tables with intervals."""
    run("fidelity", target=target, texts=texts, words=words, proposals=proposals)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fidelity)
