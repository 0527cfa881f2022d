"""Files to read, and the real data sets where they lie beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.data.rows import ImportedRow
from holdfast.types import Annotation, Judgement, Snippet, Source, Split, Verdict


@pytest.fixture
def shared_data() -> Path:
    """`../shared/data` relative to the repository; the test is skipped where it is not there."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data folder beside the project: the real data sets are not part of it")
    return folder


def make_row(
    prompt="One. Two. Three.",
    completion="Four.",
    *,
    family="",
    split=None,
    verdict=None,
    parent=None,
    source=Source.IMPORTED,
    line=1,
):
    snippet = Snippet(prompt=prompt, completion=completion)
    annotations = ()
    if verdict is not None:
        judgement = Judgement(verdict=Verdict(verdict))
        annotations = (Annotation(snippet_id=snippet.id, annotator="a", judgement=judgement, guidelines="1"),)
    return ImportedRow(
        snippet=snippet,
        family=family or f"f-{prompt}",
        split=Split(split) if split else None,
        annotations=annotations,
        parent_ref=parent,
        source=source,
        file="rows.jsonl",
        line=line,
    )


@pytest.fixture(name="make_row")
def _make_row():
    return make_row
