"""Train the classifier on every labelled snippet of the training split."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from holdfast.assemble import set_threads
from holdfast.errors import InputError
from holdfast.types import CheckpointRef, Example, Source, Split, Verdict
from holdfast.workflows.estimate import announce_training
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["train_classifier", "train_named", "training_examples", "validation_examples"]

PARENTS = "parents-train"
EDITED = (Source.ATTACK, Source.TWIN)


def training_examples(workspace: Workspace) -> list[Example]:
    """Labelled training snippets: natural, tilted, imported, every round's attack examples, safe twins.

    An edited text that a program cannot judge is no example of anything and is left out; so are the texts
    drawn for attacks to start from.
    """
    from holdfast.data.mixing import compose_pool

    stored = [s for s in workspace.store.snippets(split=Split.TRAIN) if s.group != PARENTS]
    known = [
        e for e in workspace.examples(stored) if not (e.source in EDITED and e.verdict is Verdict.UNSURE)
    ]
    pool = compose_pool(known, twins=workspace.config.round.twins, seed=workspace.seed("pool"))
    if not pool.examples:
        raise InputError(
            "no labelled training snippet", do="`holdfast annotate`, or `holdfast import` labels first"
        )
    return list(pool.examples)


def validation_examples(workspace: Workspace) -> list[Example]:
    """Labelled validation snippets that no attack made."""
    return workspace.examples(workspace.texts(Split.VALIDATION))


def train_named(
    workspace: Workspace,
    name: str,
    *,
    start: str = "",
    steps: int = 0,
    labelled: list[Example] | None = None,
) -> CheckpointRef:
    """The classifier checkpoint `name`: found if it is there, else trained (or trained further) and stored.

    start: checkpoint to start from; empty: the configured base. labelled: `training_examples`, where they
    were read already. Killed half-way, it goes on where it was.
    """
    from holdfast.models.classifier import HFClassifier, load_classifier, new_classifier
    from holdfast.training.trainer import ClassifierTraining
    from holdfast.training.trainer import train_classifier as train

    for ref in workspace.store.checkpoints("classifier"):
        if ref.name == name:
            return ref
    config = workspace.config
    set_threads(config)
    seed = workspace.seed("train classifier", name)

    def model() -> HFClassifier:
        if start:
            known = workspace.store.checkpoint(start)
            made = load_classifier(workspace.root / known.path, ref=known, device=config.device)
        else:
            generator = workspace.folder("generator")
            made = new_classifier(
                config.classifier,
                generator=generator if generator.is_dir() else None,
                tokenizer=workspace.tokenizer() if config.classifier.base == "scratch" else None,
                device=config.device,
                seed=seed,
            )
        announce_training(
            workspace,
            name,
            made,
            [e.snippet for e in examples],
            size=config.classifier,
            steps=steps or config.train.steps,
        )
        return made

    examples = training_examples(workspace) if labelled is None else labelled
    result = train(
        examples,
        validation_examples(workspace),
        model=model,
        settings=ClassifierTraining.of(config, seed=seed, steps=steps, warm=bool(start)),
        out=workspace.folder(name),
        progress=workspace.reporter.step(f"train {name}"),
    )
    ref = replace(result.checkpoint, name=name, path=f"checkpoints/{name}", run_id=workspace.run_id)
    workspace.store.add_checkpoint(ref)
    return ref


def _trained_on(workspace: Workspace, examples: list[Example], name: str, steps: int, warm: bool) -> bool:
    """Whether the stored checkpoint `name` was trained on `examples` with today's settings."""
    from holdfast.training.trainer import ClassifierTraining, classifier_fingerprint, trained_alike

    seed = workspace.seed("train classifier", name)
    settings = ClassifierTraining.of(workspace.config, seed=seed, steps=steps, warm=warm)
    today = classifier_fingerprint(examples, validation_examples(workspace), settings)
    return trained_alike(workspace.folder(name), today)


def train_classifier(workspace: Workspace, *, name: str = "baseline", start: str = "") -> Outcome:
    """Train `name` on everything labelled so far; one that is there already stays as it is, and is told."""
    steps = workspace.config.train.round_steps if start else 0
    there = any(ref.name == name for ref in workspace.store.checkpoints("classifier"))
    examples = training_examples(workspace)
    ref = train_named(workspace, name, start=start, steps=steps, labelled=examples)
    counts = Counter(e.verdict.value for e in examples)
    shown = ", ".join(f"{n:,} {verdict}" for verdict, n in sorted(counts.items()))
    same = not there or _trained_on(workspace, examples, name, steps, bool(start))
    text = f"{name}: {ref.path}, {'already ' if there else ''}trained on {shown}"
    if not same:
        text = (
            f"{name} is there already, trained on other labels or settings; nothing was trained now\n"
            f"next  holdfast train classifier --name NEW   trains another on {shown}"
        )
    return Outcome(
        result={
            "checkpoint": ref.name,
            "sha256": ref.sha256,
            "trained": not there,
            "labels": dict(counts) if same else None,
        },
        text=f"{text}\nnext  holdfast calibrate {name}" if same else text,
        outputs={name: ref.sha256},
    )
