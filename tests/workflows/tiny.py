"""A workspace whose labels come from people, and a few texts for it, without any model."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from holdfast.config import load_config
from holdfast.store import Store
from holdfast.types import Snippet, Source, Split, StoredSnippet
from holdfast.workflows.new import new
from holdfast.workflows.workspace import Workspace


@contextmanager
def opened(folder: Path, *overrides: str, question: str = "") -> Iterator[Workspace]:
    """The workspace in `folder`, made where it is not there yet: for injury, or for one's own `question`."""
    if not folder.exists():
        new(folder, catastrophe="" if question else "injury", question=question)
    config = load_config(folder / "holdfast.toml", overrides=overrides)
    with Store.open(config.database, root=folder) as store:
        yield Workspace(root=folder, config=config, store=store)


def texts(n: int, *, group: str = "pool") -> list[StoredSnippet]:
    """`n` training texts; every tenth one holds a keyword."""
    return [
        StoredSnippet(
            snippet=Snippet(prompt=f"It was day {i}.", completion="He bled." if i % 10 == 0 else "He sat."),
            source=Source.NATURAL,
            split=Split.TRAIN,
            family=f"{group}-{i}",
            group=group,
        )
        for i in range(n)
    ]


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Rows as a file to import."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def fill_in(path: Path, verdict: Callable[[dict[str, str]], str]) -> None:
    """Label an exported CSV by hand."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"verdict": verdict(row)} for row in rows)
