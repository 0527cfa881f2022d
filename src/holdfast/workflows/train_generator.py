"""Train the language model that proposes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.assemble import set_threads
from holdfast.errors import InputError
from holdfast.types import CheckpointRef, Source, Split, StoredSnippet
from holdfast.workflows.estimate import announce_training
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

if TYPE_CHECKING:
    from holdfast.training.trainer import GeneratorTraining

__all__ = ["train_generator"]


def _text(workspace: Workspace) -> list[StoredSnippet]:
    """Natural and imported training text: no attack, no twin, nothing a generator wrote, nothing tilted."""
    kept = (Source.NATURAL, Source.IMPORTED)
    stored = [s for s in workspace.texts(Split.TRAIN) if s.source in kept and s.group != "generated"]
    if not stored:
        raise InputError("there is no training text", do="`holdfast sample` or `holdfast import` first")
    return stored


def _settings(workspace: Workspace) -> GeneratorTraining:
    from holdfast.training.trainer import GeneratorTraining

    config, seed = workspace.config, workspace.seed("train generator")
    return GeneratorTraining(
        model=config.generator,
        seed=seed,
        arithmetic=config.arithmetic,
        save_every=config.train.save_every,
        processes=config.processes,
    )


def _train(workspace: Workspace, stored: list[StoredSnippet]) -> CheckpointRef:
    from holdfast.models.generator import HFGenerator, new_generator
    from holdfast.models.tokenizer import train_tokenizer
    from holdfast.training.trainer import train_generator as train

    config = workspace.config
    set_threads(config)
    settings = _settings(workspace)

    def model() -> HFGenerator:
        size = config.generator
        made = (
            train_tokenizer((s.snippet.text for s in stored), size.vocabulary, size.max_length)
            if size.base == "scratch"
            else None
        )
        generator = new_generator(size, tokenizer=made, device=config.device, seed=settings.seed)
        announce_training(workspace, "generator", generator, text, size=size, steps=size.steps)
        return generator

    text = [s.snippet for s in stored]
    result = train(
        text,
        model=model,
        settings=settings,
        out=workspace.folder("generator"),
        progress=workspace.reporter.step("train generator"),
    )
    ref = replace(result.checkpoint, name="generator", path="checkpoints/generator", run_id=workspace.run_id)
    workspace.store.add_checkpoint(ref)
    return ref


def train_generator(workspace: Workspace) -> Outcome:
    """Train or tune the generator on natural and imported training text, after an audit of that text.

    One that is there already stays as it is, and is told: classifiers and figures rest on it.
    """
    from holdfast.training.audit import audit
    from holdfast.training.trainer import generator_fingerprint, trained_alike

    stored = _text(workspace)
    composition = audit([s.snippet for s in stored], sources=[s.family for s in stored])
    for warning in composition.warnings:
        workspace.reporter.say(f"warning: {warning}")
    known = {r.name: r for r in workspace.store.checkpoints("generator")}
    there = known.get("generator")
    ref = there or _train(workspace, stored)
    text = f"generator: {ref.path}, {'already ' if there else ''}trained on {len(stored):,} snippets"
    if there:
        today = generator_fingerprint([s.snippet for s in stored], _settings(workspace))
        if not trained_alike(workspace.folder("generator"), today):
            text = (
                "generator is there already, trained on other text or settings; nothing was trained now "
                "(a workspace keeps its generator: `holdfast new` makes a workspace for another)"
            )
    return Outcome(
        result={
            "checkpoint": ref.path,
            "sha256": ref.sha256,
            "trained": there is None,
            "audit": composition.to_dict(),
        },
        text=f"{text}\nnext  holdfast train classifier",
        outputs={"generator": ref.sha256},
    )
