import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.characters import INVISIBLE, KINDS, CharacterProposer, kind_of
from holdfast.edits.normalise import normalise
from holdfast.edits.text import apply
from holdfast.edits.words import words
from holdfast.errors import ConfigError
from holdfast.testing import check_proposer
from holdfast.types import Snippet
from tests.edits.little import snippets

WORDS = ["A", "I", "of", "the", "wolf", "KNIFE", "Zoë", "it’s", "well-known", "naïve", "10", "don't", "ℵ"]
prose = st.lists(st.sampled_from(WORDS[:-1]), min_size=1, max_size=8).map(" ".join)


def offered(text, word, kinds=KINDS, n=400, seed=0):
    at = text.index(word)
    parent = Snippet(prompt="", completion=text)
    return parent, CharacterProposer(kinds).propose(parent, "completion", at, at + len(word), n, seed)


def test_contract():
    check_proposer(
        CharacterProposer(), [*snippets(4), Snippet(prompt="Zoë’s — well-known.", completion="I?")]
    )


@pytest.mark.parametrize(
    ("kind", "word", "results"),
    [
        ("swap", "wolf", {"wlof"}),
        ("swap", "the", {"hte", "teh"}),
        ("drop", "wolf", {"wof", "wlf"}),
        ("drop", "of", set()),
        ("double", "wolf", {"wwolf", "woolf", "wollf", "wolff"}),
        ("split", "wolf", {"w olf", "wo lf", "wol f"}),
        ("split", "I", set()),
    ],
)
def test_slips_of_typing(kind, word, results):
    _, edits = offered(f"See {word}.", word, [kind])
    assert {e.new for e in edits} == results and all(kind_of(e) == kind for e in edits)


def test_neighbour_keys_keep_the_case():
    _, edits = offered("A CAT.", "CAT", ["neighbour"])
    assert {"CST", "CQT", "CWT", "CZT"} <= {e.new for e in edits} and all(e.new.isupper() for e in edits)
    assert not any(e.new[1] == "L" for e in edits)


def test_the_kinds_come_in_turn():
    _, edits = offered("The knife.", "knife", n=len(KINDS))
    assert sorted(kind_of(e) for e in edits) == sorted(KINDS)


def test_disguises_use_all_they_can():
    _, edits = offered("The knife.", "knife", ["invisible"])
    assert {c for e in edits for c in e.new} - set("knife") == set(INVISIBLE)
    _, edits = offered("The knife.", "knife", ["homoglyph"])
    assert {"ｋｎｉｆｅ", "𝐤𝐧𝐢𝐟𝐞"} <= {e.new for e in edits}


@given(prose, st.integers(0, 99))
def test_normalisation_undoes_every_disguise(text, seed):
    for word in words(text):
        for kind in ("homoglyph", "invisible"):
            parent = Snippet(prompt=text, completion="")
            edits = CharacterProposer([kind]).propose(parent, "prompt", word.start, word.stop, 60, seed)
            for edit in edits:
                assert normalise(apply(parent, edit).prompt) == text, edit


def test_nothing_to_offer():
    for text, word in (("See ℵ.", "ℵ"), ("See 10.", "10")):
        assert offered(text, word)[1] == []
    assert CharacterProposer().propose(Snippet(prompt="", completion="Run."), "completion", 3, 3, 9, 0) == []


def test_unknown_kinds_are_refused():
    with pytest.raises(ConfigError, match="homoglyph"):
        CharacterProposer(["homoglyf"])
    with pytest.raises(ConfigError, match="no kind"):
        CharacterProposer([])
