"""`holdfast train generator|classifier|annotator`."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.state import run

__all__ = ["annotator", "classifier", "generator", "register"]

train = typer.Typer(help="Train the generator, the classifier or a model annotator.", no_args_is_help=True)


@train.command()
def generator() -> None:
    """Train (or tune) the language model that proposes, on the training split's text."""
    run("train generator")


@train.command()
def classifier(
    name: Annotated[str, typer.Option(help="Name of the checkpoint; one that is there stays.")] = "baseline",
    after: Annotated[
        str, typer.Option("--from", help="Start from this checkpoint; left out: from the base.")
    ] = "",
) -> None:
    """Train the classifier on every labelled snippet of the training split."""
    run("train classifier", name=name, start=after)


@train.command()
def annotator(
    members: Annotated[int, typer.Option(help="Classifiers in the ensemble.", min=1)] = 3,
    name: Annotated[
        str, typer.Option(help="Folder to keep them in (annotator.path); another after new labels.")
    ] = "annotator",
) -> None:
    """Train a model annotator: an ensemble apart from the classifier under test, reported as such."""
    run("train annotator", members=members, name=name)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(train, name="train")
