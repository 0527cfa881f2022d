from __future__ import annotations

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


@pytest.mark.parametrize("kind", ["llama", "bert"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_outputs_and_gradients_are_the_model_s_own(kind, layers, attention) -> None:
    model = tiny.architecture(kind, 40, head=True, layers=layers)
    model.set_attn_implementation(attention)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p))
    way = shorter_way(model)
    assert way is not None

    def gradients(logits: torch.Tensor) -> list[torch.Tensor]:
        weighted = (logits * torch.arange(10).view(5, 2)).sum()
        return list(torch.autograd.grad(weighted, list(model.parameters())))

    plain = model(**inputs(kind)).logits
    short = way(model, inputs(kind))
    torch.testing.assert_close(short, plain, atol=1e-5, rtol=1e-4)
    for a, b in zip(gradients(short), gradients(plain), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


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
