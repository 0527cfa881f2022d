from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from holdfast.config import GeneratorConfig
from holdfast.errors import TextTooLongError
from holdfast.models.generator import SamplingRules, load_generator, new_generator
from holdfast.models.sampling import Rules, decode_batch, pick, uniforms
from holdfast.protocols import Generator
from holdfast.types import Snippet
from tests.models import tiny

PROMPTS = [tiny.snippet(i, False).prompt for i in range(12)]


@pytest.fixture(scope="module")
def generator():
    made = tiny.generator()
    made.metadata = made.metadata.__class__(**(made.metadata.__dict__ | {"training": {"steps": 1}}))
    with torch.no_grad():  # an untrained model that ends now and then
        made.model.get_output_embeddings().weight[made.encoder.tokenizer.eos_token_id] += 0.05
    return made


def test_draws_depend_on_seed_prompt_and_index_only(generator) -> None:
    assert isinstance(generator, Generator)
    generator.rules = SamplingRules(max_new_tokens=30)
    everything = generator.sample(PROMPTS, 4, 7)
    for i in (0, 5, 11):
        assert generator.sample([PROMPTS[i]], 4, 7)[0] == everything[i]
    assert generator.sample(PROMPTS[::-1], 2, 7)[::-1] == [e[:2] for e in everything]
    assert generator.sample(PROMPTS, 2, 7, first=2) == [e[2:] for e in everything]
    assert generator.sample(PROMPTS, 4, 8) != everything
    assert len({c for e in everything for c in e}) > 12


def test_unfinished_draws_are_redrawn_then_empty(generator) -> None:
    made = tiny.generator()
    made.metadata = generator.metadata
    made.rules = SamplingRules(max_new_tokens=1)
    found = made.sample(PROMPTS[:3], 2, 0)
    assert made.drawn == 6
    assert made.unfinished == sum(c == "" for e in found for c in e) > 0
    assert made.redrawn >= made.unfinished


def test_special_tokens_are_never_drawn(generator) -> None:
    rules = generator._token_rules()
    assert set(rules.banned) == {0, 1, 2} and rules.eos == 3


def test_inverse_cdf_follows_the_distribution() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]]).repeat(20000, 1)
    u = (np.arange(20000) + 0.5) / 20000
    counts = np.bincount(pick(logits, u, Rules(eos=None)), minlength=4) / 20000
    np.testing.assert_allclose(counts, torch.softmax(logits[0], -1), atol=1e-4)
    nucleus = pick(logits, u, Rules(eos=None, top_p=0.6))
    assert set(nucleus) == {2}
    banned = pick(logits, u, Rules(eos=None, banned=(2,)))
    assert 2 not in banned
    cold = pick(logits, u, Rules(eos=None, temperature=0.05))
    assert (cold == 2).mean() > 0.999


def test_uniforms_are_named_streams() -> None:
    assert (uniforms(1, "a", 0, 0, 5) == uniforms(1, "a", 0, 0, 9)[:5]).all()
    others = [uniforms(2, "a", 0, 0, 5), uniforms(1, "b", 0, 0, 5), uniforms(1, "a", 1, 0, 5)]
    assert all((uniforms(1, "a", 0, 0, 5) != o).all() for o in others)


def test_cache_and_forced_prompts_agree_with_plain_forwards(generator) -> None:
    ids = generator.encoder.prompt_ids(PROMPTS)
    u = np.stack([uniforms(0, p, 0, 0, 10) for p in PROMPTS])
    rules = Rules(eos=3, max_new_tokens=10)
    with torch.inference_mode():
        drawn = decode_batch(generator.model, ids, u, rules)
        for prompt, row, (tokens, _) in zip(ids, u, drawn, strict=True):
            text: list[int] = []
            while len(text) < 10:
                logits = generator.model(input_ids=torch.tensor([[*prompt, *text]])).logits[:, -1]
                token = int(pick(logits, row[len(text) : len(text) + 1], rules)[0])
                if token == 3:
                    break
                text.append(token)
            assert text == tokens


def test_log_prob_is_a_probability(generator) -> None:
    """It agrees with plain forwards, special tokens left out."""
    prompt = "Anna"
    tokenizer = generator.encoder.tokenizer
    ids = generator.encoder.prompt_ids([prompt])[0]
    token = tokenizer("knife", add_special_tokens=False)["input_ids"]
    assert len(token) == 1
    with torch.no_grad():
        first = generator.model(input_ids=torch.tensor([ids])).logits[0, -1].double()
        second = generator.model(input_ids=torch.tensor([[*ids, *token]])).logits[0, -1].double()
    for logits in (first, second):
        logits[[0, 1, 2]] = -torch.inf
    expected = first.log_softmax(-1)[token[0]] + second.log_softmax(-1)[3]
    assert generator.log_prob(prompt, "knife") == pytest.approx(float(expected), abs=1e-5)
    assert math.exp(generator.log_prob(prompt, "knife")) < 1


def test_prompt_too_long(generator) -> None:
    with pytest.raises(TextTooLongError, match="prompt has"):
        generator.sample(["Anna picked up the rope. " * 20], 1, 0)


def test_hub_model_stops_at_a_sentence_end(tmp_path) -> None:
    base = tiny.hub_causal(tmp_path / "hub")
    made = new_generator(GeneratorConfig(base=str(base), max_length=64), device="cpu")
    made.rules = SamplingRules(max_new_tokens=40, sentences=1)
    assert made.metadata.template == "text"
    stop = made._token_rules().stop
    tokens = made.encoder.tokenizer(" Anna ran. Ben ran. Clara")["input_ids"]
    assert stop is not None and stop(tokens)
    assert made._text(tokens, True) == "Anna ran."
    assert made._text(made.encoder.tokenizer(" Anna ran")["input_ids"], False) == ""
    assert made._text(made.encoder.tokenizer(" Anna ran")["input_ids"], True) == "Anna ran"
    found = made.sample(PROMPTS[:3], 2, 0)
    assert found[1] == made.sample([PROMPTS[1]], 2, 0)[0]
    assert math.isfinite(made.log_prob(PROMPTS[0], "Anna ran."))


def test_save_and_load(generator, tmp_path) -> None:
    saved = generator.save(tmp_path / "g")
    loaded = load_generator(tmp_path / "g", ref=saved.checkpoint, device="cpu")
    loaded.rules = generator.rules = SamplingRules(max_new_tokens=20)
    assert loaded.sample(PROMPTS, 2, 3) == generator.sample(PROMPTS, 2, 3)
    assert loaded.name == saved.name
    snippets = [Snippet(prompt=p, completion="Anna ran.") for p in PROMPTS]
    assert loaded.log_probs(snippets) == generator.log_probs(snippets)
