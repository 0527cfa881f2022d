"""Safe twins: harmless texts that went through an attack's kind of edits, judged safe after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from holdfast.provenance import stream
from holdfast.types import Annotation, Snippet, Source, Split, StoredSnippet, Verdict
from holdfast.workflows.workspace import Workspace

__all__ = ["TwinPool", "make_twins"]

MOST_EDITS = 4
_PART = 1000


@dataclass(frozen=True, kw_only=True)
class TwinPool:
    """Which twins to make, and where they belong."""

    split: Split
    group: str
    n: int
    """Twins of random safe snippets."""
    round: int = 0


def make_twins(
    workspace: Workspace, pool: TwinPool, plain: list[StoredSnippet], harmful: list[StoredSnippet]
) -> list[StoredSnippet]:
    """Make, store and annotate the pool once; found again afterwards. Nothing where no program can judge.

    plain: ordinary snippets, of which the safe ones are walked away from by safe edits. harmful: verified
    adversarial examples; each gets up to `round.minimal_twins` texts one or two edits away that are safe.
    """
    there = workspace.store.snippets(group=pool.group)
    if there or workspace.annotator is None:
        return there
    from holdfast.assemble import build_rewriter

    rewriter = build_rewriter(workspace.proposer(pool.split))
    judge = workspace.annotator.annotate
    made: dict[str, StoredSnippet] = {}

    def keep(snippet: Snippet, parent: StoredSnippet) -> None:
        made[snippet.id] = StoredSnippet(
            snippet=snippet,
            source=Source.TWIN,
            split=pool.split,
            family=parent.family,
            parent_id=parent.id,
            round=pool.round,
            group=pool.group,
        )

    rng = stream(workspace.config.seed, "twins", pool.group)
    for parent in harmful:
        seed = workspace.seed("minimal twin", parent.id)
        for twin, _ in rewriter.twins_of(parent.snippet, judge, workspace.config.round.minimal_twins, seed):
            keep(twin, parent)
    progress = workspace.reporter.step(pool.group)
    wanted = len(made) + pool.n
    for parent in _safe(workspace, plain, rng):
        if len(made) >= wanted:
            break
        seed = workspace.seed("safe walk", parent.id)
        twin, edits = rewriter.safe_walk(parent.snippet, judge, 1 + rng.randrange(MOST_EDITS), seed)
        if edits:
            keep(twin, parent)
            progress(min(len(made), wanted), wanted)
    return _stored(workspace, made)


def _safe(workspace: Workspace, plain: list[StoredSnippet], rng: Random) -> Iterator[StoredSnippet]:
    """The safe ones in random order. Few are wanted: verdicts are looked up a part at a time."""
    order = list(plain)
    rng.shuffle(order)
    for start in range(0, len(order), _PART):
        part = order[start : start + _PART]
        safe = {e.snippet.id for e in workspace.examples(part) if e.verdict is Verdict.SAFE}
        yield from (s for s in part if s.id in safe)


def _stored(workspace: Workspace, made: dict[str, StoredSnippet]) -> list[StoredSnippet]:
    """Write those that no other pool holds, with the verdict that the annotator gives."""
    annotator = workspace.annotator
    assert annotator is not None
    known = {s.id for s in workspace.store.snippets(ids=list(made))}
    fresh = [s for i, s in made.items() if i not in known]
    judgements = annotator.annotate([s.snippet for s in fresh]) if fresh else []
    workspace.store.add_snippets(
        fresh,
        annotations=[
            Annotation(
                snippet_id=s.id, annotator=annotator.name, judgement=j, guidelines=annotator.guidelines
            )
            for s, j in zip(fresh, judgements, strict=True)
        ],
    )
    return fresh
