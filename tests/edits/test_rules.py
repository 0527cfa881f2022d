import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.rules import RULES, rule_edits, sentence_spans
from holdfast.edits.text import apply, invert
from holdfast.types import Snippet
from tests.edits.little import snippets


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("voice", "Tom quietly hit the old wolf.", "The old wolf was quietly hit by Tom."),
        ("voice", "The man pushed Ann!", "Ann was pushed by the man!"),
        ("voice", "I saw them.", "They were seen by me."),
        ("voice", "He pushed her.", "She was pushed by him."),
        ("voice", "Tom dropped the cups.", "The cups were dropped by Tom."),
        ("order", "When the rope broke, the man fell.", "The man fell when the rope broke."),
        ("order", "The man fell when the rope broke.", "When the rope broke, the man fell."),
        ("order", "Tom slowly sat down.", "Slowly, Tom sat down."),
        ("split", "Tom took the knife, and he cut the rope.", "Tom took the knife. He cut the rope."),
        ("split", "Tom took the knife and then he left.", "Tom took the knife. Then he left."),
        ("noun", "Tom pushed the wolf.", "Tom gave the wolf a push."),
        ("noun", "Tom decided to run.", "Tom made the decision to run."),
    ],
)
def test_each_rule(rule, before, after):
    assert RULES[rule](before) == after


@pytest.mark.parametrize(
    "sentence",
    [
        "Tom hit the wolf with a stone.",  # more than subject, verb, object
        "Tom hit his dog.",  # whose?
        "Nobody hit the wolf.",  # the passive would say it of somebody
        "Tom did not push the wolf.",
        "The dog saw the wolf hit the man.",
        "The man ran after the dog.",  # no clause
        "Tom saw the dog and the cat.",
        "“Tom took it, and he left,” she said.",
        "Tom fell",
        "",
    ],
)
def test_what_a_rule_is_not_sure_of_it_leaves_alone(sentence):
    assert all(rule(sentence) is None for rule in RULES.values())


def found(prompt, completion, side="completion"):
    return {(e.source, e.old, e.new) for e in rule_edits(Snippet(prompt=prompt, completion=completion), side)}


def test_neighbours_are_merged():
    assert ("rule:merge", "Tom ran. He fell.", "Tom ran, and he fell.") in found("", "Tom ran. He fell.")
    assert ("rule:merge", "Ann ran. Tom hit it.", "Ann ran, and Tom hit it.") in found(
        "", "Ann ran. Tom hit it."
    )
    for text in (
        "Tom ran. Suddenly he fell.",
        "Tom ran! He fell.",
        "Tom ran.\nHe fell.",
        "Tom ran. And he fell.",
    ):
        assert not [f for f in found("", text) if f[0] == "rule:merge"]


def test_a_pronoun_gets_the_only_name_there_is():
    assert ("rule:name", "He fell.", "Tom fell.") in found("Tom saw the wolf.", " He fell.")
    assert not [f for f in found("Tom saw Ann. Tom was late.", " He fell.") if f[0] == "rule:name"]
    assert not [f for f in found("Suddenly it rained.", " He fell.") if f[0] == "rule:name"]


def test_edits_are_spans_of_sentences_and_blanks_stay():
    snippet = Snippet(prompt="  Ann saw the wolf.  Tom hit it.\n\nTom pushed Ann. ", completion="")
    text = snippet.prompt
    spans = [text[a:b] for a, b in sentence_spans(text)]
    assert "Ann saw the wolf." in spans and "Tom pushed Ann." in spans
    edits = rule_edits(snippet, "prompt")
    assert edits
    for edit in edits:
        after = apply(snippet, edit)
        assert apply(after, invert(edit)) == snippet and edit.operation == "span"
        assert after.prompt.startswith("  ") and after.prompt.endswith(" ") and "\n\n" in after.prompt


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text(prompt, completion):
    snippet = Snippet(prompt=prompt, completion=completion)
    for side in ("prompt", "completion"):
        for edit in rule_edits(snippet, side):
            assert apply(apply(snippet, edit), invert(edit)) == snippet


def test_the_little_language_is_within_reach():
    for snippet in snippets(50, seed=5):
        sources = {e.source for e in rule_edits(snippet, "prompt")}
        assert {"rule:voice", "rule:merge"} <= sources
