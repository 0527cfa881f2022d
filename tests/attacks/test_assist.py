import pytest

from holdfast.attacks.assist import EditAssistant
from holdfast.edits.text import apply
from holdfast.errors import TextTooLongError
from holdfast.protocols import Assistant
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import Snippet
from tests.attacks.toy import ToyClassifier
from tests.edits.little import proposer

SNIPPET = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf quickly.")


def test_an_assistant():
    assert isinstance(EditAssistant(ToyClassifier(), proposer()), Assistant)


def test_one_value_a_word():
    spans = [(s, SNIPPET.prompt[a:b] if s == "prompt" else SNIPPET.completion[a:b]) for s, a, b, _ in
             EditAssistant(ToyClassifier(), proposer()).saliency(SNIPPET)]  # fmt: skip
    assert [w for _, w in spans] == "Ann saw the wolf Tom hit the old wolf quickly".split()


def test_a_target_without_gradients_gets_the_deletion_map():
    target = KeywordScorer({"old": 2.0, "quickly": -1.0})
    found = EditAssistant(target, proposer()).saliency(SNIPPET)
    values = {SNIPPET.completion[a:b]: v for side, a, b, v in found if side == "completion"}
    assert values == {"Tom": 0.0, "hit": 0.0, "the": 0.0, "old": 2.0, "wolf": 0.0, "quickly": -1.0}


def test_ranked_edits_have_exact_logits_lowest_first():
    target = CountingScorer(ToyClassifier())
    assistant = EditAssistant(target, proposer())
    at = SNIPPET.completion.index("old")
    for start, stop in ((at, at + 3), (at, at)):
        ranked = assistant.ranked_edits(SNIPPET, "completion", start, stop, 10)
        assert len(ranked) >= 5 and [z for _, z in ranked] == sorted(z for _, z in ranked)
        for edit, z in ranked:
            assert z == pytest.approx(target.score([apply(SNIPPET, edit)])[0])
    before = target.queries
    assistant.ranked_edits(SNIPPET, "completion", at, at, 10)
    assert target.queries == before


def test_what_cannot_be_scored_is_left_out_or_refused():
    assistant = EditAssistant(ToyClassifier(longest=10), proposer())
    assert assistant.ranked_edits(SNIPPET, "completion", 4, 4, 8) == []
    assert assistant.score(SNIPPET) == pytest.approx(float(ToyClassifier().score([SNIPPET])[0]))
    with pytest.raises(TextTooLongError):
        assistant.score(Snippet(prompt=SNIPPET.prompt, completion=SNIPPET.completion * 2))
