"""The attack on a real classifier: tokens of several pieces, spans, gradients, refusals."""

import pytest

from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.firstorder import TokenDifferentiable, WordVectors, estimates, look
from holdfast.config import ClassifierConfig
from holdfast.edits.text import apply, substitution
from holdfast.models.classifier import new_classifier
from holdfast.models.tokenizer import train_tokenizer
from holdfast.protocols import DifferentiableClassifier
from holdfast.testing import check_attack, check_classifier
from holdfast.types import Snippet
from tests.attacks.toy import threshold_for
from tests.edits.little import NOUNS, proposer, snippets

SNIPPETS = snippets(24, seed=31)


@pytest.fixture(scope="module")
def classifier():
    tokenizer = train_tokenizer([s.text for s in SNIPPETS], 300)
    config = ClassifierConfig(base="scratch", layers=1, width=16, heads=2, max_length=64)
    return new_classifier(config, tokenizer=tokenizer, device="cpu", seed=1)


def test_contracts(classifier):
    assert isinstance(classifier, DifferentiableClassifier) and isinstance(classifier, TokenDifferentiable)
    check_classifier(classifier, SNIPPETS)
    threshold = threshold_for(classifier, SNIPPETS, 0.1)
    odd = Snippet(prompt="“Zoë,” he said,\n\nlaughing—", completion=" unquestionably Tom’s WOLF …")
    check_attack(lambda: BeamRewriting(proposer=proposer()), classifier, [*SNIPPETS[:3], odd], threshold)


def test_guesses_follow_exact_changes(classifier):
    from scipy.stats import spearmanr

    correlations = []
    for snippet in SNIPPETS[:10]:
        marks, matrix = look(classifier, snippet)
        assert len(marks) == len(snippet.text.replace(".", "").split())
        start = snippet.completion.rindex(" ") + 1
        span = (start, len(snippet.completion) - 1)
        made = [substitution(snippet.completion, "completion", span, w) for w in NOUNS]
        edits = [e for e in made if e is not None and len(e.old) == span[1] - start]
        guessed = estimates(marks, edits, WordVectors(classifier, matrix))
        exact = classifier.score([apply(snippet, e) for e in edits])
        pairs = [(g, z) for g, z in zip(guessed, exact, strict=True) if g is not None]
        correlations.append(spearmanr(*zip(*pairs, strict=True))[0])
    assert sum(correlations) / len(correlations) > 0.3
