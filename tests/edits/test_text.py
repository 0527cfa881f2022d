import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.text import apply, apply_all, deletion, drop, insertion, invert, rebase, substitution
from holdfast.edits.words import gaps, words
from holdfast.errors import InputError
from holdfast.types import Edit, Snippet

VOCABULARY = ["The", "a", "an", "old", "Tom", "rope", "apple", "ran", "I", "NOW", "it's", "Zoë", "hour"]
prose = st.builds(
    lambda chosen, around: around[0] + " ".join(chosen) + around[1],
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=9),
    st.sampled_from([("", ""), ("", "."), ('"', '," she said.'), ("", ". He sat."), (" ", "")]),
)
replacements = st.sampled_from(["owl", "cup", "Ann", "hour", "quickly", "unit"])


def on(text):
    return Snippet(prompt="A prompt.", completion=text)


def all_edits(text, word):
    split = words(text)
    made = [substitution(text, "completion", (w.start, w.stop), word) for w in split]
    made += [deletion(text, "completion", (w.start, w.stop)) for w in split]
    made += [insertion(text, "completion", at, word) for at in gaps(text)]
    return [e for e in made if e is not None]


@given(prose, replacements)
def test_every_edit_applies_and_inverts(text, word):
    for edit in all_edits(text, word):
        after = apply(on(text), edit)
        assert after != on(text)
        assert apply(after, invert(edit)) == on(text)


@given(st.text(max_size=40), st.text(min_size=1, max_size=6))
def test_round_trip_on_any_text(text, word):
    for edit in all_edits(text, word):
        assert apply_all(on(text), [edit, invert(edit)]) == on(text)


@given(prose, replacements)
def test_word_counts_and_blanks(text, word):
    count = len(words(text))
    for edit in all_edits(text, word):
        after = apply(on(text), edit).completion
        change = {"substitute": 0, "insert": 1, "delete": -1}[edit.operation]
        assert len(words(after)) == count + change, (text, edit)
        assert "  " not in after
        assert sum(not c.isalnum() and not c.isspace() for c in after) == sum(
            not c.isalnum() and not c.isspace() for c in text
        ) + sum(not c.isalnum() for c in edit.new.replace(" ", "")) - sum(
            not c.isalnum() for c in edit.old.replace(" ", "")
        )


@given(prose, replacements, st.randoms(use_true_random=False))
def test_rebased_edits_commute(text, word, rng):
    edits = all_edits(text, word)
    for _ in range(10):
        a, b = rng.choice(edits), rng.choice(edits)
        a_after, b_after = rebase(a, b), rebase(b, a)
        if a_after is not None and b_after is not None:
            assert apply_all(on(text), [a, b_after]) == apply_all(on(text), [b, a_after])


@given(prose, st.lists(replacements, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_dropping_an_edit_from_a_sequence(text, chosen, rng):
    start, snippet, made = on(text), on(text), []
    for word in chosen:
        edits = all_edits(snippet.completion, word)
        if edits:
            made.append(rng.choice(edits))
            snippet = apply(snippet, made[-1])
    for index in range(len(made)):
        dropped = drop(made, index)
        if dropped is not None:
            kept, undo = dropped
            assert apply_all(start, kept) == apply(snippet, undo)


@pytest.mark.parametrize(
    ("text", "word", "new", "result"),
    [
        ("He took a cup.", "cup", "apple", "He took an apple."),
        ("An apple fell.", "apple", "cup", "A cup fell."),
        ("The dog ran.", "The", "some", "Some dog ran."),
        ("He saw Tom.", "Tom", "dog", "He saw dog."),
        ("STOP now", "STOP", "run", "RUN now"),
    ],
)
def test_substitution_restores_case_and_article(text, word, new, result):
    at = text.index(word)
    edit = substitution(text, "completion", (at, at + len(word)), new)
    assert edit is not None and apply(on(text), edit).completion == result


@pytest.mark.parametrize(
    ("text", "at", "word", "result"),
    [
        ("The dog ran.", 0, "suddenly", "Suddenly the dog ran."),
        ("Tom ran.", 0, "then", "Then Tom ran."),
        ("He saw a cup.", 9, "old", "He saw an old cup."),
        ("He ran.", 6, "away", "He ran away."),
        (" went home", 1, "quickly", " quickly went home"),
        ('"Run," he said.', 1, "please", '"Please Run," he said.'),
    ],
)
def test_insertion(text, at, word, result):
    edit = insertion(text, "completion", at, word)
    assert edit is not None and apply(on(text), edit).completion == result


@pytest.mark.parametrize(
    ("text", "word", "result"),
    [
        ("The old dog ran.", "old", "The dog ran."),
        ("The dog ran.", "ran", "The dog."),
        ("He saw an old cup.", "old", "He saw a cup."),
        ("Suddenly the dog ran.", "Suddenly", "The dog ran."),
        ("Well, he ran.", "Well", ", he ran."),
        ('He said "now" again.', "now", 'He said "" again.'),
    ],
)
def test_deletion(text, word, result):
    at = text.index(word)
    edit = deletion(text, "completion", (at, at + len(word)))
    assert edit is not None and apply(on(text), edit).completion == result


def test_the_only_word_is_not_deleted():
    assert deletion("Run!", "completion", (0, 3)) is None


def test_an_edit_that_does_not_fit_is_refused():
    edit = Edit(side="completion", start=0, stop=3, old="Dog", new="Cat")
    with pytest.raises(InputError, match="finds 'The'"):
        apply(on("The dog"), edit)
    with pytest.raises(InputError, match="side"):
        apply(on("x"), Edit(side="neither", start=0, stop=0, old="", new="x"))
