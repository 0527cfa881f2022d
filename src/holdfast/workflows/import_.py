"""Snippets, labels, attacks and books from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.data.rows import ImportedRow, ReadOptions, ReadReport
from holdfast.errors import ConfigError, InputError, LabelsError, closest
from holdfast.provenance import hash_file, hash_text
from holdfast.types import AttackResult, AttackSession, AttackStep, Snippet, Source, Split
from holdfast.types import Outcome as End
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["ImportOptions", "import_"]


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a file is brought in; the fields are the command's options."""

    columns: Sequence[str] = ()
    where: Sequence[str] = ()
    annotator: str = ""
    positive: str = ""
    split: str = ""
    sample: int = 0
    kind: str = "snippets"
    natural: bool = False
    yes: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no option takes."""
        if self.kind not in ("snippets", "attacks"):
            raise ConfigError(f"--as {self.kind!r}", expected="snippets or attacks")
        if self.split and self.split not in list(Split):
            raise ConfigError(f"--split {self.split!r}", expected="train, validation or test")
        if any("=" not in text for text in self.where):
            raise ConfigError(f"--where {self.where!r}", expected="COLUMN=VALUE, for instance kind=attack")


def _read(path: Path, options: ImportOptions) -> ReadReport:
    from holdfast.data.columns import parse_map
    from holdfast.data.lines import ending
    from holdfast.data.readers import BOOK_ENDINGS, read_file

    if ending(path) in BOOK_ENDINGS and (options.columns or options.positive):
        raise ConfigError(
            f"{path} is read as a book, which has no columns: --map and --positive mean nothing",
            expected="a table (.jsonl, .csv, ...), or neither option",
        )
    return read_file(
        path,
        ReadOptions(
            columns=parse_map(options.columns),
            positive=(options.positive,) if options.positive else (),
            annotator=options.annotator or f"file:{path.name}",
        ),
    )


def _wanted(rows: Sequence[ImportedRow], options: ImportOptions) -> list[ImportedRow]:
    """The rows that --where keeps, in the split that --split names, thinned by hash to --sample a split."""
    tests = [text.partition("=")[::2] for text in options.where]
    kept = [
        row
        for row in rows
        if all((row.kind if name == "kind" else row.tags.get(name, "")) == value for name, value in tests)
    ]
    if options.split:
        kept = [replace(row, split=Split(options.split)) for row in kept]
    if options.natural:
        kept = [replace(row, source=Source.NATURAL) if row.source is Source.IMPORTED else row for row in kept]
    if options.sample:
        kept = _thinned(kept, options.sample)
    return kept


def _thinned(rows: Sequence[ImportedRow], n: int) -> list[ImportedRow]:
    """`n` rows of each split that the file names, by smallest hash: the same whatever the order."""
    chosen: set[str] = set()
    for split in {row.split for row in rows}:
        part = sorted((row for row in rows if row.split is split), key=lambda row: hash_text(row.id))
        chosen |= {row.id for row in part[:n]}
    return [row for row in rows if row.id in chosen]


def _figures(row: ImportedRow) -> tuple[float, int]:
    """Logit (nan where the file has none) and queries (0) of an attack. Raises InputError naming the line."""
    logit, queries = row.tags.get("logit") or "nan", row.tags.get("queries") or "0"
    where = f"{row.file}:{row.line}"
    if not queries.isdecimal():
        raise InputError(
            f"{where}: queries {queries!r}", expected="a whole number", do="correct it, or --map queries="
        )
    try:
        return float(logit), int(queries)
    except ValueError:
        raise InputError(
            f"{where}: logit {logit!r}", expected="a number", do="correct it, or --map logit="
        ) from None


def _check(rows: Sequence[ImportedRow], path: Path, options: ImportOptions) -> None:
    """Refuse what would be stored wrongly or without its labels, before anything is stored."""
    from holdfast.data.labels import LABEL_COLUMNS, mistaken_column

    if not rows:
        wanted = " with " + " and ".join(options.where) if options.where else ""
        raise InputError(f"{path}: no row is left{wanted}", do="look at the columns and values")
    if options.kind == "attacks":
        for row in rows:
            _figures(row)
    if not options.natural and (column := mistaken_column(rows)):
        raise LabelsError(
            f"{path}: no labels, but column {column!r} looks like them",
            expected=closest(column, list(LABEL_COLUMNS)),
            do=f"--map {column}=verdict; or --map {column}= where it holds something else",
        )


def _session(row: ImportedRow, texts: Mapping[str, Snippet], file: str, split: Split) -> AttackSession:
    """An attack made elsewhere as a session: its target, and so its logit, is not one of ours."""
    parent = texts.get(row.parent_ref or "", row.snippet)
    logit, queries = _figures(row)
    steps: tuple[AttackStep, ...] = (AttackStep(snippet=row.snippet, logit=logit, queries=queries),)
    if parent.id != row.id:
        steps = (AttackStep(snippet=parent, logit=float("nan")), *steps)
    return AttackSession(
        attacker=row.tags.get("attacker") or f"file:{file}",
        target=f"external:{file}",
        round=row.round,
        purpose="measure" if split is Split.TEST else "train",
        result=AttackResult(
            attack=row.tags.get("tools") or "import",
            parent=parent,
            steps=steps,
            outcome=End.CANDIDATE,
            queries=queries,
        ),
    )


def import_(workspace: Workspace, *, file: str, **settings: object) -> Outcome:
    """Read `file` and store its rows; what the workspace holds already is left as it is."""
    from holdfast.data.labels import check_labels, import_report, verdict_of
    from holdfast.data.split import Shares, to_stored

    options = ImportOptions(**settings)  # type: ignore[arg-type]
    path = Path(file)
    if not path.is_file():
        raise InputError(f"no file {path}", do="name a .txt book, or .jsonl, .csv, .tsv (also .gz)")
    report = _read(path, options)
    rows = _wanted(report.rows, options)
    _check(rows, path, options)
    warning = check_labels(rows, workspace.catastrophe.keywords, yes=options.yes)
    there = workspace.store.snippets()
    known = {s.family: s.split for s in there}
    shares = Shares(validation=workspace.config.data.validation_share, test=workspace.config.data.test_share)
    stored = to_stored(rows, shares, known=known, texts={s.id: s.split for s in there})
    added = workspace.store.add_snippets(stored)
    marks = workspace.store.annotations([s.id for s in stored])
    have = {(a.snippet_id, a.annotator) for found in marks.values() for a in found}
    fresh = [a for row in rows for a in row.annotations if (a.snippet_id, a.annotator) not in have]
    workspace.store.add_annotations(fresh)
    sessions = 0
    if options.kind == "attacks":
        texts = {s.id: s.snippet for s in stored}
        made = {
            f"{path.name}:{row.ref or row.id}": _session(row, texts, path.name, place.split)
            for row, place in zip(rows, stored, strict=True)
            if row.source is Source.ATTACK
        }
        sessions = workspace.store.add_sessions(made.values(), keys=list(made))
    verdicts = [v for v in map(verdict_of, rows) if v is not None]
    says = import_report(len(verdicts), sum(v.strict for v in verdicts))
    lines = [
        str(report),
        f"{added:,} new snippets, {len(fresh):,} annotations, {sessions:,} attack sessions",
        says,
    ]
    lines += [f"warning: {warning}"] if warning else []
    result = {
        "read": report.read,
        "added": added,
        "annotations": len(fresh),
        "sessions": sessions,
        "says": says,
    }
    return Outcome(
        result=result,
        text="\n".join(lines),
        inputs={"file": hash_file(path)},
        outputs={"added": str(added), "annotations": str(len(fresh))},
    )
