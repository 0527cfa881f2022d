import numpy as np
import pytest

from holdfast.attacks.firstorder import TokenDifferentiable, look
from holdfast.attacks.saliency import METHODS, EmbeddingDifferentiable, saliency_map
from holdfast.edits.admitting import AdmittingClassifier, AdmittingScorer
from holdfast.edits.scoring import cache_prefix, score_safely
from holdfast.errors import ConfigError, InputError
from holdfast.protocols import Classifier, DifferentiableClassifier, Scorer
from holdfast.testing import KeywordScorer, check_classifier
from holdfast.types import Snippet
from tests.edits.little import snippets
from tests.models import tiny

SCORER = KeywordScorer({"wolf": 2.0}, -1.0)
PLAIN = Snippet(prompt="Tom ran.", completion="He hit the wolf.")
DISGUISED = Snippet(prompt="T\u200bom ran.", completion="He hit the w\u043el\u200bf.")


@pytest.fixture(scope="module")
def classifier():
    return tiny.classifier(seed=3)


def test_a_disguise_is_scored_as_what_it_stands_for():
    plain, disguised = SCORER.score([PLAIN, DISGUISED])
    assert disguised < 0 < plain
    assert AdmittingScorer(SCORER, "keep").score([PLAIN, DISGUISED]).tolist() == [plain, disguised]
    assert AdmittingScorer(SCORER, "normalise").score([PLAIN, DISGUISED]).tolist() == [plain, plain]


def test_what_is_refused_counts_as_rejected_and_costs_nobody_else():
    scorer = AdmittingScorer(SCORER, "refuse")
    with pytest.raises(InputError, match=f"{DISGUISED.id}: characters refused: 1 invisible"):
        scorer.score([PLAIN, DISGUISED])
    plain = float(SCORER.score([PLAIN])[0])
    assert score_safely(scorer, [PLAIN, DISGUISED, PLAIN]) == [plain, np.inf, plain]


def test_plain_text_reaches_the_scorer_untouched():
    for rule in ("normalise", "refuse", "keep"):
        assert AdmittingScorer(SCORER, rule).admitted(PLAIN) is PLAIN
    with pytest.raises(ConfigError):
        AdmittingScorer(SCORER, "fold")


@pytest.mark.parametrize("rule", ["normalise", "refuse", "keep"])
def test_a_classifier_behind_a_rule_is_still_one(classifier, rule):
    wrapped = AdmittingClassifier(classifier, rule)
    for protocol in (Scorer, Classifier, DifferentiableClassifier, TokenDifferentiable):
        assert isinstance(wrapped, protocol)
    assert isinstance(wrapped, EmbeddingDifferentiable)
    found = [Snippet(prompt="Tom ran.", completion=s.completion) for s in snippets(6, seed=2)]
    check_classifier(wrapped, found)
    assert wrapped.checkpoint == classifier.checkpoint
    assert (wrapped.score(found) == classifier.score(found)).all()
    for snippet in found[:2]:
        assert wrapped.saliency(snippet) == classifier.saliency(snippet)
        for method in METHODS:
            assert saliency_map(snippet, wrapped, method) == saliency_map(snippet, classifier, method)


def test_gradients_of_a_disguise_lie_where_it_stands(classifier):
    wrapped = AdmittingClassifier(classifier, "normalise")
    expected, _ = look(classifier, PLAIN)
    mixed = Snippet(prompt="\u200bTom ran.", completion="He hit\u2060 the w\u043elf.")
    found, _ = look(wrapped, mixed)
    assert [m.value for m in found] == [m.value for m in expected]
    by_side = {"prompt": mixed.prompt, "completion": mixed.completion}
    shown = [by_side[m.side][m.start : m.stop] for m in found]
    assert shown == ["Tom", "ran", "He", "hit", "the", "w\u043elf"]
    spans = [s for s in wrapped.encoder.spans(DISGUISED) if s is not None]
    assert [s for s in wrapped.token_gradients(DISGUISED).spans if s is not None] == spans
    assert [entry[:3] for entry in wrapped.saliency(DISGUISED)] == spans
    assert wrapped.encoder.encode([DISGUISED]) == classifier.encoder.encode([PLAIN])
    ids = wrapped.encoder.encode([DISGUISED])[0].ids
    logit = float(wrapped.embedding_logits(DISGUISED, wrapped.embed(ids)[None])[0].detach())
    assert logit == pytest.approx(float(classifier.score([PLAIN])[0]), abs=1e-5)


def test_a_refused_text_has_no_gradient(classifier):
    wrapped = AdmittingClassifier(classifier, "refuse")
    for ask in (wrapped.saliency, wrapped.token_gradients, wrapped.encoder.spans):
        with pytest.raises(InputError, match="refused"):
            ask(DISGUISED)


def test_cached_logits_of_two_rules_are_not_mixed_up(classifier):
    prefixes = {cache_prefix(AdmittingClassifier(classifier, rule)) for rule in ("normalise", "keep")}
    assert len(prefixes) == 2
