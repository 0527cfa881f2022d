from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from holdfast.config import ClassifierConfig
from holdfast.errors import CheckpointError, InputError
from holdfast.models.classifier import load_classifier, new_classifier
from holdfast.protocols import DifferentiableClassifier
from tests.models import tiny

SNIPPETS = [tiny.snippet(i, i % 2 == 0) for i in range(40)]


@pytest.fixture(scope="module")
def classifier():
    return tiny.classifier()


def test_is_a_differentiable_classifier(classifier) -> None:
    assert isinstance(classifier, DifferentiableClassifier)


def test_scores_do_not_depend_on_order_mates_or_copies(classifier) -> None:
    scores = classifier.score(SNIPPETS)
    assert scores.dtype == np.float64 and scores.shape == (40,)
    order = np.random.default_rng(0).permutation(40)
    shuffled = classifier.score([SNIPPETS[i] for i in order])
    np.testing.assert_allclose(shuffled, scores[order], atol=1e-6)
    alone = np.concatenate([classifier.score([s]) for s in SNIPPETS])
    np.testing.assert_allclose(alone, scores, atol=1e-6)
    copies = classifier.score(SNIPPETS + SNIPPETS)
    assert (copies[:40] == copies[40:]).all()
    assert classifier.score([]).shape == (0,)


def test_save_and_load_give_the_same_logits(classifier, tmp_path) -> None:
    saved = classifier.save(tmp_path / "c")
    loaded = load_classifier(tmp_path / "c", ref=saved.checkpoint, device="cpu")
    assert (loaded.score(SNIPPETS) == classifier.score(SNIPPETS)).all()
    assert loaded.checkpoint == saved.checkpoint
    config = json.loads((tmp_path / "c" / "config.json").read_text())
    assert config["id2label"] == {"0": "SAFE", "1": "NOT_SAFE"}


def test_half_precision_file_loads_as_float32(classifier, tmp_path) -> None:
    classifier.save(tmp_path / "c")
    weights = tmp_path / "c" / "model.safetensors"
    save_file({k: v.half() for k, v in load_file(weights).items()}, weights, metadata={"format": "pt"})
    config = tmp_path / "c" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"dtype": "float16"}))
    loaded = load_classifier(tmp_path / "c", device="cpu")
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}


def test_bfloat16_scores_are_near_and_not_rounded(classifier, tmp_path) -> None:
    classifier.save(tmp_path / "c")
    half = load_classifier(tmp_path / "c", device="cpu", dtype="bfloat16").score(SNIPPETS)
    np.testing.assert_allclose(half, classifier.score(SNIPPETS), atol=0.02)
    rounded = torch.tensor(half).to(torch.bfloat16).double().numpy()
    assert (half != rounded).mean() > 0.5


def test_refuses_outputs_without_meaning(tmp_path) -> None:
    model = tiny.architecture("bert", 60, head=True)
    model.save_pretrained(tmp_path)
    tiny.word_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="LABEL_0"):
        load_classifier(tmp_path, device="cpu", max_length=64)


def test_reversed_labels_turn_the_sign(classifier, tmp_path) -> None:
    classifier.save(tmp_path / "c")
    config = tmp_path / "c" / "config.json"
    values = json.loads(config.read_text()) | {"id2label": {"0": "unsafe", "1": "safe"}}
    config.write_text(json.dumps(values))
    turned = load_classifier(tmp_path / "c", device="cpu")
    np.testing.assert_allclose(turned.score(SNIPPETS), -classifier.score(SNIPPETS))


def test_refuses_other_tokenizer_or_weights(classifier, tmp_path) -> None:
    saved = classifier.save(tmp_path / "c")
    weights = tmp_path / "c" / "model.safetensors"
    changed = {k: v + 1 for k, v in load_file(weights).items()}
    save_file(changed, weights, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="hashes to"):
        load_classifier(tmp_path / "c", ref=saved.checkpoint, device="cpu")
    file = tmp_path / "c" / "tokenizer.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(CheckpointError, match="tokeniser"):
        load_classifier(tmp_path / "c", device="cpu")


def test_nan_is_an_error(tmp_path) -> None:
    broken = tiny.classifier()
    with torch.no_grad():
        broken.model.score.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="not finite"):
        broken.score(SNIPPETS[:1])


def test_gradient_is_the_derivative_by_the_embedding(classifier) -> None:
    found = classifier.token_gradients(SNIPPETS[0])
    assert found.gradient.shape == (len(found.ids), 32) and len(found.spans) == len(found.ids)
    place = next(i for i, span in enumerate(found.spans) if span)
    direction = torch.randn(32, generator=torch.Generator().manual_seed(0))

    def moved(epsilon: float) -> float:
        def add(module, inputs, output):
            output = output.clone()
            output[0, place] += epsilon * direction
            return output

        handle = classifier.model.get_input_embeddings().register_forward_hook(add)
        try:
            return float(classifier.score([SNIPPETS[0]])[0])
        finally:
            handle.remove()

    slope = (moved(1e-3) - moved(-1e-3)) / 2e-3
    assert slope == pytest.approx(float(found.gradient[place] @ direction), rel=0.02, abs=1e-4)
    assert found.logit == pytest.approx(classifier.score([SNIPPETS[0]])[0], abs=1e-6)


def test_saliency_points_into_the_text(classifier) -> None:
    for side, start, stop, value in classifier.saliency(SNIPPETS[1]):
        assert getattr(SNIPPETS[1], side)[start:stop].strip()
        assert value >= 0


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "llama"])
def test_any_base(tmp_path, kind) -> None:
    base = tiny.encoder(tmp_path / "base", kind)
    config = ClassifierConfig(base=str(base), max_length=64)
    made = new_classifier(config, device="cpu", seed=3)
    scores = made.score(SNIPPETS)
    alone = np.concatenate([made.score([s]) for s in SNIPPETS[:5]])
    np.testing.assert_allclose(alone, scores[:5], atol=1e-5)
    assert scores.std() > 0
    again = new_classifier(config, device="cpu", seed=3)
    assert (again.score(SNIPPETS) == scores).all()
    made.save(tmp_path / "c")
    loaded = load_classifier(tmp_path / "c", device="cpu")
    assert (loaded.score(SNIPPETS) == scores).all()
    assert loaded.saliency(SNIPPETS[0])


def test_generator_as_base_keeps_its_weights_and_template(tmp_path) -> None:
    tiny.generator().save(tmp_path / "g")
    made = new_classifier(ClassifierConfig(**tiny.SMALL), generator=tmp_path / "g", device="cpu")
    assert made.metadata.template == "sep"
    saved = load_file(tmp_path / "g" / "model.safetensors")
    assert torch.equal(made.model.get_input_embeddings().weight, saved["model.embed_tokens.weight"])
    with pytest.raises(CheckpointError, match="train generator"):
        new_classifier(ClassifierConfig(**tiny.SMALL), device="cpu")


def test_causal_base_without_padding_token(tmp_path) -> None:
    base = tiny.hub_causal(tmp_path / "hub")
    made = new_classifier(ClassifierConfig(base=str(base), max_length=64), device="cpu")
    scores = made.score(SNIPPETS)
    alone = np.concatenate([made.score([s]) for s in SNIPPETS[:5]])
    np.testing.assert_allclose(alone, scores[:5], atol=1e-5)


def test_too_short_positions_are_refused(tmp_path) -> None:
    base = tiny.hub_causal(tmp_path / "hub")
    with pytest.raises(CheckpointError, match="64 tokens"):
        new_classifier(ClassifierConfig(base=str(base), max_length=160), device="cpu")


def test_wide_models_score_few_texts_at_once_on_a_cpu() -> None:
    made = tiny.classifier()
    texts = [tiny.snippet(i, i % 2 == 0) for i in range(24)]
    rows: list[int] = []
    made.model.score.register_forward_hook(lambda module, inputs, output: rows.append(len(output)))
    together = made.score(texts)
    assert rows == [24]
    # Only the size of batches asks for it.
    made.model.config.hidden_size = 1024 * 384 // 64
    rows.clear()
    np.testing.assert_allclose(made.score(texts), together, atol=1e-5)
    assert sum(rows) == 24 and max(rows) < 8


def test_cpu_batches_follow_the_width() -> None:
    made = tiny.classifier()
    tokens = {}
    for width in (32, 128, 384, 1024):
        made.model.config.hidden_size = width
        tokens[width] = made._batch_tokens()
    assert tokens == {32: 1536, 128: 384, 384: 1024, 1024: 384}
