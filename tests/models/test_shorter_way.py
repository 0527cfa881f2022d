from __future__ import annotations

from typing import Any

import pytest
import torch

from holdfast.models.shorter_way import shorter_way
from tests.models import tiny


def inputs(kind: str) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 40, (5, 14), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row, length in enumerate((14, 9, 1, 12, 2)):
        ids[row, length:], mask[row, length:] = 0, 0
    found = {"input_ids": ids, "attention_mask": mask}
    if kind == "bert":
        found["token_type_ids"] = (torch.arange(14) > 5).long().repeat(5, 1)
    return found


def shaken(model: Any) -> Any:
    """The model, no weight of it zero."""
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return model


def deberta(layers: int = 2, **changes: Any) -> Any:
    """A tiny classifier with the attention of DeBERTa-v3."""
    v3 = {
        "type_vocab_size": 0,
        "position_biased_input": False,
        "relative_attention": True,
        "position_buckets": 8,
        "pos_att_type": ["p2c", "c2p"],
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pooler_hidden_size": 32,
    }
    return tiny.architecture("deberta-v2", 40, head=True, layers=layers, **(v3 | changes))


def check_alike(model: Any, batch: dict[str, torch.Tensor]) -> None:
    way = shorter_way(model)
    assert way is not None
    n = len(batch["input_ids"])

    def gradients(logits: torch.Tensor) -> list[torch.Tensor]:
        weighted = (logits * torch.arange(2 * n).view(n, 2)).sum()
        return list(torch.autograd.grad(weighted, list(model.parameters())))

    plain = model(**batch).logits
    short = way(model, batch)
    torch.testing.assert_close(short, plain, atol=1e-5, rtol=1e-4)
    for a, b in zip(gradients(short), gradients(plain), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("kind", ["llama", "bert"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_outputs_and_gradients_are_the_model_s_own(kind, layers, attention) -> None:
    model = tiny.architecture(kind, 40, head=True, layers=layers)
    model.set_attn_implementation(attention)
    check_alike(shaken(model), inputs(kind))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("buckets", [8, 40, -1])
@pytest.mark.parametrize("length", [1, 2, 14, 60])
def test_positions_of_deberta_near_and_in_buckets(layers, buckets, length) -> None:
    ids = torch.randint(5, 40, (5, length), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row, own in enumerate((length, 9, 1, 40, 2)):
        ids[row, own:], mask[row, own:] = 0, 0
    model = shaken(deberta(layers, position_buckets=buckets))
    check_alike(model, {"input_ids": ids, "attention_mask": mask})


def test_deberta_scores_before_gradients() -> None:
    model = deberta().eval()
    way = shorter_way(model)
    assert way is not None
    batch = inputs("deberta-v2")
    batch = {name: value[:, :13] for name, value in batch.items()}  # a length that nothing else has
    with torch.inference_mode():
        first = way(model, batch)
    assert torch.equal(way(model, batch), first)
    way(model, batch).sum().backward()


@pytest.mark.parametrize(
    "changes",
    [
        {"relative_attention": False},
        {"pos_att_type": ["c2p"]},
        {"share_att_key": False},
        {"conv_kernel_size": 3},
    ],
)
def test_another_deberta_goes_its_own_way(changes) -> None:
    assert shorter_way(deberta(**changes)) is None


def test_a_batch_without_padding_and_without_segments() -> None:
    model = tiny.architecture("bert", 40, head=True).eval()
    batch = {k: v[:1] for k, v in inputs("bert").items() if k != "token_type_ids"}
    way = shorter_way(model)
    assert way is not None
    torch.testing.assert_close(way(model, batch), model(**batch).logits, atol=1e-6, rtol=1e-5)


def test_other_models_go_their_own_way() -> None:
    for kind in ("gpt2", "qwen3", "roberta", "distilbert"):
        assert shorter_way(tiny.architecture(kind, 40, head=True)) is None


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_a_model_that_computes_something_else_is_noticed(kind) -> None:
    model = tiny.architecture(kind, 40, head=True)
    base = getattr(model, model.base_model_prefix)

    def doubled(module: object, inputs: object, output: object) -> object:
        for name in ("last_hidden_state", "pooler_output"):
            if getattr(output, name, None) is not None:
                setattr(output, name, 2 * getattr(output, name) + 1)
        return output

    base.register_forward_hook(doubled)
    assert shorter_way(model) is None
