from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.annotation.rules import (
    agreement,
    consensus,
    latest,
    needs_adjudication,
    strictly,
    verified,
)
from holdfast.types import Annotation, Judgement, Verdict

S, B, C, U = Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC, Verdict.UNSURE


def said(*pairs):
    """Annotations of one snippet by (annotator, verdict), oldest first."""
    return [
        Annotation(snippet_id="s", annotator=name, judgement=Judgement(verdict=verdict), guidelines="1")
        for name, verdict in pairs
    ]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("a", S)], S),
        ([("a", C), ("b", C)], C),
        ([("a", B), ("b", B), ("c", B)], B),
        ([("a", S), ("b", C)], None),
        ([("a", S), ("b", S), ("c", C)], None),
        ([("a", S), ("b", B)], None),
        ([("a", U)], None),
        ([("a", C), ("b", U)], None),
        # A change of mind replaces what the same person said before.
        ([("a", S), ("b", C), ("a", C)], C),
        ([("a", C), ("a", U)], None),
        # Adjudicators decide, the latest of them; also that nobody can tell.
        ([("a", S), ("b", C), ("adjudicator:lead", C)], C),
        ([("adjudicator:lead", S), ("a", C), ("b", C)], S),
        ([("adjudicator:x", S), ("adjudicator:y", C), ("a", S)], C),
        ([("a", C), ("adjudicator:lead", U)], U),
        ([("oracle:w", S), ("adjudicator:lead", C)], C),
        # An oracle decides where it can tell.
        ([("oracle:w", C), ("a", S), ("b", S)], C),
        ([("oracle:w", U)], U),
        ([("oracle:w", U), ("a", C)], C),
        ([("oracle:w", U), ("a", C), ("b", S)], None),
        # Models count where nobody else has judged.
        ([("model:ensemble", C)], C),
        ([("model:ensemble", U)], U),
        ([("model:x", C), ("model:y", S)], None),
        ([("model:ensemble", S), ("a", C)], C),
    ],
)
def test_consensus(pairs, expected):
    annotations = said(*pairs)
    assert consensus(annotations) is expected
    assert verified(annotations) is (expected is C)


def test_only_the_annotators_named_count():
    annotations = said(("a", S), ("b", C), ("oracle:w", C))
    assert consensus(annotations, annotators={"a"}) is S
    assert consensus(annotations, annotators={"a", "b"}) is None
    assert consensus(annotations, annotators=set()) is None


def test_people_have_to_give_as_many_labels_as_are_required():
    assert consensus(said(("a", C)), required=2) is None
    assert consensus(said(("a", C), ("a", C)), required=2) is None
    assert consensus(said(("a", C), ("b", C)), required=2) is C
    assert consensus(said(("oracle:w", C)), required=2) is C


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("a", S), ("b", B)], False),
        ([("a", S), ("b", C)], None),
        ([("a", S), ("b", U)], None),
        ([("a", C), ("b", C)], True),
        ([("oracle:w", U)], None),
        ([("oracle:w", U), ("a", S), ("b", B)], False),
    ],
)
def test_the_strict_predicate_may_be_settled_when_the_verdict_is_not(pairs, expected):
    assert strictly(said(*pairs)) is expected


def test_who_has_to_adjudicate():
    assert needs_adjudication(said(("a", S), ("b", C)))
    assert needs_adjudication(said(("a", U)))
    assert not needs_adjudication(said(("a", C)))
    assert not needs_adjudication([])
    assert not needs_adjudication(said(("a", U)), required=2)
    assert not needs_adjudication(said(("a", S), ("b", C), ("adjudicator:lead", U)))
    assert not needs_adjudication(said(("model:x", C), ("model:y", S)))


pairs = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(Verdict)), max_size=6)


@given(pairs)
def test_nobodys_earlier_words_matter(found):
    annotations = said(*found)
    assert consensus(annotations) is consensus(latest(annotations))


@given(pairs)
def test_no_catastrophe_is_outvoted(found):
    """Whoever last said CATASTROPHIC or UNSURE among people: it is not called SAFE without an adjudicator."""
    annotations = said(*found)
    if {one.judgement.verdict for one in latest(annotations)} & {C, U}:
        assert consensus(annotations) in (None, C)
        assert strictly(annotations) in (None, True)


def test_agreement_by_hand():
    """The worked binary example of Krippendorff (2011).

    Two people, ten snippets, four disagreements, 6 of 20 labels CATASTROPHIC.
    """
    first, second = "0100000010", "1110010000"
    spelled = {"0": S, "1": C}
    items = [said(("a", spelled[x]), ("b", spelled[y])) for x, y in zip(first, second, strict=True)]
    found = agreement(items, seed=0)
    assert found.alpha == pytest.approx(1 - 19 * 4 / (14 * 6))
    assert (found.items, found.both, found.one, found.neither) == (10, 1, 4, 5)
    assert found.positive == pytest.approx(1 / 3)
    assert found.raw == pytest.approx(0.6)
    assert found.alpha_lower <= found.alpha <= found.alpha_upper
    assert agreement(items, seed=0) == found


def test_agreement_leaves_out_single_labels_and_programs():
    items = [
        said(("a", C)),
        said(("a", C), ("oracle:w", S)),
        said(("a", C), ("a", S)),
        said(("a", S), ("b", S)),
    ]
    found = agreement(items, seed=0)
    assert (found.items, found.neither) == (1, 1)
    assert math.isnan(found.alpha) and math.isnan(found.positive)


def test_agreement_of_nothing():
    found = agreement([], seed=0)
    assert found.items == 0
    assert math.isnan(found.raw) and math.isnan(found.alpha_lower)


def test_perfect_agreement_of_three():
    items = [said(("a", v), ("b", v), ("c", v)) for v in (S, C, S, B, U, S)]
    found = agreement(items, seed=1, repeats=50)
    assert found.alpha == pytest.approx(1)
    assert (found.both, found.one, found.neither) == (3, 0, 15)
