"""Choose a classifier's threshold on natural validation text."""

from __future__ import annotations

from dataclasses import replace

from holdfast.errors import InputError
from holdfast.types import Source, Split, StoredSnippet, Threshold
from holdfast.workflows.logits import logits_of
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import DELIVERED, Workspace

__all__ = ["calibrate", "calibrate_target", "natural", "newest_target"]


SAME = 1e-3
"""Logits closer than this differ by the order of additions, not by what was calibrated on."""
STAND_IN = (
    "imported snippets stand in, so shares are those of your file (import ordinary text with --natural)"
)


def newest_target(workspace: Workspace) -> str:
    """Name of the classifier trained last (a second name of the same weights does not count)."""
    first: dict[str, str] = {}
    for ref in workspace.store.checkpoints("classifier"):
        first.setdefault(ref.sha256, ref.name)
    if not first:
        raise InputError("there is no classifier yet", do="`holdfast train classifier` first")
    return list(first.values())[-1]


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
    """The threshold of checkpoint `name`, stored. It needs no labels: acceptance of natural text decides.

    Raises InputError where it differs from one at which `name` was attacked or measured: those results hold
    for that threshold alone; CheckpointError where that one was chosen under another rule for characters.
    """
    from holdfast.edits.admission import check_rule, versioned
    from holdfast.measurement.threshold import choose_threshold

    ref = workspace.store.checkpoint(name)
    rule = workspace.config.filter.characters
    before = _in_use(workspace, name)
    if before is not None:
        check_rule(before, rule)
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
        characters=versioned(rule),
    )
    if before is None:
        workspace.store.add_threshold(name, threshold)
        return threshold
    if abs(before.value - threshold.value) > SAME:
        raise InputError(
            f"{name} was attacked or measured with the threshold {before.value:.4f}; "
            f"now {threshold.value:.4f} would be chosen",
            expected="one threshold for all results of a target",
            do=f"`holdfast calibrate {name} --name NEW`: the same weights as a target of their own",
        )
    return before


def _in_use(workspace: Workspace, name: str) -> Threshold | None:
    """The threshold that attacks on `name` or measurements of it rest on; None where there are none."""
    store = workspace.store
    used = bool(store.measurements(target=name)) or bool(store.sessions(target=name))
    return store.threshold(name) if used else None


def calibrate(workspace: Workspace, *, target: str = "", name: str = "") -> Outcome:
    """Choose the threshold of `target` (default: the newest classifier).

    name: the same weights under a new name, with a threshold of their own.
    """
    chosen = target or newest_target(workspace)
    if name:
        known = {r.name: r for r in workspace.store.checkpoints()}
        ref = workspace.store.checkpoint(chosen)
        if name in known and known[name].sha256 != ref.sha256:
            raise InputError(f"{name} is another checkpoint", do="choose a name that is free")
        if name not in known:
            workspace.store.add_checkpoint(replace(ref, name=name, run_id=workspace.run_id))
    name = name or chosen
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
