"""Maps on models small enough to know the answer, and on real ones of each template."""

import math
import sys

import numpy as np
import pytest
import torch

from holdfast.attacks.fidelity import compare_methods, fidelity, true_changes
from holdfast.attacks.saliency import (
    METHODS,
    EmbeddingDifferentiable,
    cost_of,
    default_method,
    saliency_map,
)
from holdfast.config import ClassifierConfig
from holdfast.edits.words import words
from holdfast.errors import InputError, MeasurementError, TextTooLongError, UnknownNameError
from holdfast.models.classifier import new_classifier
from holdfast.stats import Resampling
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import SaliencyMap, Snippet
from tests.attacks.toy import EMPTY, EmbeddedToy, ToyClassifier
from tests.edits.little import proposer, snippets
from tests.models import tiny

SNIPPET = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf quickly.")
ODD = Snippet(prompt="“Zoë’s half-asleep,”\n\nhe SAID—", completion=" Anna cut Ben with the knife …")
ONE = Snippet(prompt="", completion="Run")
MARKS = Snippet(prompt="", completion="…!")


TOY = EmbeddedToy(bias=1.0)


def squashed(target, snippet):
    ids = target.encoder.encode([snippet])[0].ids
    return torch.tanh(target.matrix[list(ids)] @ target.direction), math.tanh(
        float(target.neutral() @ target.direction)
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """One classifier a template: `sep`, `pair` (with a mask token), `text`."""
    folder = tmp_path_factory.mktemp("bases")
    bert = ClassifierConfig(base=str(tiny.encoder(folder / "bert", "bert")), max_length=64)
    gpt2 = ClassifierConfig(base=str(tiny.hub_causal(folder / "gpt2")), max_length=64)
    made = [tiny.classifier(seed=1), *(new_classifier(c, device="cpu", seed=3) for c in (bert, gpt2))]
    assert [m.metadata.template for m in made] == ["sep", "pair", "text"]
    return made


@pytest.mark.parametrize("method", METHODS)
def test_one_finite_value_a_word_of_both_sides(method, real):
    for target in (TOY, *real):
        found = saliency_map(SNIPPET, target, method)
        texts = [getattr(SNIPPET, side)[a:b] for side, a, b, _ in found.words]
        assert texts == "Ann saw the wolf Tom hit the old wolf quickly".split()
        assert all(math.isfinite(v) for *_, v in found.words) and found.method == method
        assert found == saliency_map(SNIPPET, target, method)
        if not METHODS[method].signed:
            assert min(v for *_, v in found.words) >= 0


@pytest.mark.parametrize("method", METHODS)
def test_words_of_several_tokens_and_odd_marks(method, real):
    for target in real:
        found = saliency_map(ODD, target, method)
        every = [
            (side, w.start, w.stop) for side in ("prompt", "completion") for w in words(getattr(ODD, side))
        ]
        assert [w[:3] for w in found.words] == every


def test_each_map_is_what_it_says():
    values, neutral = squashed(TOY, SNIPPET)
    for method, expected in (
        ("deletion", values),
        ("mask", (1 - values**2) * ((TOY.matrix - TOY.neutral()) @ TOY.direction)[_ids(SNIPPET)]),
        ("integrated", values - neutral),
        ("gradient", (1 - values**2).abs() * TOY.direction.norm()),
    ):
        found = [v for *_, v in saliency_map(SNIPPET, TOY, method, steps=400).words]
        assert found == pytest.approx(expected.tolist(), abs=2e-3), method


def _ids(snippet):
    return list(TOY.encoder.encode([snippet])[0].ids)


def test_integrated_gradients_are_complete(real):
    """The attributions of all tokens sum to the logit minus that of the text with its tokens masked."""
    values, neutral = squashed(TOY, SNIPPET)
    found = saliency_map(SNIPPET, TOY, "integrated", steps=200)
    assert sum(v for *_, v in found.words) == pytest.approx(float((values - neutral).sum()), abs=1e-3)
    for target in real:
        gaps = [saliency_map(SNIPPET, target, "integrated", steps=n).gap for n in (2, 64)]
        assert gaps[1] < 0.02 and gaps[1] < gaps[0]


def test_integrated_gradients_are_the_midpoint_rule(real):
    """(x - b) . mean gradient at (k + 1/2) / n, written out for one classifier."""
    target, steps = real[1], 8
    ids = target.encoder.encode([SNIPPET])[0].ids
    spans = target.encoder.spans(SNIPPET)
    x = target.embed(ids)
    b = torch.stack([v if s is None else target.neutral() for v, s in zip(x, spans, strict=True)])
    path = torch.stack([b + (k + 0.5) / steps * (x - b) for k in range(steps)]).requires_grad_()
    (gradient,) = torch.autograd.grad(target.embedding_logits(SNIPPET, path).sum(), path)
    parts = ((x - b) * gradient.mean(0)).sum(-1).tolist()
    by_span = {s: v for s, v in zip(spans, parts, strict=True) if s is not None}
    for side, start, stop, value in saliency_map(SNIPPET, target, "integrated", steps=steps).words:
        assert value == pytest.approx(by_span[side, start, stop], abs=1e-5)


def test_a_mask_is_the_mask_token_or_the_mean_of_common_ones(real):
    sep, pair, _ = real
    mask = pair.encoder.tokenizer.mask_token_id
    assert torch.equal(pair.neutral(), pair.model.get_input_embeddings().weight[mask])
    torch.testing.assert_close(sep.neutral(), sep.model.get_input_embeddings().weight.mean(0))


def test_logits_at_the_own_embeddings_are_the_logits(real):
    for target in real:
        rows = target.embed(target.encoder.encode([SNIPPET])[0].ids)[None].repeat(3, 1, 1)
        target.model.train()
        found = target.embedding_logits(SNIPPET, rows).tolist()
        assert target.model.training and not target.model.get_input_embeddings()._forward_hooks
        target.model.eval()
        assert found == pytest.approx([float(target.score([SNIPPET])[0])] * 3, abs=1e-5)


def test_costs_are_those_stated(real):
    for method in METHODS:
        counted = CountingScorer(TOY)
        found = saliency_map(SNIPPET, counted, method, steps=5)
        assert found.cost == cost_of(method, SNIPPET, steps=5)
        if method != "integrated":
            assert counted.spent == found.cost
    forwards = []
    handle = real[1].model.classifier.register_forward_hook(lambda m, i, out: forwards.append(len(out)))
    saliency_map(SNIPPET, real[1], "integrated", steps=5)
    handle.remove()
    assert sum(forwards) == 7 and cost_of("integrated", SNIPPET, steps=5) == 3 * 5 + 2


def test_exact_scores_may_come_from_elsewhere():
    asked = []

    def score(texts):
        asked.extend(texts)
        return [float(len(t.text)) for t in texts]

    found = saliency_map(SNIPPET, TOY, "deletion", score=score)
    assert len(asked) == 11 and found.words[-1] == ("completion", 21, 28, 8.0)


@pytest.mark.parametrize("method", METHODS)
def test_texts_with_nothing_to_map(method, real):
    for target in (TOY, *real):
        for text in (EMPTY, MARKS):
            assert cost_of(method, text, steps=9) >= saliency_map(text, target, method).cost == 0
            assert saliency_map(text, target, method).words == ()
        found = saliency_map(ONE, target, method).words
        # Nothing can be said of the only word by leaving it out.
        assert [w[:3] for w in found] == ([] if method == "deletion" else [("completion", 0, 3)])


def test_a_target_without_gradients():
    target = KeywordScorer({"wolf": 2.0})
    assert default_method(target) == "deletion" and default_method(TOY) == "gradient"
    assert saliency_map(SNIPPET, target).method == "deletion"
    assert not isinstance(ToyClassifier(), EmbeddingDifferentiable)
    for method in ("gradient", "mask", "integrated"):
        with pytest.raises(InputError, match="use method 'deletion'"):
            saliency_map(SNIPPET, target, method)
    with pytest.raises(InputError, match="EmbeddingDifferentiable"):
        saliency_map(SNIPPET, ToyClassifier(), "mask")


def test_bad_requests():
    for ask in (lambda m: saliency_map(SNIPPET, TOY, m), lambda m: cost_of(m, SNIPPET)):
        with pytest.raises(UnknownNameError, match="did you mean 'gradient'"):
            ask("gradeint")
    with pytest.raises(InputError, match="steps"):
        saliency_map(SNIPPET, TOY, "integrated", steps=1)
    with pytest.raises(TextTooLongError):
        saliency_map(SNIPPET, ToyClassifier(longest=3), "gradient")
    assert saliency_map(SNIPPET, ToyClassifier(longest=3), "deletion").words == ()


def test_a_logit_that_is_not_finite_is_refused():
    broken = EmbeddedToy(bias=math.nan)
    for method in ("mask", "integrated"):
        with pytest.raises(InputError, match="not finite"):
            saliency_map(SNIPPET, broken, method)


def test_captum_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(InputError, match=r"holdfast\[saliency\]"):
        saliency_map(SNIPPET, TOY, "integrated")


def made(values, method="mask"):
    return SaliencyMap(
        method=method, words=tuple(("completion", i, i + 1, v) for i, v in enumerate(values)), cost=3
    )


def truth(values):
    return [("completion", i, i + 1, v) for i, v in enumerate(values)]


def test_fidelity_is_the_mean_rank_correlation():
    order = [0.1, 0.5, 0.2, 4.0]
    perfect = fidelity([made(order)] * 9, [truth([x**3 for x in order])] * 9)
    assert perfect.estimate == pytest.approx(1.0) and perfect.texts == 9 and perfect.method == "mask"
    assert fidelity([made(order)] * 9, [truth([-x for x in order])] * 9).estimate == pytest.approx(-1.0)
    assert fidelity([made([2.0] * 4)] * 9, [truth(order)] * 9).estimate == pytest.approx(0.0)
    mixed = fidelity([made(order)] * 8, [truth(order)] * 6 + [truth([-x for x in order])] * 2)
    assert (
        mixed.estimate == pytest.approx(0.5) and -1 <= mixed.interval.lower < 0.5 < mixed.interval.upper <= 1
    )
    sizes = fidelity([made(order)] * 8, [truth([0.1, -0.5, 0.2, -4.0])] * 8, magnitude=True)
    assert sizes.estimate == pytest.approx(1.0)


def test_fidelity_leaves_out_what_has_no_order():
    order = [0.1, 0.5, 0.2, 4.0]
    none = [truth([0.0] * 4), truth(order)[:2]]
    found = fidelity([made(order)] * 10, [truth(order)] * 8 + none)
    assert found.texts == 8 and found.skipped == 2
    with pytest.raises(MeasurementError, match="9 of 11"):
        fidelity([made(order)] * 11, [truth(order)] * 9 + none, least=10)
    with pytest.raises(MeasurementError, match="0 of 0"):
        fidelity([], [])
    for maps, changes in (
        ([made(order)] * 8, [truth(order)] * 7),
        ([made(order)] * 4 + [made(order, "deletion")] * 4, [truth(order)] * 8),
    ):
        with pytest.raises(MeasurementError, match="by one method"):
            fidelity(maps, changes)


def test_limits_of_fidelity_hold_and_families_widen_them():
    rng = np.random.default_rng(5)
    order = list(range(8))
    hits, repeats, true = 0, 150, None
    changes = [[x + e for x, e in zip(order, rng.normal(0, 3, 8), strict=True)] for _ in range(3000)]
    true = fidelity([made(order)] * 3000, [truth(c) for c in changes]).estimate
    for _ in range(repeats):
        drawn = [truth(changes[i]) for i in rng.integers(0, 3000, 16)]
        found = fidelity([made(order)] * 16, drawn).interval
        hits += found.lower <= true <= found.upper
    assert hits >= 0.88 * repeats
    eight = [truth(c) for c in changes[:8]]
    alone = fidelity([made(order)] * 8, eight).interval
    copies = fidelity([made(order)] * 32, eight * 4, families=list(range(8)) * 4).interval
    assert (copies.lower, copies.upper) == pytest.approx((alone.lower, alone.upper))
    drawn = fidelity([made(order)] * 8, eight, how=Resampling(method="percentile", repeats=200)).interval
    assert "bootstrap" in drawn.method and -1 <= drawn.lower <= drawn.estimate <= drawn.upper <= 1


def test_true_changes_are_exact():
    values, neutral = squashed(TOY, SNIPPET)
    for change, expected in (("deletion", values), ("mask", values - neutral)):
        found = true_changes(SNIPPET, TOY, change)
        assert [v for *_, v in found] == pytest.approx(expected.tolist(), abs=1e-5)
    best = true_changes(SNIPPET, TOY, "substitution", proposer=proposer(), n=30)
    assert len(best) >= 9 and max(v for *_, v in best) > 0
    with pytest.raises(InputError, match="proposer"):
        true_changes(SNIPPET, TOY, "substitution")
    with pytest.raises(InputError, match="masked"):
        true_changes(SNIPPET, KeywordScorer({}), "mask")
    with pytest.raises(UnknownNameError, match="deletion"):
        true_changes(SNIPPET, TOY, "deletoin")


def test_masking_many_words_at_once_is_masking_each(real):
    target = real[1]
    found = true_changes(SNIPPET, target, "mask")
    ids, spans = target.encoder.encode([SNIPPET])[0].ids, target.encoder.spans(SNIPPET)
    for side, start, stop, value in found[::3]:
        row = target.embed(ids)
        row[spans.index((side, start, stop))] = target.neutral()
        alone = float(target.score([SNIPPET])[0]) - float(
            target.embedding_logits(SNIPPET, row[None])[0].detach()
        )
        assert value == pytest.approx(alone, abs=1e-5)


def test_methods_are_compared_by_experiment(real):
    found = compare_methods(TOY, snippets(12, seed=4), change="mask")
    assert [f.change for f in found] == ["mask"] * 4 and found[0].estimate >= found[-1].estimate
    by_name = {f.method: f for f in found}
    assert set(by_name) == {"gradient", "deletion", "integrated", "mask"}
    assert by_name["integrated"].estimate > 0.95 > by_name["mask"].estimate > 0.3
    texts = [tiny.snippet(i, i % 2 == 0) for i in range(10)]
    against = {f.method: f.estimate for f in compare_methods(real[1], texts)}
    assert set(against) == {"gradient", "mask", "integrated"} and against["mask"] > 0.2
    assert [f.method for f in compare_methods(KeywordScorer({"wolf": 1.0}), texts)] == []
