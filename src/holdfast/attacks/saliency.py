"""Which words a classifier's logit hangs on: four maps of a text, prompt and completion alike.

All are per word, never per token: signed parts of a word's tokens are summed, norms give their largest. None
is the truth; `fidelity` measures which of them orders the words of a given model as experiments do.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from holdfast.attacks.positions import Saliency, deletion_edits, word_values
from holdfast.edits.scoring import GRADIENT_QUERIES, score_safely
from holdfast.edits.text import apply
from holdfast.edits.words import words
from holdfast.errors import InputError, UnknownNameError, closest
from holdfast.protocols import DifferentiableClassifier, Scorer
from holdfast.types import SaliencyMap, Snippet

if TYPE_CHECKING:
    import torch

__all__ = [
    "METHODS",
    "EmbeddingDifferentiable",
    "Method",
    "Score",
    "cost_of",
    "default_method",
    "gradient_at",
    "offered",
    "saliency_map",
]

Score = Callable[[list[Snippet]], list[float]]
"""Exact logits in order; +inf where a text cannot be scored."""

SIDES = ("prompt", "completion")
STEPS = 32
"""Points on the path of integrated gradients."""
_ROWS = 16
"""Points of a path differentiated at once."""
_SMALLEST = 1e-6


@runtime_checkable
class EmbeddingDifferentiable(Protocol):
    """A classifier that can be asked for its logit at any embeddings, in between those of tokens too."""

    @property
    def encoder(self) -> Any:
        """`encode([snippet])[0].ids` and `spans(snippet)`."""
        ...

    def embed(self, ids: Any) -> Any:
        """Embeddings of token ids, (T, d)."""
        ...

    def neutral(self) -> Any:
        """An embedding that says nothing of a word, (d,)."""
        ...

    def embedding_logits(self, snippet: Snippet, vectors: Any) -> Any:
        """Logits of `snippet` with its embeddings replaced by each of `vectors`: (n, T, d) -> (n,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to make a map."""

    meaning: str
    """What a value says, with its unit."""
    measure: Callable[[Snippet, Scorer, Score, int], SaliencyMap]
    """(snippet, target, score, steps) -> map."""
    cost: Callable[[int, int], int]
    """(words, steps) -> forward-equivalents, at most; a gradient counts as 3."""
    needs: type
    """The protocol a target has to fulfil."""
    signed: bool = True
    """True: positive values are words that push the logit up; False: only sizes."""


def saliency_map(
    snippet: Snippet,
    target: Scorer,
    method: str | None = None,
    *,
    score: Score | None = None,
    steps: int = STEPS,
) -> SaliencyMap:
    """The map of `snippet` by one of `METHODS`; None: the default of the target.

    `score` asks for exact logits, through a cache for instance (default: the target itself). A text without
    words has an empty map. Raises UnknownNameError for an unknown method, InputError where the target cannot
    give it (no gradient) or the text cannot be scored, TextTooLongError where it is too long for a gradient.
    """
    name = method or default_method(target)
    if name not in METHODS:
        raise UnknownNameError(f"saliency method {name!r}", expected=closest(name, list(METHODS)))
    chosen = METHODS[name]
    if not isinstance(target, chosen.needs):
        raise InputError(
            f"{type(target).__name__} gives no gradient for saliency method {name!r}",
            expected=f"a target that is {chosen.needs.__name__}",
            do="use method 'deletion': it needs exact scores only",
        )
    if steps < 2:
        raise InputError(f"{steps} steps of integrated gradients", expected="2 or more")
    if not words(snippet.prompt) and not words(snippet.completion):
        return SaliencyMap(method=name, words=(), cost=0)
    return chosen.measure(snippet, target, score or partial(score_safely, target), steps)


def offered(target: Scorer) -> list[str]:
    """Names of the maps that `target` can give with what is installed."""
    from importlib.util import find_spec

    missing = set() if find_spec("captum") else {"integrated"}
    return [name for name, m in METHODS.items() if isinstance(target, m.needs) and name not in missing]


def default_method(target: Scorer) -> str:
    """`gradient` where the target has one (a first paint for 3 queries), else `deletion`."""
    return "gradient" if isinstance(target, DifferentiableClassifier) else "deletion"


def cost_of(method: str, snippet: Snippet, *, steps: int = STEPS) -> int:
    """What a map of `snippet` costs at most, in forward-equivalents. Raises UnknownNameError."""
    if method not in METHODS:
        raise UnknownNameError(f"saliency method {method!r}", expected=closest(method, list(METHODS)))
    return METHODS[method].cost(len(words(snippet.prompt)) + len(words(snippet.completion)), steps)


def _gradient(snippet: Snippet, target: Any, score: Score, steps: int) -> SaliencyMap:
    """||d logit / d embedding||, the largest of the word's tokens (Wallace et al. 2019)."""
    found = word_values(snippet, target.saliency(snippet))
    return SaliencyMap(method="gradient", words=tuple(found), cost=GRADIENT_QUERIES)


def _deletion(snippet: Snippet, target: Scorer, score: Score, steps: int) -> SaliencyMap:
    """Logit now minus logit without the word: each value an experiment.

    Left out: the only word of a side, and words without which (or with which) the text cannot be scored.
    """
    pairs = deletion_edits(snippet, SIDES)
    logits = score([snippet, *(apply(snippet, edit) for _, edit in pairs)])
    found = [
        (place.side, place.start, place.stop, logits[0] - z)
        for (place, _), z in zip(pairs, logits[1:], strict=True)
        if math.isfinite(logits[0] - z)
    ]
    return SaliencyMap(method="deletion", words=tuple(found), cost=len(logits))


def gradient_at(
    target: EmbeddingDifferentiable, snippet: Snippet, vectors: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logit (n,) at each of `vectors` (n, T, d), and its gradient there (n, T, d); 3 n queries.

    Raises InputError where a logit is not finite.
    """
    import torch

    vectors = vectors.detach().requires_grad_()
    with torch.enable_grad():
        logits = target.embedding_logits(snippet, vectors)
        (gradient,) = torch.autograd.grad(logits.sum(), vectors)
    if not bool(torch.isfinite(logits).all()):
        raise InputError(f"the logit of snippet {snippet.id} is not finite", expected="a finite logit")
    return logits.detach(), gradient


def _mask(snippet: Snippet, target: Any, score: Score, steps: int) -> SaliencyMap:
    """First-order guess of logit now minus logit with the word masked: sum over its tokens of
    gradient . (embedding - neutral embedding) (Ebrahimi et al. 2018, eq. 4, towards the mask)."""
    vectors = target.embed(target.encoder.encode([snippet])[0].ids)
    _, gradient = gradient_at(target, snippet, vectors[None])
    parts = (gradient[0] * (vectors - target.neutral())).sum(dim=-1).tolist()
    found = word_values(snippet, _of_tokens(target, snippet, parts), operator.add)
    return SaliencyMap(method="mask", words=tuple(found), cost=GRADIENT_QUERIES)


def _integrated(snippet: Snippet, target: Any, score: Score, steps: int) -> SaliencyMap:
    """Integrated gradients from the text with all its tokens masked (Sundararajan et al. 2017, eq. 1).

    (embedding - neutral) . mean gradient on the straight path, by the midpoint rule. Special tokens stay as
    they are. Over all tokens the values sum to logit now minus logit masked; `gap` says how nearly.
    """
    import torch

    own = [i for i, span in enumerate(target.encoder.spans(snippet)) if span is not None]
    vectors = target.embed(target.encoder.encode([snippet])[0].ids)
    masked = vectors.clone()
    masked[own] = target.neutral()
    with torch.no_grad():
        logits = target.embedding_logits(snippet, torch.stack([vectors, masked])).tolist()
    if not all(math.isfinite(z) for z in logits):
        raise InputError(f"the logit of snippet {snippet.id} is not finite", expected="a finite logit")
    attributions = _captum()(partial(target.embedding_logits, snippet)).attribute(
        vectors[None].clone().requires_grad_(),
        masked[None],
        n_steps=steps,
        method="riemann_middle",
        internal_batch_size=_ROWS,
    )
    parts = attributions[0].detach().sum(dim=-1).tolist()
    change = logits[0] - logits[1]
    return SaliencyMap(
        method="integrated",
        words=tuple(word_values(snippet, _of_tokens(target, snippet, parts), operator.add)),
        cost=GRADIENT_QUERIES * steps + 2,
        gap=abs(sum(parts) - change) / max(abs(change), _SMALLEST),
    )


def _captum() -> Any:
    """Captum's IntegratedGradients. Raises InputError where it is not installed."""
    try:
        from captum.attr import IntegratedGradients
    except ImportError:
        raise InputError("integrated gradients need captum", do="pip install 'holdfast[saliency]'") from None
    return IntegratedGradients


def _of_tokens(target: EmbeddingDifferentiable, snippet: Snippet, values: list[float]) -> Saliency:
    """A value for each token that stands for characters."""
    spans = target.encoder.spans(snippet)
    return [(*span, v) for span, v in zip(spans, values, strict=True) if span is not None]


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradient": Method(
            meaning="size of the logit's gradient by the word's embedding, in logits per unit of embedding",
            measure=_gradient,
            cost=lambda words, steps: GRADIENT_QUERIES,
            needs=DifferentiableClassifier,
            signed=False,
        ),
        "deletion": Method(
            meaning="fall of the logit when the word is deleted, in logits",
            measure=_deletion,
            cost=lambda words, steps: words + 1,
            needs=Scorer,
        ),
        "mask": Method(
            meaning="estimated fall of the logit when the word is masked, in logits",
            measure=_mask,
            cost=lambda words, steps: GRADIENT_QUERIES,
            needs=EmbeddingDifferentiable,
        ),
        "integrated": Method(
            meaning="share of the word in the logit's fall when all words are masked, in logits",
            measure=_integrated,
            cost=lambda words, steps: GRADIENT_QUERIES * steps + 2,
            needs=EmbeddingDifferentiable,
        ),
    }
)
"""The four maps by name."""
