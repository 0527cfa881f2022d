from collections import Counter
from random import Random

import pytest

from holdfast.attacks.firstorder import WordVectors, estimates, look, moved
from holdfast.attacks.positions import Position, choose, places, word_values
from holdfast.edits.text import apply, insertion, substitution
from holdfast.types import Snippet
from tests.attacks.toy import ToyClassifier

SNIPPET = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf.")


def test_words_and_gaps_of_the_sides():
    found = places(SNIPPET, ("completion",))
    assert sum(p.start < p.stop for p in found) == 5 and sum(p.start == p.stop for p in found) == 6
    assert {p.side for p in places(SNIPPET, ("prompt", "completion"))} == {"prompt", "completion"}


def test_words_take_the_largest_value_of_their_tokens():
    tokens = [
        ("completion", 0, 2, 1.0),
        ("completion", 2, 4, 3.0),
        ("completion", 8, 11, 2.0),
        ("completion", 5, 5, 9.0),
    ]
    found = {SNIPPET.completion[a:b]: v for s, a, b, v in word_values(SNIPPET, tokens) if s == "completion"}
    assert found == {"Tom": 3.0, "hit": 0.0, "the": 2.0, "old": 0.0, "wolf": 0.0}


def test_salient_places_are_drawn_more_often_but_none_is_excluded():
    found = [Position("completion", i, i + 1) for i in range(0, 20, 2)]
    saliency = [("completion", i, i + 1, 20.0 if i == 0 else 1.0) for i in range(0, 20, 2)]
    drawn = Counter(p.start for seed in range(300) for p in choose(found, saliency, 3, 0.34, Random(seed)))
    assert drawn[0] > 250 and min(drawn[i] for i in range(2, 20, 2)) > 30
    assert len(set(choose(found, saliency, 4, 0.5, Random(0)))) == 4
    assert choose(found, [], 99, 0.5, Random(0)) == found


def test_first_order_guesses_are_the_gradient_times_the_difference():
    target = ToyClassifier()
    target.direction = target.direction * 1e-3
    marks, matrix = look(target, SNIPPET)
    vectors = WordVectors(target, matrix)
    edits = [substitution(SNIPPET.completion, "completion", (4, 7), w) for w in ("saw", "held", "quickly")]
    guessed = estimates(marks, edits, vectors)
    base = target.score([SNIPPET])[0]
    for edit, guess in zip(edits, guessed, strict=True):
        assert guess == pytest.approx(target.score([apply(SNIPPET, edit)])[0] - base, abs=1e-5)
    assert estimates(marks, [insertion(SNIPPET.completion, "completion", 4, "now")], vectors) == [None]
    assert vectors.fit(target, matrix) and not vectors.fit(ToyClassifier(), matrix)


def test_a_map_moves_with_the_text():
    marks, _ = look(ToyClassifier(), SNIPPET)
    edit = insertion(SNIPPET.completion, "completion", 4, "quickly")
    after = apply(SNIPPET, edit)
    text = {"prompt": after.prompt, "completion": after.completion}
    assert [
        text[m.side][m.start : m.stop] for m in moved(marks, edit)
    ] == "Ann saw the wolf Tom hit the old wolf".split()
    edit = substitution(SNIPPET.completion, "completion", (4, 7), "carried")
    after = apply(SNIPPET, edit)
    text = {"prompt": after.prompt, "completion": after.completion}
    assert [
        text[m.side][m.start : m.stop] for m in moved(marks, edit)
    ] == "Ann saw the wolf Tom the old wolf".split()
