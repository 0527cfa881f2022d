"""Have the configured annotator judge what nobody has judged."""

from __future__ import annotations

import shlex
from pathlib import Path

from holdfast.provenance import hash_file
from holdfast.store.labelling import Labelling
from holdfast.types import Annotation, StoredSnippet
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["annotate", "annotate_snippets", "export_commands"]

BATCH = 2000


def annotate_snippets(workspace: Workspace, snippets: list[StoredSnippet]) -> int:
    """Annotations by the configured annotator for those that it has not judged; how many it wrote.

    People's labels come in by `import` or the workbench: for them nothing is written here.
    """
    annotator = workspace.annotator
    if annotator is None:
        return 0
    marks = workspace.store.annotations([s.id for s in snippets])
    todo = [s for s in snippets if all(a.annotator != annotator.name for a in marks.get(s.id, []))]
    progress = workspace.reporter.step("annotate") if len(todo) > BATCH else (lambda done, total: None)
    for start in range(0, len(todo), BATCH):
        part = todo[start : start + BATCH]
        judgements = annotator.annotate([s.snippet for s in part])
        workspace.store.add_annotations(
            Annotation(
                snippet_id=s.id, annotator=annotator.name, judgement=j, guidelines=annotator.guidelines
            )
            for s, j in zip(part, judgements, strict=True)
        )
        progress(start + len(part), len(todo))
    return len(todo)


def export_commands(workspace: Workspace, snippets: list[StoredSnippet]) -> list[str]:
    """The commands that export those of `snippets` that nobody has judged: one a group, mostly one."""
    marks = workspace.store.annotations([s.id for s in snippets])
    groups = dict.fromkeys(s.group for s in snippets if s.id not in marks)
    return [f"holdfast annotate --group {shlex.quote(group)} --export FILE" for group in groups]


def _select(workspace: Workspace, pool: list[StoredSnippet], n: int) -> list[StoredSnippet]:
    """`n` of `pool` (0: all), each with the probability with which it was chosen."""
    from holdfast.annotation.selection import select

    n = n or len(pool)
    return select(
        pool,
        n,
        keywords=workspace.catastrophe.keywords,
        scores=_scores(workspace, pool) if n < len(pool) else None,
        seed=workspace.seed("select", len(pool)),
    )


def _scores(workspace: Workspace, pool: list[StoredSnippet]) -> list[float] | None:
    """Logits by the newest calibrated classifier; None where there is none."""
    from holdfast.filtering.scoring import score_each

    store = workspace.store
    names = [r.name for r in store.checkpoints("classifier") if store.thresholds(r.name)]
    if not names:
        return None
    workspace.reporter.say(f"scoring {len(pool):,} snippets with {names[-1]} to choose among them")
    scored = score_each(workspace.classifier(names[-1]), [s.snippet for s in pool])
    # What has no score (too long, say) is rejected by the filter: it ranks with what is surely rejected.
    top = max((one.logit for one in scored if one.logit is not None), default=0.0)
    return [top if one.logit is None else one.logit for one in scored]


def annotate(
    workspace: Workspace, *, group: str = "", n: int = 0, export: str = "", queue: int = 0
) -> Outcome:
    """Judge snippets without an annotation, or select and export them for people, or queue them.

    queue: labels by different people that each gets in the workbench; 0: it is not put there.

    The inclusion probability of what is selected is stored with it, so that
    `holdfast.annotation.selection.weighted_rate` gets the base rate back of what was selected from.
    """
    todo = _select(workspace, workspace.store.unannotated(group=group or None), n)
    if queue:
        return _queue(workspace, todo, queue)
    if export:
        return _export(workspace, todo, Path(export))
    if workspace.annotator is not None:
        _keep_inclusion(workspace, todo)
    done = annotate_snippets(workspace, todo)
    waiting = len(todo) - done
    text = f"{done:,} annotated, {waiting:,} waiting for people"
    return Outcome(
        result={"annotated": done, "waiting": waiting}, text=text, outputs={"annotated": str(done)}
    )


def _queue(workspace: Workspace, chosen: list[StoredSnippet], labels: int) -> Outcome:
    """The selection in the workbench's queue; there it has a verdict when all its labels are in."""
    added = Labelling(workspace.store).add([s.id for s in chosen], wanted=labels)
    _keep_inclusion(workspace, chosen)
    text = f"{added:,} snippets wait in the workbench for {labels} labels each\nnext  holdfast workbench"
    return Outcome(result={"queued": added}, text=text, outputs={"queued": str(added)})


def _keep_inclusion(workspace: Workspace, chosen: list[StoredSnippet]) -> None:
    workspace.store.set_inclusion({s.id: s.inclusion for s in chosen})


def _export(workspace: Workspace, chosen: list[StoredSnippet], path: Path) -> Outcome:
    """The selection as a file to be labelled."""
    from holdfast.data.writers import write_records

    rows = [
        {
            "id": s.id,
            "prompt": s.snippet.prompt,
            "completion": s.snippet.completion,
            "verdict": "",
            "inclusion": s.inclusion,
        }
        for s in chosen
    ]
    # Never over a file of other content: it may hold labels by hand.
    write_records(path, rows, overwrite=False)
    _keep_inclusion(workspace, chosen)
    return Outcome(
        result={"selected": len(chosen), "file": str(path)},
        text=f"{len(chosen):,} snippets to label in {path}\nnext  holdfast import {path}",
        outputs={"export": hash_file(path)},
    )
