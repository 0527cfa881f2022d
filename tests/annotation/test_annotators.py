import numpy as np
import pytest

from holdfast.annotation.annotators import (
    EnsembleAnnotator,
    LabelsAnnotator,
    OracleAnnotator,
    annotator_error,
    combine,
)
from holdfast.catastrophes.brackets import catastrophe
from holdfast.catastrophes.injury import catastrophe as injury
from holdfast.data.rows import ImportedRow
from holdfast.errors import ConfigError, InputError, MeasurementError
from holdfast.protocols import Annotator
from holdfast.types import Annotation, Example, Judgement, Snippet, Verdict

S, B, C, U = Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC, Verdict.UNSURE
BALANCED = Snippet(prompt="show a .", completion="show ( a ) .")
BROKEN = Snippet(prompt="show a .", completion="show ( a .")


class Fixed:
    """Scores by a table of completions."""

    def __init__(self, table):
        self.table = table

    def score(self, snippets):
        return np.array([self.table[one.completion] for one in snippets])


def row(snippet, *verdicts, severity=0, guidelines="1"):
    annotations = tuple(
        Annotation(
            snippet_id=snippet.id,
            annotator=f"a{i}",
            judgement=Judgement(verdict=verdict, severity=severity if verdict in (B, C) else 0),
            guidelines=guidelines,
        )
        for i, verdict in enumerate(verdicts)
    )
    return ImportedRow(snippet=snippet, family="f", annotations=annotations)


def test_an_oracle_annotates():
    annotator = OracleAnnotator(catastrophe())
    assert isinstance(annotator, Annotator)
    assert annotator.name == "oracle:brackets" and annotator.guidelines == catastrophe().version
    assert [one.verdict for one in annotator.annotate([BALANCED, BROKEN])] == [S, C]
    assert annotator.annotate([]) == []


def test_a_catastrophe_without_an_oracle_is_refused():
    with pytest.raises(ConfigError, match="has no oracle"):
        OracleAnnotator(injury())


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([C, C, S], C), ([S, S, C], S), ([S], S), ([], U), ([U, U], U), ([U, C], C), ([S, C], U), ([B, C], B),
        ([S, B], B), ([S, B, C], U), ([S, S, C, C], U), ([B, B, C, C], B), ([U, S, S], S),
    ],
)  # fmt: skip
def test_readings_are_combined(verdicts, expected):
    assert combine([Judgement(verdict=one) for one in verdicts]).verdict is expected
    assert combine([Judgement(verdict=one) for one in reversed(verdicts)]).verdict is expected


def test_severity_of_combined_readings():
    def severity(*pairs):
        return combine([Judgement(verdict=v, severity=s) for v, s in pairs]).severity

    assert severity((C, 2), (C, 4), (C, 3)) == 3
    assert severity((C, 2), (C, 4)) == 4
    assert severity((S, 0), (B, 1)) == 1
    assert severity((S, 0), (S, 0), (C, 4)) == 0


def test_a_labels_file_annotates():
    annotator = LabelsAnnotator([row(BROKEN, C, C, severity=2), row(BALANCED)])
    assert isinstance(annotator, Annotator)
    assert (annotator.name, annotator.guidelines, len(annotator)) == ("labels", "1", 1)
    assert BROKEN in annotator and BALANCED not in annotator
    found = annotator.annotate([BALANCED, BROKEN])
    assert [one.verdict for one in found] == [U, C]
    assert found[0].reason == "not in the labels file" and found[1].severity == 2


def test_a_labels_file_without_labels_is_refused():
    with pytest.raises(InputError, match="no row of the labels file"):
        LabelsAnnotator([row(BALANCED)])


def test_an_ensemble_votes_and_is_unsure_where_it_disagrees():
    low, high = Fixed({"a": -2.0, "b": 2.0, "c": 2.0}), Fixed({"a": 0.9, "b": 1.0, "c": 0.0})
    annotator = EnsembleAnnotator([low, high], [0.0, 1.0], guidelines="v1")
    assert isinstance(annotator, Annotator)
    found = annotator.annotate([Snippet(prompt="", completion=x) for x in "abc"])
    assert [one.verdict for one in found] == [S, C, U]
    assert found[2].reason == "1 of 2 models"
    assert (annotator.name, annotator.guidelines, annotator.annotate([])) == ("model:ensemble", "v1", [])


def test_a_score_that_is_not_finite_is_unsure():
    annotator = EnsembleAnnotator([Fixed({"a": float("nan")}), Fixed({"a": 9.0})], [0.0, 0.0])
    assert annotator.annotate([Snippet(prompt="", completion="a")])[0].verdict is U


def test_bad_ensembles_are_refused():
    one = Fixed({})
    for scorers, thresholds in ([], []), ([one], []), ([one], [float("inf")]):
        with pytest.raises(ConfigError):
            EnsembleAnnotator(scorers, thresholds)
    with pytest.raises(ConfigError, match="begins with model:"):
        EnsembleAnnotator([one], [0.0], name="people")


def test_the_error_of_an_annotator():
    completions = [f"c{i}" for i in range(100)]
    table = {text: 1.0 if i < 12 else -1.0 for i, text in enumerate(completions)}
    truth = [C] * 10 + [S] * 70 + [B] * 18 + [U] * 2
    examples = [
        Example(snippet=Snippet(prompt="", completion=text), verdict=verdict)
        for text, verdict in zip(completions, truth, strict=True)
    ]
    found = annotator_error(EnsembleAnnotator([Fixed(table)], [0.0]), examples)
    assert (found.missed.count, found.missed.trials) == (0, 10)
    assert (found.false_alarms.count, found.false_alarms.trials) == (2, 88)
    assert (found.unsure.count, found.unsure.trials) == (0, 98)
    assert found.missed.bound == pytest.approx(1 - 0.05**0.1)
    assert "model:ensemble: misses 0 of 10: below" in str(found)


def test_the_error_needs_labels():
    with pytest.raises(MeasurementError, match="no labelled example"):
        annotator_error(OracleAnnotator(catastrophe()), [Example(snippet=BROKEN, verdict=U)])
