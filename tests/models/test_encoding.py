from __future__ import annotations

import pytest

from holdfast.errors import TextTooLongError
from holdfast.models.encoding import Encoder, collate, length_batches
from holdfast.models.tokenizer import load_tokenizer
from holdfast.types import Snippet
from tests.models import tiny

SNIPPETS = [tiny.snippet(i, i % 2 == 0) for i in range(12)]


@pytest.fixture(scope="module")
def encoders(tmp_path_factory) -> dict[str, Encoder]:
    hub = tiny.hub_causal(tmp_path_factory.mktemp("hub"))
    return {
        "sep": Encoder(tiny.tokenizer(), template="sep", max_length=64),
        "pair": Encoder(tiny.word_tokenizer(), template="pair", max_length=64),
        "text": Encoder(load_tokenizer(hub), template="text", max_length=64),
    }


@pytest.mark.parametrize("template", ["sep", "pair", "text"])
def test_spans_cover_the_words(encoders, template) -> None:
    encoder = encoders[template]
    for snippet in SNIPPETS:
        spans = encoder.spans(snippet)
        assert len(spans) == len(encoder.encode([snippet])[0])
        for side in ("prompt", "completion"):
            text = getattr(snippet, side)
            covered = {i for s in spans if s and s[0] == side for i in range(s[1], s[2])}
            assert all(i in covered for i, c in enumerate(text) if not c.isspace())


def test_pair_template_is_the_tokenizers_own(encoders) -> None:
    encoder = encoders["pair"]
    own = encoder.tokenizer([s.prompt for s in SNIPPETS], [s.completion for s in SNIPPETS])["input_ids"]
    assert [list(e.ids) for e in encoder.encode(SNIPPETS)] == own


def test_sep_template_is_the_tokenizers_pair(encoders) -> None:
    encoder = encoders["sep"]
    own = encoder.tokenizer([s.prompt for s in SNIPPETS], [s.completion for s in SNIPPETS])["input_ids"]
    encoded = encoder.encode(SNIPPETS)
    assert [list(e.ids) for e in encoded] == own
    assert encoder.prompt_ids([s.prompt for s in SNIPPETS]) == [e.ids[: e.prompt] for e in encoded]


def test_text_template_reads_as_running_text(encoders) -> None:
    encoder = encoders["text"]
    for snippet, encoded in zip(SNIPPETS, encoder.encode(SNIPPETS), strict=True):
        assert encoder.tokenizer.decode(encoded.ids, skip_special_tokens=True) == snippet.text
        assert encoder.prompt_ids([snippet.prompt])[0] == encoded.ids[: encoded.prompt]


@pytest.mark.parametrize("template", ["sep", "pair", "text"])
def test_too_long_names_tokens_found_and_allowed(encoders, template) -> None:
    long = Snippet(prompt="Anna picked up the rope. " * 30, completion="Ben cut it.")
    with pytest.raises(TextTooLongError, match=r"has \d+ tokens.*[\s\S]*at most 64"):
        encoders[template].encode([SNIPPETS[0], long])


@pytest.mark.parametrize("template", ["sep", "pair", "text"])
def test_text_that_looks_like_a_special_token_stays_text(encoders, template) -> None:
    encoder = encoders[template]
    special = {getattr(encoder.tokenizer, f"{t}_token_id") for t in ("bos", "eos", "sep", "pad", "cls")} - {
        None
    }
    plain = encoder.encode([Snippet(prompt="Anna", completion="Ben cut")])[0]
    fake = encoder.tokenizer.sep_token or encoder.tokenizer.eos_token
    tricky = encoder.encode([Snippet(prompt="Anna", completion=f"Ben {fake} cut")])[0]
    count = lambda e: sum(i in special for i in e.ids)  # noqa: E731
    assert count(tricky) == count(plain)


def test_batches_restore_order_and_bound_tokens() -> None:
    lengths = [5, 9, 3, 9, 1, 7]
    batches = length_batches(lengths, rows=2, tokens=16)
    assert sorted(i for b in batches for i in b) == list(range(6))
    assert all(len(b) * max(lengths[i] for i in b) <= 16 or len(b) == 1 for b in batches)


def test_collate_pads_on_the_right(encoders) -> None:
    encoder = encoders["sep"]
    encoded = encoder.encode(SNIPPETS)
    batch = collate(encoded, encoder.pad_id)
    for row, e in enumerate(encoded):
        assert batch["attention_mask"][row].tolist() == [1] * len(e) + [0] * (
            batch["input_ids"].shape[1] - len(e)
        )
        assert set(batch["input_ids"][row, len(e) :].tolist()) <= {encoder.pad_id}


def test_encoders_of_one_tokeniser_share_what_they_have_read():
    """Rounds read the same texts with one tokeniser, loaded anew each time; another one reads its own."""
    first, again = (Encoder(tiny.tokenizer(), template="sep", max_length=64) for _ in range(2))
    other = Encoder(tiny.tokenizer(340), template="sep", max_length=64)
    text = Snippet(prompt="Nobody said this before.", completion="It is read once.")
    ids = first.encode([text])
    assert text.prompt in again._cache and text.prompt not in other._cache
    assert again.encode([text]) == ids
