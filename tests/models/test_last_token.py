from __future__ import annotations

import pytest
import torch

from holdfast.models.last_token import last_token_logits, takes_the_shorter_way
from tests.models import tiny


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, 40, (5, 14), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row, length in enumerate((14, 9, 1, 12, 2)):
        ids[row, length:], mask[row, length:] = 0, 0
    return ids, mask


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_outputs_and_gradients_are_the_model_s_own(layers, attention) -> None:
    model = tiny.architecture("llama", 40, head=True, layers=layers)
    model.set_attn_implementation(attention)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p))
    assert takes_the_shorter_way(model)
    ids, mask = inputs()

    def gradients(logits: torch.Tensor) -> list[torch.Tensor]:
        weighted = (logits * torch.arange(10).view(5, 2)).sum()
        return list(torch.autograd.grad(weighted, list(model.parameters())))

    plain = model(input_ids=ids, attention_mask=mask).logits
    short = last_token_logits(model, ids, mask)
    torch.testing.assert_close(short, plain, atol=1e-5, rtol=1e-4)
    for a, b in zip(gradients(short), gradients(plain), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


def test_other_models_go_their_own_way() -> None:
    for kind in ("bert", "gpt2", "qwen3"):
        assert not takes_the_shorter_way(tiny.architecture(kind, 40, head=True))


def test_a_llama_that_computes_something_else_is_noticed() -> None:
    model = tiny.architecture("llama", 40, head=True)
    norm = model.model.norm
    model.model.register_forward_hook(
        lambda m, x, y: setattr(y, "last_hidden_state", 2 * y.last_hidden_state)
    )
    assert norm is model.model.norm and not takes_the_shorter_way(model)
