from __future__ import annotations

import pytest
import torch
from torch import nn

from holdfast.errors import ConfigError
from holdfast.models.perturbation import Perturbation, special_mask
from tests.models import tiny

KINDS = ["bert", "roberta", "electra", "distilbert", "deberta-v2", "albert", "modernbert", "gpt2", "llama"]


def inputs(seed: int = 0) -> dict[str, torch.Tensor]:
    """Four rows, right-padded with token 0."""
    ids = torch.randint(5, 40, (4, 12), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    for row, length in enumerate((12, 9, 7, 12)):
        ids[row, length:] = 0
        mask[row, length:] = 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("kind", KINDS)
def test_off_it_does_nothing_and_on_padding_has_no_gradient(kind) -> None:
    model = tiny.architecture(kind, 40, head=True).eval()
    plain = model(**inputs()).logits
    site = Perturbation(model)
    assert torch.equal(model(**inputs()).logits, plain)
    assert site.site == ("embedding" if kind in ("gpt2", "llama") else "embedding_norm")
    delta = torch.zeros(*site.shape, requires_grad=True)
    with site.set(delta):
        same = model(**inputs()).logits
    torch.testing.assert_close(same, plain, atol=1e-6, rtol=1e-5)
    (gradient,) = torch.autograd.grad((same[:, 1] - same[:, 0]).sum(), delta)
    per_token = gradient.norm(dim=-1)
    padded = inputs()["attention_mask"] == 0
    assert (per_token[padded] == 0).all() and (per_token[~padded] > 0).any()
    with site.set(0.3 * torch.randn(*site.shape)):
        assert not torch.allclose(model(**inputs()).logits, plain)
    site.remove()
    assert torch.equal(model(**inputs()).logits, plain)


def test_relative_perturbation_is_sift_s() -> None:
    """LN(LN0(x) + d) = LN(x + std(x) d)."""
    model = tiny.architecture("bert", 40, head=True).eval().double()
    norm = model.bert.embeddings.LayerNorm
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
    delta = 0.2 * torch.randn(4, 12, 32, dtype=torch.float64)
    seen: list[torch.Tensor] = []
    handle = norm.register_forward_pre_hook(lambda m, x: seen.append(x[0]))
    model(**inputs())
    handle.remove()
    bare = nn.functional.layer_norm(seen[0], (32,), eps=norm.eps)
    expected = norm(bare + delta)
    site = Perturbation(model)
    out: list[torch.Tensor] = []
    handle = norm.register_forward_hook(lambda m, x, y: out.append(y))
    with site.set(delta.float()):
        model(**inputs())
    handle.remove()
    torch.testing.assert_close(out[0], expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "llama", "modernbert"])
def test_a_block_can_be_the_site(kind) -> None:
    model = tiny.architecture(kind, 40, head=True).eval()
    plain = model(**inputs()).logits
    site = Perturbation(model, "block:0")
    model(**inputs())
    assert site.shape == (4, 12, 32)
    with site.set(torch.randn(4, 12, 32)):
        assert not torch.allclose(model(**inputs()).logits, plain)


def test_radius_is_a_fraction_of_the_vector() -> None:
    model = tiny.architecture("llama", 40, head=True).eval()
    site = Perturbation(model)
    x = torch.randn(2, 3, 32) * torch.tensor([0.1, 1.0, 50.0])[:, None]
    site.delta = torch.full((2, 3, 32), 0.1)
    moved = (site._add(x) - x).norm(dim=-1) / x.norm(dim=-1)
    torch.testing.assert_close(moved, torch.full((2, 3), 0.1), rtol=1e-3, atol=1e-5)


def test_mask_leaves_out_padding_and_special_tokens() -> None:
    mask = special_mask(inputs()["input_ids"], inputs()["attention_mask"], [5, 6])
    ids = inputs()["input_ids"]
    assert ((mask[..., 0] == 0) == ((ids == 0) | (ids == 5) | (ids == 6))).all()


def test_unknown_site() -> None:
    with pytest.raises(ConfigError, match="site"):
        Perturbation(tiny.architecture("llama", 40, head=True), "pooled")
    with pytest.raises(ConfigError, match="norm"):
        Perturbation(tiny.architecture("llama", 40, head=True), "embedding_norm")
