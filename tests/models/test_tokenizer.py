from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import CheckpointError, InputError
from holdfast.models.tokenizer import decode_text, load_tokenizer, train_tokenizer
from tests.models import tiny

TOKENIZER = tiny.tokenizer()


def test_lossless_without_unknown_token() -> None:
    @settings(max_examples=200, deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def check(text: str) -> None:
        ids = TOKENIZER.backend_tokenizer.encode(text, add_special_tokens=False).ids
        back = decode_text(TOKENIZER, ids)
        assert back == (text[1:] if text.startswith(" ") else text)

    check()


def test_words_are_single_tokens_wherever_they_stand() -> None:
    def tokens(text: str) -> list[int]:
        return TOKENIZER(text, add_special_tokens=False)["input_ids"]

    assert len(tokens("Anna picked")) == 2
    assert tokens("Anna picked up") == tokens("Anna") + tokens("picked up")


def test_pair_is_bos_prompt_sep_completion_eos() -> None:
    ids = TOKENIZER("Anna picked", "up")["input_ids"]
    assert (ids[0], ids[3], ids[-1]) == (
        TOKENIZER.bos_token_id,
        TOKENIZER.sep_token_id,
        TOKENIZER.eos_token_id,
    )
    assert TOKENIZER("Anna")["input_ids"][-1] != TOKENIZER.eos_token_id


def test_same_texts_same_tokenizer_and_saved_folder(tmp_path) -> None:
    again = tiny.tokenizer()
    assert again.backend_tokenizer.to_str() == TOKENIZER.backend_tokenizer.to_str()
    again.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded("Anna cut", "the rope")["input_ids"] == TOKENIZER("Anna cut", "the rope")["input_ids"]
    assert loaded.padding_side == "right"


def test_refusals(tmp_path) -> None:
    with pytest.raises(InputError):
        train_tokenizer([])
    with pytest.raises(CheckpointError):
        load_tokenizer(tmp_path / "nothing")
