"""Train a model annotator: an ensemble apart from the classifier under test, always reported as such."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.assemble import set_threads
from holdfast.errors import InputError
from holdfast.provenance import stream
from holdfast.types import Example, Split
from holdfast.workflows.estimate import announce_training
from holdfast.workflows.logits import logits_of
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.train_classifier import training_examples, validation_examples
from holdfast.workflows.workspace import Workspace, plain_name

if TYPE_CHECKING:
    from holdfast.models.classifier import HFClassifier

__all__ = ["train_annotator"]

SHARE = 0.8
"""Share of the families that each member learns from: members differ in data as well as in seed."""


def _part(workspace: Workspace, examples: list[Example], member: int) -> list[Example]:
    families = sorted({e.family_id for e in examples})
    kept = set(
        stream(workspace.config.seed, "annotator", member).sample(families, int(SHARE * len(families)))
    )
    return [e for e in examples if e.family_id in kept]


def _threshold(logits: Any, strict: list[bool]) -> float:
    """The logit at which as large a share of catastrophes is missed as of others is called one."""
    import numpy as np

    bad = np.array(strict)
    if not bad.any() or bad.all():
        raise InputError("the validation split lacks catastrophes or safe snippets", do="label more of it")
    cuts = np.unique(logits[np.isfinite(logits)])
    gaps = [abs((logits[bad] < c).mean() - (logits[~bad] >= c).mean()) for c in cuts]
    return float(cuts[int(np.argmin(gaps))])


def _member(workspace: Workspace, examples: list[Example], seed: int, announced: int) -> HFClassifier:
    """A member before training; how long `announced` of them take is said."""
    from holdfast.models.classifier import new_classifier

    config, generator = workspace.config, workspace.folder("generator")
    made = new_classifier(
        config.classifier,
        generator=generator if generator.is_dir() else None,
        tokenizer=workspace.tokenizer() if config.classifier.base == "scratch" else None,
        device=config.device,
        seed=seed,
    )
    if announced:
        texts, steps = [e.snippet for e in examples], announced * config.train.steps
        announce_training(workspace, "annotator", made, texts, size=config.classifier, steps=steps)
    return made


def train_annotator(workspace: Workspace, *, members: int = 3, name: str = "annotator") -> Outcome:
    """Train `members` classifiers on parts of the labels, set their thresholds, measure their error.

    The error is against the labels of the test split, which no member saw. Set `annotator.name = "model"` to
    have them judge; every figure that rests on them says `model:ensemble`.

    name: folder of the workspace to keep them in. Raises CheckpointError where it holds members that other
    labels made: they are never replaced, for what they judged rests on them.
    """
    from holdfast.annotation.annotators import EnsembleAnnotator, annotator_error
    from holdfast.training.trainer import ClassifierTraining, train_classifier

    config = workspace.config
    set_threads(config)
    examples, validation = training_examples(workspace), validation_examples(workspace)
    folder = workspace.root / plain_name(name)
    thresholds, scorers = {}, []
    for member in range(members):
        seed = workspace.seed("annotator", member)
        result = train_classifier(
            _part(workspace, examples, member),
            validation,
            model=partial(_member, workspace, examples, seed, 0 if member else members),
            settings=ClassifierTraining.of(config, seed=seed),
            out=folder / f"member-{member}",
            progress=workspace.reporter.step(f"train annotator {member + 1} of {members}"),
        )
        scorer = workspace.load(folder / f"member-{member}")
        logits = logits_of(workspace, scorer, [e.snippet for e in validation], f"member {member + 1}")
        thresholds[f"member-{member}"] = _threshold(logits, [e.verdict.strict for e in validation])
        scorers.append(scorer)
        workspace.reporter.say(f"member {member + 1}: {result.steps} steps")
    (folder / "thresholds.json").write_text(json.dumps(thresholds, indent=1) + "\n", encoding="utf-8")
    ensemble = EnsembleAnnotator(scorers, list(thresholds.values()))
    held = workspace.examples(workspace.texts(Split.TEST))
    error = annotator_error(ensemble, held, confidence=config.measure.confidence)
    text = f'{error}\nnext  set annotator.name = "model" and annotator.path = "{name}"'
    result_ = {"annotator": "model:ensemble", "missed": error.missed.to_dict()}
    result_ |= {"false_alarms": error.false_alarms.to_dict(), "unsure": error.unsure.to_dict()}
    return Outcome(result=result_, text=text, outputs={k: repr(v) for k, v in thresholds.items()})
