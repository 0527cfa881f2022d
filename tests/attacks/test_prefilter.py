"""Prefilters on targets whose best edit is known."""

import numpy as np
import pytest

from holdfast.attacks.prefilter import CUTS, compare_prefilters
from holdfast.errors import MeasurementError
from holdfast.testing import FakeProposer, KeywordScorer
from tests.attacks.toy import EmbeddedToy
from tests.edits.little import ADJECTIVES, NOUNS, proposer, snippets

TEXTS = snippets(40, seed=4)


class Straight(EmbeddedToy):
    """A logit that is linear in the embeddings: first order is exact."""

    def _logit(self, embedded):
        return self.bias + (embedded @ self.direction).sum()

    def embedding_logits(self, snippet, vectors):
        return self.bias + (vectors @ self.direction).sum(-1)


class Backwards(Straight):
    """Its gradient points the wrong way."""

    def token_gradients(self, snippet):
        found = super().token_gradients(snippet)
        found.gradient = -found.gradient
        return found


def told(target, **more):
    return {(r.scope, r.prefilter): r for r in compare_prefilters(target, TEXTS, proposer(), **more)}


def test_where_first_order_is_exact_the_first_score_is_the_best():
    rows = told(Straight(bias=1.0))
    assert set(rows) == {(s, p) for s in CUTS for p in ("random", "token", "mask", "both")}
    for scope, cuts in CUTS.items():
        for name in ("token", "mask", "both"):
            row = rows[scope, name]
            assert (row.needed.estimate, row.middle) == (1.0, 1.0)
            assert [(cut, i.estimate) for cut, i in row.kept] == [(cut, pytest.approx(1.0)) for cut in cuts]
        chance = rows[scope, "random"]
        assert chance.needed.lower > 1.5 and chance.kept[0][1].upper <= 1.0
        assert chance.needed.lower < chance.needed.estimate < chance.needed.upper
    assert rows["text", "random"].needed.estimate > rows["word", "random"].needed.estimate
    assert rows["text", "random"].proposals > 4 * rows["word", "random"].proposals
    looks = [rows["text", p].gradients for p in ("random", "token", "mask", "both")]
    # One a word that has substitutes, of 8 words.
    assert looks[:2] == [0, 1] and 4 < looks[2] <= 8 and looks[3] == looks[2] + 1


def test_a_gradient_that_misleads_is_worse_than_chance():
    rows = told(Backwards(bias=1.0), words=4)
    for scope in CUTS:
        assert rows[scope, "token"].needed.lower > rows[scope, "random"].needed.upper
        assert rows[scope, "mask"].needed.estimate == 1.0


def test_chance_needs_as_many_scores_as_it_should():
    """One good word among n: (n + 1) / 2 on average, and the share kept by k is k / n."""
    listed = [w for w in (*NOUNS, *ADJECTIVES) if w != "lamp"][:14] + ["zebra"]
    texts = [s for s in TEXTS if not any(w in s.text.split() for w in listed)] or TEXTS
    target = KeywordScorer({"zebra": -3.0}, 5.0)
    found = compare_prefilters(target, texts, FakeProposer(listed), words=1, proposals=15)
    assert {r.prefilter for r in found} == {"random"}
    row = next(r for r in found if r.scope == "word")
    assert row.needed.lower < (row.proposals + 1) / 2 < row.needed.upper
    cut, kept = row.kept[0]
    assert cut == 8 and kept.lower < 8 / row.proposals < kept.upper


def test_copies_within_a_family_do_not_narrow_the_limits():
    target, texts = Straight(bias=1.0), TEXTS[:12]

    def width(*given):
        rows = compare_prefilters(target, given[0], proposer(), words=3, families=given[1])
        limits = rows[0].needed
        return limits.upper - limits.lower

    once = width(texts, [s.id for s in texts])
    assert width(texts * 3, [s.id for s in texts] * 3) == pytest.approx(once, rel=0.35)
    assert width(texts * 3, list(range(36))) < 0.75 * once


def test_texts_that_nothing_lowers_are_counted_apart():
    class Flat(KeywordScorer):
        def score(self, found):
            return np.array([0.0 if "wolf" in s.text else 1.0 for s in found])

    rows = compare_prefilters(Flat({}), TEXTS, FakeProposer(["wolf"]), words=99)
    assert rows[0].texts + rows[0].skipped == len(TEXTS)
    assert rows[0].skipped == sum("wolf" in s.text for s in TEXTS)
    with pytest.raises(MeasurementError, match="0 of 40 texts"):
        compare_prefilters(KeywordScorer({}), TEXTS, proposer())
    with pytest.raises(MeasurementError, match="3 families"):
        compare_prefilters(KeywordScorer({}), TEXTS, proposer(), families=[1, 2, 3])


def test_repeats_itself():
    assert told(EmbeddedToy(bias=1.0), words=2) == told(EmbeddedToy(bias=1.0), words=2)
