"""Choose a classifier's threshold on natural validation text."""

from __future__ import annotations

from holdfast.errors import InputError
from holdfast.types import Source, Split, StoredSnippet, Threshold
from holdfast.workflows.estimate import logits_of
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import DELIVERED, Workspace

__all__ = ["calibrate", "calibrate_target", "natural", "newest_target"]


STAND_IN = (
    "imported snippets stand in, so shares are those of your file (import ordinary text with --natural)"
)


def newest_target(workspace: Workspace) -> str:
    """Name of the classifier trained last."""
    refs = workspace.store.checkpoints("classifier")
    if not refs:
        raise InputError("there is no classifier yet", do="`holdfast train classifier` first")
    return refs[-1].name


def natural(workspace: Workspace, split: Split) -> list[StoredSnippet]:
    """Ordinary text of a split: drawn or imported as natural; else generated; else what was imported."""
    drawn = workspace.store.snippets(split=split, source=Source.NATURAL)
    drawn = [s for s in drawn if s.group != DELIVERED]
    ordinary = [s for s in drawn if s.group != "generated"] or drawn
    if ordinary:
        return ordinary
    workspace.reporter.say(f"no natural text in the {split.value} split: {STAND_IN}")
    return workspace.store.snippets(split=split, source=Source.IMPORTED)


def calibrate_target(workspace: Workspace, name: str) -> Threshold:
    """The threshold of checkpoint `name`, stored. It needs no labels: acceptance of natural text decides."""
    from holdfast.measurement.threshold import choose_threshold

    ref = workspace.store.checkpoint(name)
    pool = natural(workspace, Split.VALIDATION)
    if not pool:
        raise InputError(
            "no natural text in the validation split",
            do="`holdfast sample`, or `holdfast import FILE --natural` first",
        )
    logits = logits_of(workspace, workspace.classifier(name), [s.snippet for s in pool], f"calibrate {name}")
    threshold = choose_threshold(
        logits,
        workspace.config.filter.acceptance,
        checkpoint=ref,
        population=f"{len(pool):,} natural validation snippets",
        confidence=workspace.config.measure.confidence,
    )
    workspace.store.add_threshold(name, threshold)
    return threshold


def calibrate(workspace: Workspace, *, target: str = "") -> Outcome:
    """Choose the threshold of `target` (default: the newest classifier)."""
    name = target or newest_target(workspace)
    threshold = calibrate_target(workspace, name)
    text = f"{name}: reject iff logit >= {threshold.value:.4f}; accepts {threshold.acceptance}"
    return Outcome(
        result={
            "target": name,
            "threshold": threshold.__dict__ | {"acceptance": threshold.acceptance.to_dict()},
        },
        text=text,
        outputs={f"threshold:{name}": repr(threshold.value)},
    )
