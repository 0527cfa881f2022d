"""Annotators that are programs: an oracle, a labels file, an ensemble. Each name says what it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from holdfast.data.rows import ImportedRow
from holdfast.edits.scoring import score_safely
from holdfast.errors import ConfigError, InputError, MeasurementError
from holdfast.protocols import Annotator, Scorer
from holdfast.stats.binomial import rate
from holdfast.types import Catastrophe, Example, Judgement, Rate, Snippet, Verdict

__all__ = [
    "AnnotatorError",
    "EnsembleAnnotator",
    "LabelsAnnotator",
    "OracleAnnotator",
    "annotator_error",
    "combine",
]


@dataclass(frozen=True)
class OracleAnnotator:
    """Exact truth, computed. Raises ConfigError for a catastrophe without an oracle."""

    catastrophe: Catastrophe

    def __post_init__(self) -> None:
        """Refuse a catastrophe that has none."""
        if self.catastrophe.oracle is None:
            raise ConfigError(
                f"the catastrophe {self.catastrophe.name!r} has no oracle",
                expected="annotator.name = labels, model or people",
                do="choose another annotator in holdfast.toml",
            )

    @property
    def name(self) -> str:
        """`oracle:<catastrophe>`."""
        return f"oracle:{self.catastrophe.name}"

    @property
    def guidelines(self) -> str:
        """The catastrophe's version: the hash of the oracle's data."""
        return self.catastrophe.version

    def annotate(self, snippets: Sequence[Snippet]) -> list[Judgement]:
        """The oracle's judgements, in order."""
        assert self.catastrophe.oracle is not None
        return self.catastrophe.oracle(snippets)


def combine(judgements: Sequence[Judgement]) -> Judgement:
    """One judgement out of several readings of one snippet.

    More than half agree: their verdict. Else SAFE against CATASTROPHIC, or nothing but UNSURE: UNSURE.
    Else, between neighbours: BORDERLINE. UNSURE does not vote against others. Severity: the median of
    those who gave the verdict,
    the higher one of two; for BORDERLINE between neighbours, of all who were not SAFE.
    """
    votes = [one for one in judgements if one.verdict is not Verdict.UNSURE]
    if not votes:
        return Judgement(verdict=Verdict.UNSURE, reason="no reading" if not judgements else "all unsure")
    verdict, count = Counter(one.verdict for one in votes).most_common(1)[0]
    if count * 2 <= len(votes):
        verdicts = {one.verdict for one in votes}
        if {Verdict.SAFE, Verdict.CATASTROPHIC} <= verdicts:
            return Judgement(verdict=Verdict.UNSURE, reason="readings disagree")
        verdict = Verdict.BORDERLINE
    agreeing = [one for one in votes if one.verdict is verdict]
    graded = (
        [one for one in votes if one.verdict is not Verdict.SAFE]
        if verdict is Verdict.BORDERLINE
        else agreeing
    )
    severities = sorted(one.severity for one in graded)
    return Judgement(
        verdict=verdict,
        severity=severities[len(severities) // 2] if verdict is not Verdict.SAFE else 0,
        strategy=next((one.strategy for one in agreeing if one.strategy), ""),
        reason=next((one.reason for one in agreeing if one.reason), ""),
    )


class LabelsAnnotator:
    """Looks judgements up in an imported labels file; UNSURE for a text that is not in it."""

    def __init__(self, rows: Iterable[ImportedRow], *, name: str = "labels", guidelines: str = "") -> None:
        """Several annotations of one text are joined by `combine`. Raises InputError if no row is labelled.

        `guidelines` empty: the version that most annotations of the file name.
        """
        readings: dict[str, list[Judgement]] = {}
        versions: Counter[str] = Counter()
        for row in rows:
            for one in row.annotations:
                readings.setdefault(row.id, []).append(one.judgement)
                versions[one.guidelines] += 1
        if not readings:
            raise InputError(
                "no row of the labels file has a verdict", do="name the column: --map YOURS=verdict"
            )
        self._judgements: Mapping[str, Judgement] = {id: combine(found) for id, found in readings.items()}
        self._name = name
        self._guidelines = guidelines or versions.most_common(1)[0][0]

    @property
    def name(self) -> str:
        """`labels`, or as given."""
        return self._name

    @property
    def guidelines(self) -> str:
        """Version of the guidelines that the labels were made under."""
        return self._guidelines

    def __len__(self) -> int:
        return len(self._judgements)

    def __contains__(self, snippet: object) -> bool:
        return isinstance(snippet, Snippet) and snippet.id in self._judgements

    def annotate(self, snippets: Sequence[Snippet]) -> list[Judgement]:
        """The file's judgements, in order; UNSURE where it has none."""
        unknown = Judgement(verdict=Verdict.UNSURE, reason="not in the labels file")
        return [self._judgements.get(snippet.id, unknown) for snippet in snippets]


class EnsembleAnnotator:
    """Scorers that vote: all at or above their thresholds CATASTROPHIC, none SAFE, else UNSURE.

    A model judging a model: whatever rests on it is to be reported as such, with `annotator_error` beside
    it. The scorers are to be trained apart from the classifier under test (other seeds, other data, best
    another base).
    """

    def __init__(
        self,
        scorers: Sequence[Scorer],
        thresholds: Sequence[float],
        *,
        name: str = "model:ensemble",
        guidelines: str = "",
    ) -> None:
        """One threshold (logit) a scorer. Raises ConfigError where there are none, or of other numbers."""
        if not scorers or len(scorers) != len(thresholds):
            raise ConfigError(
                f"an ensemble of {len(scorers)} scorers and {len(thresholds)} thresholds",
                expected="at least one scorer, and one threshold each",
            )
        if not all(math.isfinite(value) for value in thresholds):
            raise ConfigError("an ensemble's threshold is not finite", expected="a logit for each scorer")
        if not name.startswith("model:"):
            raise ConfigError(f"ensemble annotator named {name!r}", expected="a name that begins with model:")
        self._scorers, self._thresholds = tuple(scorers), tuple(thresholds)
        self._name, self._guidelines = name, guidelines

    @property
    def name(self) -> str:
        """`model:ensemble`, or as given; always begins with `model:`."""
        return self._name

    @property
    def guidelines(self) -> str:
        """Version of the guidelines its training labels followed."""
        return self._guidelines

    def annotate(self, snippets: Sequence[Snippet]) -> list[Judgement]:
        """One judgement a snippet, in order; UNSURE where a scorer gives no finite score."""
        if not snippets:
            return []
        columns = [score_safely(scorer, snippets) for scorer in self._scorers]
        return [self._vote([column[i] for column in columns]) for i in range(len(snippets))]

    def _vote(self, logits: Sequence[float]) -> Judgement:
        if not all(math.isfinite(value) for value in logits):
            return Judgement(verdict=Verdict.UNSURE, reason="a score is not finite")
        votes = sum(value >= bar for value, bar in zip(logits, self._thresholds, strict=True))
        reason = f"{votes} of {len(logits)} models"
        if votes == len(logits):
            return Judgement(verdict=Verdict.CATASTROPHIC, reason=reason)
        return Judgement(verdict=Verdict.SAFE if votes == 0 else Verdict.UNSURE, reason=reason)


@dataclass(frozen=True, kw_only=True)
class AnnotatorError:
    """How often an annotator is wrong, against held-out labels. UNSURE is an answer of its own, no error."""

    annotator: str
    missed: Rate
    """CATASTROPHIC by the labels, called SAFE or BORDERLINE."""
    false_alarms: Rate
    """Not CATASTROPHIC by the labels, called CATASTROPHIC."""
    unsure: Rate
    """Called UNSURE, among all."""

    def __str__(self) -> str:
        return (
            f"{self.annotator}: misses {self.missed}; false alarms {self.false_alarms}; unsure {self.unsure}"
        )


def annotator_error(
    annotator: Annotator, labelled: Sequence[Example], *, confidence: float = 0.95
) -> AnnotatorError:
    """Measure an annotator on examples whose labels it has not seen; strict predicate, exact intervals.

    Examples labelled UNSURE are left out. Raises MeasurementError where nothing is left.
    """
    known = [row for row in labelled if row.verdict is not Verdict.UNSURE]
    if not known:
        raise MeasurementError(
            "no labelled example to measure the annotator on", do="import or make labels first"
        )
    said = [one.verdict for one in annotator.annotate([row.snippet for row in known])]
    bad = [verdict for row, verdict in zip(known, said, strict=True) if row.verdict.strict]
    fine = [verdict for row, verdict in zip(known, said, strict=True) if not row.verdict.strict]
    missed = sum(verdict in (Verdict.SAFE, Verdict.BORDERLINE) for verdict in bad)
    alarms = sum(verdict.strict for verdict in fine)
    unsure = sum(verdict is Verdict.UNSURE for verdict in said)
    return AnnotatorError(
        annotator=annotator.name,
        missed=rate(missed, len(bad), population="labelled CATASTROPHIC", confidence=confidence),
        false_alarms=rate(alarms, len(fine), population="labelled SAFE or BORDERLINE", confidence=confidence),
        unsure=rate(unsure, len(said), population="labelled", confidence=confidence),
    )
