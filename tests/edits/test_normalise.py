import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.characters import INVISIBLE
from holdfast.edits.lookalikes import TWINS, plain_form, script, twin
from holdfast.edits.normalise import Kind, examine, normalise

ODD = "".join(odd for twins in TWINS.values() for odd in twins)
TRICKS = (
    "aekl Zoé \n'-"
    + INVISIBLE
    + ODD
    + "αρνжкШ中ㄱ가ᅡᆨͅ\u0301\u0308\u0323\u0336\u20dd\u0345ｋ𝐤ⓚ🅺⒦ᵏⅫﬁ½²ª™\r\x85\x08\u2028\u2003\u3164"
    "\u2800\u02bc\u2011\ue000\ufffd\ud800\u0378ẋẛ\u1fb3\u212a\u00b5"
)
tricky = st.text(alphabet=st.one_of(st.sampled_from(TRICKS), st.characters()), max_size=24)


@given(tricky)
def test_normalising_twice_changes_nothing_more(text):
    once = examine(text)
    again = examine(once.text)
    assert again.text == once.text and again.changes == ()
    assert again.doubts == once.doubts


@given(tricky)
def test_the_account_leads_from_the_original_to_the_text(text):
    found = examine(text)
    rebuilt, at = "", 0
    for change in found.changes:
        assert at <= change.start < change.stop and change.old != change.new and change.kinds
        assert text[change.start : change.stop] == change.old
        rebuilt += text[at : change.start] + change.new
        at = change.stop
    assert rebuilt + text[at:] == found.text
    assert unicodedata.is_normalized("NFC", found.text)
    assert sum(found.counts.values()) == sum(len(c.kinds) for c in found.changes)


@given(st.text(alphabet=st.characters(max_codepoint=0x7E, exclude_categories=["Cc"]) | st.just("\n")))
def test_plain_ascii_stays(text):
    assert examine(text).text == text and examine(text).ordinary


@pytest.mark.parametrize(
    "text",
    [
        "“It’s only a wolf,” said Zoë—half-asleep – at the café… naïve, coöperate; Brontë’s résumé.",
        "José, Björn, Łukasz, Søren, Nguyễn Thị Ánh, Ọbásanjọ́ and Hawaiʻi.",
        "£5, 10 °C, x² + y² = ½, 2ⁿ, H₂O, 5 µm, Δt, α-particles, π, 1º, the 5ᵗʰ, Acme™.",
        "She said ‘Он сказал: как дела, а?’ and left.",
        "He wrote ὁ ἄνθρωπος ναι on the wall.",
        "नमस्ते, 한국어, 中文, עברית, العربية — all at once.",
        "One.\n\nTwo.\tThree: a  b.",
    ],
)
def test_ordinary_text_comes_out_as_it_went_in(text):
    found = examine(text)
    assert (found.text, found.changes, found.doubts) == (text, (), ()) and found.ordinary


@pytest.mark.parametrize(
    ("text", "result", "kind"),
    [
        ("k\u200bi\u00adl\U000e0061\ufe0fl", "kill", Kind.INVISIBLE),
        ("\u202ekill\u202c \x00him\x08", "kill him", Kind.INVISIBLE),
        ("k\u3164i\u034f\u115fll", "kill", Kind.INVISIBLE),
        ("ｋｉｌｌ ｈｉｍ！", "kill him!", Kind.FORM),
        ("𝐤𝑖𝓁𝕝 ⓚⓘⓛⓛ ⒦⒤⒧⒧ ᵏⁱˡˡ ﬁre Ⅻ", "kill kill kill kill fire XII", Kind.FORM),
        ("🅺🅸🅻🅻", "KILL", Kind.FORM),
        ("кіӏӏ the саr", "kill the car", Kind.LOOKALIKE),
        ("Κill а mаn ᴋɪʟʟ kıll", "Kill a man kill kill", Kind.LOOKALIKE),
        ("ϳοhη хё", "john xë", Kind.LOOKALIKE),
        ("k\u0336i\u0336l\u20ddl", "kill", Kind.MARKS),
        ("e\u0301\u0302\u0303\u0304\u0305 k\u0308l", "é̂ kl", Kind.MARKS),
        ("\u0301a.\u0301", "a.", Kind.MARKS),
        ("a\u00a0b\u2003c\u2800d\r\ne\u2028f\x85g", "a b c d\ne\nf\ng", Kind.LAYOUT),
        ("well\u2011known, don\u02bct", "well-known, don’t", Kind.LAYOUT),
        ("cafe\u0301 \u212a \u1100\u1161\u11a8", "café K 각", Kind.COMPOSED),
    ],
)
def test_what_is_undone_and_why(text, result, kind):
    found = examine(text)
    assert found.text == result and kind in {k for c in found.changes for k in c.kinds}
    assert found.ordinary == (kind in (Kind.LAYOUT, Kind.COMPOSED))


def test_a_change_says_where_it_was():
    found = examine("He saw а wo\u200blf.")
    assert [(c.start, c.stop, c.old, c.new, c.kinds) for c in found.changes] == [
        (7, 8, "а", "a", (Kind.LOOKALIKE,)),
        (11, 12, "\u200b", "", (Kind.INVISIBLE,)),
    ]
    assert found.counts == {"invisible": 1, "lookalike": 1} and not found.ordinary


def test_changes_that_build_on_each_other_are_one():
    (change,) = examine("xk\u200b\u0336y").changes
    assert (change.old, change.new, change.kinds) == ("\u200b\u0336", "", (Kind.INVISIBLE, Kind.MARKS))


def test_a_tower_of_marks_is_no_long_work():
    found = examine("k" + "\u0301\u0336\u200b" * 20_000 + "ill")
    assert found.text == "ḱill" and found.counts == {"composed": 1, "invisible": 1, "marks": 1}


@pytest.mark.parametrize("text", ["killжф", "a\ue000b", "a\ufffd", "\ud800", "\u0378"])
def test_what_cannot_be_mended_is_doubted(text):
    found = examine(text)
    assert found.text == text and found.doubts and not found.ordinary


def test_lone_letters_with_a_use_of_their_own_stay():
    assert normalise("α and χ, but а") == "α and χ, but a"
    assert normalise("αpple") == "apple"


def test_every_table_entry_is_a_letter_drawn_as_another():
    for letter, twins in TWINS.items():
        for odd in twins:
            assert odd.isalpha() and script(odd) and not odd.isascii()
            assert twin(odd) == (letter, True, False) and normalise(f"x{odd}z") == f"x{letter}z"
            assert odd.islower() == letter.islower() or script(odd) in ("CHEROKEE", "LISU") or odd == "ӏ"
    assert plain_form("½") is None and plain_form("²") is None and plain_form("①") is None
