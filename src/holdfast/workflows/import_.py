"""Snippets, labels, attacks and books from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.data.rows import ImportedRow, ReadOptions, ReadReport
from holdfast.errors import ConfigError, InputError, LabelsError, closest
from holdfast.provenance import hash_file, hash_text
from holdfast.types import (
    Annotation,
    AttackResult,
    AttackSession,
    AttackStep,
    Snippet,
    Source,
    Split,
    StoredSnippet,
    Verdict,
)
from holdfast.types import Outcome as End
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["ImportOptions", "import_", "read_source"]

NEAR = 0.8
"""Jaccard similarity of word triples from which two texts count as almost the same."""


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


def read_source(path: Path, options: ImportOptions) -> ReadReport:
    """The rows of `path`, its columns and verdicts read as `options` say."""
    from holdfast.data.lines import ending
    from holdfast.data.readers import BOOK_ENDINGS, read_file

    if ending(path) in BOOK_ENDINGS and (options.columns or options.positive):
        raise ConfigError(
            f"{path} is read as a book, which has no columns: --map and --positive mean nothing",
            expected="a table (.jsonl, .csv, ...), or neither option",
        )
    return read_file(path, _read_options(path, options))


def _read_options(path: Path, options: ImportOptions) -> ReadOptions:
    from holdfast.data.columns import parse_map

    return ReadOptions(
        columns=parse_map(options.columns),
        positive=(options.positive,) if options.positive else (),
        annotator=options.annotator or f"file:{path.name}",
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


def _last_said(rows: Sequence[ImportedRow], path: Path, options: ImportOptions) -> list[Annotation]:
    """What each annotator says of each text; raises InputError where the file has it both ways."""
    said: dict[tuple[str, str], Annotation] = {}
    for one in (a for row in rows for a in row.annotations):
        before = said.get((one.snippet_id, one.annotator))
        if before is not None and before.judgement.verdict is not one.judgement.verdict:
            raise InputError(
                f"{' and '.join(_places(path, options, before, one))}: one text, {one.annotator} says "
                f"{before.judgement.verdict} and {one.judgement.verdict}",
                expected="one verdict by one annotator; nothing was stored",
                do="take the wrong row out, or name the annotators in a column `annotator`",
            )
        said[one.snippet_id, one.annotator] = one
    return list(said.values())


def _inclusion(rows: Sequence[ImportedRow]) -> dict[str, float]:
    """Snippet id -> the probability with which it was selected, where the file says."""
    found = {}
    for row in rows:
        text = row.tags.get("inclusion", "")
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= 1:
            raise InputError(
                f"{row.file}:{row.line}: inclusion {text!r}",
                expected="the probability with which it was selected, above 0 and at most 1",
                do="correct it, or drop the column: --map inclusion=",
            )
        found[row.id] = value
    return found


def _places(path: Path, options: ImportOptions, *wanted: Annotation) -> list[str]:
    """File and line of the rows that hold `wanted`: reading joined the rows of one text."""
    from holdfast.data.readers import iter_rows

    lines = [(row.line, a) for row in iter_rows(path, _read_options(path, options)) for a in row.annotations]
    return [f"{path}:{next(line for line, a in lines if a == one)}" for one in wanted]


def _crossing(there: Sequence[StoredSnippet], new: Sequence[StoredSnippet]) -> str:
    """What to say where a new text has a near-duplicate in another split; empty where none has."""
    from holdfast.data.split import find_leakage

    known = {s.id for s in there}
    fresh = {s.id for s in new} - known
    if not fresh:
        return ""
    found = find_leakage([*there, *(s for s in new if s.id in fresh)], near=NEAR)
    pairs = [pair for pair in found.near if fresh & set(pair[:2])]
    if not pairs:
        return ""
    shown = ", ".join(f"{a} and {b}" for a, b, _ in pairs[:3])
    return (
        f"{len(pairs):,} pairs of texts in two splits are almost the same ({NEAR:.0%} of their word triples; "
        f"{shown}): what is measured on one was trained on the other; give them one family (--map "
        "COLUMN=family)"
    )


def _changed(workspace: Workspace, said: Sequence[Annotation]) -> tuple[list[Annotation], int]:
    """Those of `said` that are news to the store, and how many of them correct the annotator's latest."""
    marks = workspace.store.annotations([a.snippet_id for a in said])
    # Oldest first, so that the latest of each annotator stays.
    there = {(a.snippet_id, a.annotator): _substance(a) for found in marks.values() for a in found}
    fresh = [a for a in said if there.get((a.snippet_id, a.annotator)) != _substance(a)]
    return fresh, sum((a.snippet_id, a.annotator) in there for a in fresh)


def _substance(one: Annotation) -> tuple[Verdict, int, str]:
    """What makes two labels the same: the words of a reason or the seconds taken do not."""
    return one.judgement.verdict, one.judgement.severity, one.judgement.strategy


def import_(workspace: Workspace, *, file: str, **settings: object) -> Outcome:
    """Read `file` and store its rows. Texts that are there already stay; a label that changed is added to it.

    The latest label of each annotator counts (`holdfast.annotation.rules`). Raises InputError, with nothing
    stored, for a file that cannot be read or gives one annotator two verdicts on one text.
    """
    from holdfast.data.labels import check_labels, import_report, verdict_of
    from holdfast.data.split import Shares, to_stored

    options = ImportOptions(**settings)  # type: ignore[arg-type]
    path = Path(file)
    if not path.is_file():
        raise InputError(f"no file {path}", do="name a .txt book, or .jsonl, .csv, .tsv (also .gz)")
    report = read_source(path, options)
    rows = _wanted(report.rows, options)
    _check(rows, path, options)
    warning = check_labels(rows, workspace.catastrophe.keywords, yes=options.yes)
    said, inclusion = _last_said(rows, path, options), _inclusion(rows)
    there = workspace.store.snippets()
    known = {s.family: s.split for s in there}
    shares = Shares(validation=workspace.config.data.validation_share, test=workspace.config.data.test_share)
    stored = to_stored(rows, shares, known=known, texts={s.id: s.split for s in there})
    crossing = _crossing(there, stored)
    added = workspace.store.add_snippets(stored)
    # A label belongs to the selection of its own file; a text that stays unlabelled keeps the one it has.
    kept = {s.id for s in there} - {row.id for row in rows if row.annotations}
    workspace.store.set_inclusion({id: value for id, value in inclusion.items() if id not in kept})
    fresh, corrected = _changed(workspace, said)
    written = workspace.store.add_annotations(fresh)
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
        f"{added:,} new snippets, {written:,} annotations ({corrected:,} of them corrections), "
        f"{sessions:,} attack sessions",
        says,
    ]
    lines += [f"warning: {one}" for one in (warning, crossing) if one]
    result = {
        "read": report.read,
        "added": added,
        "annotations": written,
        "corrected": corrected,
        "sessions": sessions,
        "says": says,
        "crossing": crossing,
    }
    return Outcome(
        result=result,
        text="\n".join(lines),
        inputs={"file": hash_file(path)},
        outputs={"added": str(added), "annotations": str(written)},
    )
