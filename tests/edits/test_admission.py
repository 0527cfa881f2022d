from dataclasses import replace

import pytest
from hypothesis import given

from holdfast.config import FilterConfig
from holdfast.edits.admission import RULES, admit, check_rule, rule_of, versioned
from holdfast.edits.normalise import VERSION, examine
from holdfast.errors import CheckpointError, ConfigError
from tests.edits.test_normalise import tricky
from tests.store.values import threshold

HOMOGLYPH = "He hit the w\u043elf."
INVISIBLE = "He h\u200bi\u200bt the wolf."
TYPESET = "He\xa0said:\r\n“Zoe\u0308!”"
UNMENDABLE = "He hit \ue000 it."


def test_the_config_offers_exactly_these_rules():
    assert [FilterConfig(characters=rule).characters for rule in RULES] == list(RULES)
    with pytest.raises(ValueError, match="characters"):
        FilterConfig(characters="fold")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("text", ["", "He hit the wolf.\n", "“Zoë’s”—£5…", "She said ‘Он сказал’."])
def test_plain_text_passes_every_rule_as_it_is(rule, text):
    found, problem = admit(text, rule)
    assert found is text and problem == ""


def test_what_each_rule_does():
    for text in (HOMOGLYPH, INVISIBLE, TYPESET, UNMENDABLE):
        assert admit(text, "keep") == (text, "")
    for text in (HOMOGLYPH, INVISIBLE):
        assert admit(text, "normalise") == ("He hit the wolf.", "")
    assert admit(HOMOGLYPH, "refuse")[1] == "characters refused: 1 lookalike"
    assert admit(INVISIBLE, "refuse")[1] == "characters refused: 2 invisible"
    for rule in ("normalise", "refuse"):
        assert admit(TYPESET, rule) == ("He said:\n“Zoë!”", "")
        assert admit(UNMENDABLE, rule)[1] == "characters refused: 1 doubt"


@pytest.mark.parametrize("rule", RULES)
@given(text=tricky)
def test_what_was_admitted_is_admitted_again_unchanged(rule, text):
    """Or the filter would deliver another text than the one that its scorer reads."""
    found, problem = admit(text, rule)
    if not problem:
        assert admit(found, rule) == (found, "")


@given(tricky)
def test_places_lead_back_to_where_they_come_from(text):
    found = examine(text)
    touched = {i for c in found.changes for i in range(c.start, c.stop)}
    before = (0, 0)
    for at in range(len(found.text)):
        start, stop = found.origin(at, at + 1)
        assert 0 <= start <= stop <= len(text) and before <= (start, stop)
        if not touched.intersection(range(start, stop)):
            assert text[start:stop] == found.text[at]
        before = (start, stop)
    untouched = [i for i in range(len(text)) if i not in touched]
    reached = {i for at in range(len(found.text)) for i in range(*found.origin(at, at + 1))}
    assert reached.issuperset(untouched)


def test_a_disguised_word_is_one_place():
    found = examine("a w\u200bo\u200blf")
    assert found.text == "a wolf" and found.origin(2, 6) == (2, 8)
    assert found.origin(3, 4) == (4, 5) and found.origin(0, 1) == (0, 1)


def test_a_threshold_goes_with_its_rule_and_its_version():
    assert versioned("normalise") == f"normalise@{VERSION}" and versioned("keep") == "keep"
    assert threshold().characters == "keep"
    check_rule(threshold(), "keep")
    check_rule(threshold(characters=versioned("refuse")), "refuse")
    for recorded, rule in (("keep", "normalise"), ("normalise@1", "keep"), ("normalise@0", "normalise")):
        with pytest.raises(CheckpointError, match=f"{recorded}.*now it is {rule}(.*\n)*.*calibrate again"):
            check_rule(replace(threshold(), characters=recorded), rule)
    with pytest.raises(ConfigError, match="did you mean 'refuse'"):
        versioned("refuze")


def test_a_scorer_without_a_rule_keeps_characters():
    assert rule_of(object()) == "keep"
