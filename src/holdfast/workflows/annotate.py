"""Have the configured annotator judge what nobody has judged."""

from __future__ import annotations

from pathlib import Path

from holdfast.provenance import hash_file
from holdfast.types import Annotation, StoredSnippet
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["annotate", "annotate_snippets"]

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


def annotate(workspace: Workspace, *, group: str = "", n: int = 0, export: str = "") -> Outcome:
    """Judge snippets without an annotation, or select and export them for people."""
    todo = workspace.store.unannotated(group=group or None)
    if n and n < len(todo):
        from holdfast.annotation.selection import select

        todo = select(
            todo, n, keywords=workspace.catastrophe.keywords, seed=workspace.seed("select", len(todo))
        )
    if export:
        from holdfast.data.writers import write_records

        rows = [
            {
                "id": s.id,
                "prompt": s.snippet.prompt,
                "completion": s.snippet.completion,
                "verdict": "",
                "inclusion": s.inclusion,
            }
            for s in todo
        ]
        # Never over a file of other content: it may hold labels by hand.
        write_records(Path(export), rows, overwrite=False)
        text = f"{len(todo):,} snippets to label in {export}\nnext  holdfast import {export}"
        return Outcome(
            result={"selected": len(todo), "file": export},
            text=text,
            outputs={"export": hash_file(Path(export))},
        )
    done = annotate_snippets(workspace, todo)
    waiting = len(todo) - done
    text = f"{done:,} annotated, {waiting:,} waiting for people"
    return Outcome(
        result={"annotated": done, "waiting": waiting}, text=text, outputs={"annotated": str(done)}
    )
