from __future__ import annotations

import pytest
import torch

from holdfast.errors import UnknownNameError
from holdfast.models.perturbation import Perturbation
from holdfast.training.objectives import Batch, ObjectiveSettings, ce, objective, sift, symmetric_kl
from tests.models import tiny


def batch(n: int = 6, **changes) -> Batch:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 40, (n, 10), generator=generator)
    mask = torch.ones_like(ids)
    mask[::2, 7:] = 0
    ids[::2, 7:] = 0
    values = {
        "inputs": {"input_ids": ids, "attention_mask": mask},
        "labels": torch.arange(n) % 2,
        "mask": mask.float()[..., None],
        "width": 32,
    }
    return Batch(**(values | changes))


def forward_of(model):
    site = Perturbation(model)

    def forward(inputs, delta):
        forward.deltas.append(delta)
        with site.set(delta):
            return model(**inputs).logits

    forward.deltas = []
    return forward


def test_divergence_is_zero_only_where_outputs_agree() -> None:
    a = torch.tensor([[0.3, 1.0], [2.0, -1.0]])
    assert float(symmetric_kl(a, a)) == 0
    assert float(symmetric_kl(a, a + 5)) == pytest.approx(0, abs=1e-6)
    assert float(symmetric_kl(a, a.flip(-1))) > 0.1


def test_sift_without_weight_is_cross_entropy() -> None:
    model = tiny.architecture("bert", 40, head=True)
    loss, _ = sift(forward_of(model), batch(), ObjectiveSettings(weight=0))
    plain, _ = ce(forward_of(model), batch(), ObjectiveSettings())
    torch.testing.assert_close(loss, plain)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "modernbert", "llama"])
def test_ascent_raises_the_divergence(kind) -> None:
    model = tiny.architecture(kind, 40, head=True).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    start = sift(forward_of(model), batch(), ObjectiveSettings(radius=1e-9))[1]["adversarial_divergence"]
    end = sift(forward_of(model), batch(), ObjectiveSettings(radius=0.05))[1]["adversarial_divergence"]
    assert float(end) > 1.5 * float(start) > 0


def test_padding_gets_no_delta_and_the_radius_ramps() -> None:
    model = tiny.architecture("bert", 40, head=True).eval()
    b = batch()
    forward = forward_of(model)
    sift(forward, b, ObjectiveSettings(radius=0.5))
    final = forward.deltas[-1]
    assert (final[b.mask[..., 0] == 0] == 0).all() and (final[b.mask[..., 0] == 1] != 0).any()
    assert final.abs().max() <= 0.5 + 0.02 + 1e-6
    early = forward_of(model)
    sift(early, batch(progress=0.03), ObjectiveSettings(radius=0.5, ramp=0.3))
    assert early.deltas[-1].abs().max() <= 0.05 + 0.02 + 1e-6


def test_shared_dropout_leaves_only_the_perturbation() -> None:
    model = tiny.architecture("bert", 40, head=True).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    tiny_step = {"radius": 1e-9, "noise": 1e-9}
    torch.manual_seed(0)
    shared = sift(forward_of(model), batch(), ObjectiveSettings(**tiny_step))[1]
    apart = sift(forward_of(model), batch(), ObjectiveSettings(**tiny_step, shared_dropout=False))[1]
    assert float(shared["adversarial_divergence"]) < 1e-9 < float(apart["adversarial_divergence"])


def test_a_gradient_that_is_not_finite_drops_the_term() -> None:
    model = tiny.architecture("bert", 40, head=True).eval()
    inner = forward_of(model)

    def forward(inputs, delta):
        logits = inner(inputs, delta)
        return logits * float("nan") if delta is not None and delta.requires_grad else logits

    loss, figures = sift(forward, batch(), ObjectiveSettings())
    assert torch.isfinite(loss) and float(figures["dropped"]) == 1


def test_weight_of_positives() -> None:
    def forward(inputs, delta):
        return torch.tensor([[0.0, 1.0], [0.0, 2.0]])

    two = batch(2, labels=torch.tensor([0, 1]))
    each = torch.nn.functional.cross_entropy(forward(None, None), two.labels, reduction="none")
    loss, _ = ce(forward, two, ObjectiveSettings(positive_weight=3))
    assert float(loss) == pytest.approx(float((each[0] + 3 * each[1]) / 2))


def test_unknown_objective() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sift'"):
        objective("sfit")
