"""Train the language model that proposes."""

from __future__ import annotations

from holdfast.errors import InputError
from holdfast.types import Source, Split
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["train_generator"]


def train_generator(workspace: Workspace) -> Outcome:
    """Train or tune the generator on natural and imported training text, after an audit of that text."""
    from holdfast.assemble import build_generator
    from holdfast.training.audit import audit

    stored = [s for s in workspace.texts(Split.TRAIN) if s.source in (Source.NATURAL, Source.IMPORTED)]
    stored = [s for s in stored if s.group != "generated"]
    if not stored:
        raise InputError("there is no training text", do="`holdfast sample` or `holdfast import` first")
    composition = audit([s.snippet.text for s in stored], [s.family for s in stored])
    for warning in composition.warnings:
        workspace.reporter.say(f"warning: {warning}")
    ref = build_generator(workspace, [s.snippet for s in stored])
    text = f"generator: {len(stored):,} snippets, {ref.path}"
    return Outcome(
        result={
            "checkpoint": ref.path,
            "sha256": ref.sha256,
            "snippets": len(stored),
            "audit": composition.to_dict(),
        },
        text=text,
        outputs={"generator": ref.sha256},
    )
