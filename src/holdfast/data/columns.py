"""From a file's columns to a typed row: column maps, splits, annotations, kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast.data.rows import ImportedRow, ReadOptions
from holdfast.data.verdicts import VerdictReader, parse_severity
from holdfast.errors import ConfigError, InputError, LabelsError, closest
from holdfast.provenance import hash_text
from holdfast.types import Annotation, Judgement, Snippet, Source, Split, Verdict

__all__ = ["KNOWN_COLUMNS", "SPLITS", "RowBuilder", "parse_map", "prompt_family"]

KNOWN_COLUMNS = (
    "prompt", "completion", "verdict", "label", "severity", "annotations", "annotator", "guidelines", "split",
    "fold", "source", "family", "parent", "twin_of", "kind", "strategy", "round", "id",
    "inclusion",
)  # fmt: skip

SPLITS = {
    "train": Split.TRAIN, "training": Split.TRAIN, "fit": Split.TRAIN,
    "validation": Split.VALIDATION, "val": Split.VALIDATION, "dev": Split.VALIDATION,
    "test": Split.TEST, "holdout": Split.TEST, "eval": Split.TEST,
}  # fmt: skip
_ORDER = (Split.TRAIN, Split.VALIDATION, Split.TEST)
_KINDS = {
    "attack": Source.ATTACK, "unaided": Source.ATTACK, "twin": Source.TWIN, "look-alike": Source.TWIN,
    "natural": Source.NATURAL, "tilted": Source.TILTED,
}  # fmt: skip


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """`["text=completion"]` -> `{"text": "completion"}`. Raises ConfigError for an unknown target."""
    found: dict[str, str] = {}
    for pair in pairs:
        theirs, separator, ours = (part.strip() for part in pair.partition("="))
        if not separator or not theirs:
            raise ConfigError(f"--map {pair!r}", expected="THEIRS=OURS, for instance text=completion")
        if ours and ours not in KNOWN_COLUMNS:
            raise ConfigError(
                f"--map {pair!r}: no column {ours!r}", expected=closest(ours, list(KNOWN_COLUMNS))
            )
        found[theirs] = ours
    return found


def prompt_family(prompt: str) -> str:
    """The family of everything that continues one prompt."""
    return "p1_" + hash_text(prompt)[:16]


class RowBuilder:
    """Builds rows of one file. `build` returns a row, or a text: the reason for leaving the record out."""

    def __init__(self, file: str, options: ReadOptions) -> None:
        """`file` is what messages and rows name."""
        self.file, self.options = file, options
        self._verdicts = VerdictReader(options.positive, options.negative)
        stem = file.rsplit("/", 1)[-1].split(".")[0]
        self._annotator = options.annotator or f"import:{stem}"
        self._checked = False
        self._has_prompt = True

    def _check(self, record: Mapping[str, Any]) -> None:
        """The first record: are the mapped columns and a completion there at all?"""
        columns = list(record)
        for theirs in self.options.columns:
            if theirs not in record:
                raise InputError(
                    f"{self.file}: no column {theirs!r} to map", expected=closest(theirs, columns)
                )
        names = set(self._renamed(record))
        if "completion" not in names:
            raise InputError(
                f"{self.file}: no column 'completion'",
                expected=f"found: {', '.join(columns) or '(none)'}",
                do="--map YOUR_COLUMN=completion",
            )
        self._has_prompt, self._checked = "prompt" in names, True

    def _renamed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record under our names: a mapped column wins over one that has the name already.

        `prompt` and `completion` may be mapped to something else and keep their own name too.
        """
        if not self.options.columns:
            return dict(record)
        columns = self.options.columns
        kept = ("prompt", "completion")
        values = {
            key: value
            for key, value in record.items()
            if key not in columns or (key in kept and columns[key])
        }
        values.update((ours, record.get(theirs)) for theirs, ours in columns.items() if ours)
        return values

    def build(self, record: Mapping[str, Any], line: int) -> ImportedRow | str:
        """A row, or why there is none. Raises InputError or LabelsError where the file is misunderstood."""
        if not self._checked:
            self._check(record)
        values = self._renamed(record)
        where = f"{self.file}:{line}"
        texts = self._texts(values, where)
        if isinstance(texts, str):
            return texts
        snippet = _own(texts, _text(values.get("id")))
        if snippet is None:
            return "the text is not the one its id was made of (map the column away to take it: --map id=)"
        kind = _text(values.get("kind")).casefold()
        return ImportedRow(
            snippet=snippet,
            family=_text(values.get("family"))
            or _text(values.get("source"))
            or prompt_family(snippet.prompt),
            split=_split(values, where),
            annotations=self._annotations(values, snippet.id, where),
            parent_ref=_text(values.get("twin_of")) or _text(values.get("parent")) or None,
            kind=kind,
            tags={key: _text(value) for key, value in values.items() if key not in _USED and _text(value)},
            source=_KINDS.get(kind, Source.IMPORTED),
            round=_round(values.get("round"), where),
            ref=_text(values.get("id")),
            file=self.file,
            line=line,
        )

    def _texts(self, values: Mapping[str, Any], where: str) -> Snippet | str:
        prompt, completion = values.get("prompt"), values.get("completion")
        for name, value in (("prompt", prompt), ("completion", completion)):
            if value is not None and not isinstance(value, str):
                raise InputError(f"{where}: {name} is a {type(value).__name__}", expected="text")
            if not (value or "").strip() and (name == "completion" or self._has_prompt):
                return f"empty {name}"
            reason = _unusable(value or "", self.options.max_chars)
            if reason:
                return f"{name}: {reason}"
        return Snippet(prompt=prompt or "", completion=completion or "")

    def _annotations(self, values: Mapping[str, Any], snippet_id: str, where: str) -> tuple[Annotation, ...]:
        given = values.get("annotations")
        if isinstance(given, str):
            given = _json_list(given, where)
        if given:
            if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
                raise LabelsError(
                    f"{where}: annotations", expected="a list of {annotator, verdict, severity, guidelines}"
                )
            made = (self._annotation(one, values, snippet_id, where) for one in given)
        else:
            made = (self._annotation(values, values, snippet_id, where) for _ in range(1))
        return tuple(one for one in made if one is not None)

    def _annotation(
        self, one: Mapping[str, Any], values: Mapping[str, Any], snippet_id: str, where: str
    ) -> Annotation | None:
        value = one.get("verdict")
        verdict = self._verdicts.read(one.get("label") if value in (None, "") else value, where)
        if verdict is None:
            return None
        severity = parse_severity(one.get("severity"), where)
        if verdict in (Verdict.SAFE, Verdict.UNSURE):
            severity = 0
        return Annotation(
            snippet_id=snippet_id,
            annotator=_text(one.get("annotator")) or self._annotator,
            judgement=Judgement(
                verdict=verdict,
                severity=severity,
                strategy=_text(one.get("strategy")) or _text(values.get("strategy")),
                reason=_text(one.get("reason")),
            ),
            guidelines=_text(one.get("guidelines")) or self.options.guidelines,
            seconds=_seconds(one.get("seconds"), where),
            at=_time(one.get("at"), where),
        )


_USED = frozenset(KNOWN_COLUMNS) - {"strategy", "source", "fold", "inclusion"}


def _own(snippet: Snippet, row_id: str) -> Snippet | None:
    """The snippet as our writer had it, where the row carries one of our ids; None if the text was changed.

    Our CSV writer puts an apostrophe before what a spreadsheet would run; the id proves which ones are ours.
    """
    if not row_id.startswith("s1_") or snippet.id == row_id:
        return snippet
    for prompt in (snippet.prompt, snippet.prompt.removeprefix("'")):
        for completion in (snippet.completion, snippet.completion.removeprefix("'")):
            plain = Snippet(prompt=prompt, completion=completion)
            if plain.id == row_id:
                return plain
    return None


def _text(value: Any) -> str:
    """A cell as stripped text; numbers as written; None as empty."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value).strip()


def _unusable(text: str, max_chars: int) -> str:
    if len(text) > max_chars:
        return f"longer than {max_chars:,} characters"
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    return ""


def _json_list(text: str, where: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise LabelsError(f"{where}: annotations {text[:40]!r}", expected="a JSON list") from None


def _split(values: Mapping[str, Any], where: str) -> Split | None:
    """The stricter of `split` and `fold`: test before validation before train."""
    found = []
    for name in ("split", "fold"):
        text = _text(values.get(name)).casefold()
        if text and text not in SPLITS:
            raise InputError(
                f"{where}: {name} {text!r}",
                expected="train, validation or test",
                do=f"correct it, or ignore the column with --map {name}=",
            )
        if text:
            found.append(SPLITS[text])
    return max(found, key=_ORDER.index, default=None)


def _round(value: Any, where: str) -> int:
    text = _text(value)
    if not text:
        return 0
    if not text.isdecimal():
        raise InputError(
            f"{where}: round {text!r}", expected="a whole number", do="correct it, or --map round="
        )
    return int(text)


def _seconds(value: Any, where: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise LabelsError(f"{where}: seconds {value!r}", expected="a number") from None


def _time(value: Any, where: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise LabelsError(f"{where}: time {value!r}", expected="ISO 8601") from None
