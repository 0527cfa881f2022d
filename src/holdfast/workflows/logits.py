"""Logits of many texts by one classifier: over several processes, and not twice in one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from holdfast.edits.admitting import AdmittingClassifier
from holdfast.edits.scoring import cache_prefix, score_safely
from holdfast.protocols import Scorer
from holdfast.provenance import hash_text
from holdfast.types import CheckpointRef, Snippet
from holdfast.workflows.estimate import WORTH_PROBING, announce, scoring_rate
from holdfast.workflows.fanout import spread
from holdfast.workflows.workspace import Workspace

if TYPE_CHECKING:
    from holdfast.protocols import FloatArray

__all__ = ["logits_of"]

_CHUNK = 1000
"""Texts scored together: batches, and so the last bits of logits, do not depend on who scores them."""
_KEPT = 8
"""Lists of texts whose logits are kept: a report compares on the draws that were measured."""

_kept: OrderedDict[tuple[str, str], FloatArray] = OrderedDict()


def logits_of(workspace: Workspace, scorer: Scorer, snippets: Sequence[Snippet], what: str) -> FloatArray:
    """Logits, (n,), float64, in order. +inf for what cannot be scored: rejected, as the filter does.

    How many those are is said, naming `what` is scored; before that, how long it takes where it takes long.
    """
    import numpy as np

    ref = scorer.checkpoint if isinstance(scorer, AdmittingClassifier) else None
    recorded = ref is not None and any(r.sha256 == ref.sha256 for r in workspace.store.checkpoints())
    key = cache_prefix(scorer), hash_text("\n".join(s.id for s in snippets))
    logits = _kept.get(key) if recorded else None
    if logits is None:
        logits = np.asarray(_scored(workspace, scorer, snippets, what, ref if recorded else None), np.float64)
        logits.setflags(write=False)
        if recorded:
            _kept[key] = logits
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    lost = int(np.isposinf(logits).sum())
    if lost:
        workspace.reporter.say(
            f"{what}: {lost:,} of {len(logits):,} texts cannot be scored (too long, or characters refused); "
            "they count as rejected"
        )
    return logits


def _scored(
    workspace: Workspace, scorer: Scorer, snippets: Sequence[Snippet], what: str, ref: CheckpointRef | None
) -> list[float]:
    """By every process where `ref` names the classifier of the workspace that `scorer` is, else here."""
    spreads = ref is not None and len(snippets) > _CHUNK
    if len(snippets) > WORTH_PROBING:
        rate = scoring_rate(scorer, snippets) * (workspace.config.processes if spreads else 1)
        announce(workspace, what, len(snippets), rate)
    chunks = [snippets[start : start + _CHUNK] for start in range(0, len(snippets), _CHUNK)]
    if not spreads or ref is None:
        return [z for chunk in chunks for z in score_safely(scorer, chunk)]
    return [z for logits in spread(workspace, _scoring, ref.sha256, chunks) for z in logits]


def _scoring(workspace: Workspace, sha256: str) -> Callable[[Sequence[Snippet]], list[float]]:
    """Scores texts by the workspace's classifier with these weights."""
    names = (r.name for r in workspace.store.checkpoints("classifier") if r.sha256 == sha256)
    classifier = workspace.classifier(next(names))

    def score(snippets: Sequence[Snippet]) -> list[float]:
        return score_safely(classifier, snippets)

    return score
