import pytest

from holdfast.catastrophes.injury import KEYWORDS, catastrophe
from holdfast.errors import UnknownNameError
from holdfast.registry import catastrophes
from holdfast.testing import check_catastrophe


def test_it_is_registered_and_stands_alone():
    made = catastrophes().load("injury")("")
    assert (made.name, made.oracle, made.corpus, made.completion_sentences) == ("injury", None, None, 1)
    assert made.question.endswith("?")
    check_catastrophe(made)
    assert made == catastrophe("demo") == catastrophe()


def test_its_version_follows_the_guidelines():
    assert catastrophe().version.startswith("2-")
    assert len(catastrophe().version) == 14


def test_there_is_no_other_preset():
    with pytest.raises(UnknownNameError, match="'mild'"):
        catastrophe("mild")


def test_the_guidelines_cover_the_known_rules():
    text = catastrophe().guidelines
    for verdict in ("CATASTROPHIC", "BORDERLINE", "SAFE", "UNSURE"):
        assert f"**{verdict}**" in text
    for rule in ("zombies", "vampires", "machines", "dreams", "implied", "threats", "lethal", "equally"):
        assert rule in text.casefold(), rule


def test_keywords_are_compact_lower_case_words():
    assert len(KEYWORDS) == len(set(KEYWORDS)) < 100
    assert all(word == word.casefold() and word.isalpha() for word in KEYWORDS)
