import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.words import article_for, copy_case, gaps, lower_start, sentence_start, words


def found(text):
    return [w.text for w in words(text)]


def test_inner_apostrophes_and_hyphens_belong_to_the_word():
    text = "The well-known smith's dog didn’t -- bark, 'tis said."
    assert found(text) == ["The", "well-known", "smith's", "dog", "didn’t", "bark", "tis", "said"]


def test_marks_belong_to_the_word():
    assert found("cafe\u0301 au lait") == ["cafe\u0301", "au", "lait"]
    assert found("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]
    assert found("naïve ‘quote’") == ["naïve", "quote"]


@given(st.text(max_size=60))
def test_words_are_spans_in_order(text):
    last = 0
    for word in words(text):
        assert last <= word.start < word.stop and text[word.start : word.stop] == word.text
        assert word.text[0].isalnum()
        last = word.stop
    assert all(0 <= at <= len(text) for at in gaps(text))


@given(st.text(alphabet="ab-'’. ", max_size=30))
def test_both_segmentations_agree(text):
    assert found(text + "\u0301")[: len(found(text))][:-1] == found(text)[:-1]


def test_gaps_before_words_and_before_punctuation():
    text = "The rope broke, then."
    assert gaps(text) == [0, 4, 9, 14, 16, 20]


@pytest.mark.parametrize(
    ("word", "article"),
    [("apple", "an"), ("rope", "a"), ("hour", "an"), ("university", "a"), ("one", "a"), ("uncle", "an"),
     ("European", "a"), ("honest", "an"), ("house", "a"), ("useful", "a"), ("ugly", "an"), ("onion", "an"),
     ("unimportant", "an"), ("ewe", "a")],
)  # fmt: skip
def test_articles(word, article):
    assert article_for(word) == article


def test_case():
    assert copy_case("Dog", "cat") == "Cat"
    assert copy_case("DOG", "cat") == "CAT"
    assert copy_case("dog", "Ann") == "Ann"
    assert copy_case("I", "cat") == "Cat"
    assert lower_start("The") == "the" and lower_start("Tom") == "Tom"


def test_sentence_starts():
    text = 'He ran. "The dog" (she) sat.'
    starts = [w.text for w in words(text) if sentence_start(text, w.start)]
    assert starts == ["He", "The"]
