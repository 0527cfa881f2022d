"""A differentiable classifier small enough to check by hand: a sum over words of squashed values."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch

from holdfast.edits.words import words
from holdfast.errors import TextTooLongError
from holdfast.types import CheckpointRef, Snippet
from tests.edits.little import ADJECTIVES, ADVERBS, NAMES, NOUNS, VERBS

VOCABULARY = ["?", "the", *NAMES, *VERBS, *NOUNS, *ADJECTIVES, *ADVERBS]


@dataclass(frozen=True)
class Ids:
    ids: tuple[int, ...]


class ToyEncoder:
    def encode(self, snippets):
        return [
            Ids(tuple(self._id(w.text) for side in (s.prompt, s.completion) for w in words(side)))
            for s in snippets
        ]

    def spans(self, snippet):
        sides = (("prompt", snippet.prompt), ("completion", snippet.completion))
        return [(side, w.start, w.stop) for side, text in sides for w in words(text)]

    @staticmethod
    def _id(word):
        for form in (word, word.lower()):
            if form in VOCABULARY:
                return VOCABULARY.index(form)
        return 0


class ToyClassifier:
    """logit = bias + sum_i tanh(embedding_i . direction); `longest` words at most."""

    def __init__(self, seed=0, bias=0.0, longest=40):
        generator = torch.Generator().manual_seed(seed)
        self.matrix = torch.randn(len(VOCABULARY), 8, generator=generator)
        self.direction = torch.randn(8, generator=generator)
        self.bias, self.longest = bias, longest
        self.encoder = ToyEncoder()
        self.checkpoint = CheckpointRef(name="toy", kind="classifier", path="", sha256=f"toy{seed}")

    def _ids(self, snippet):
        ids = self.encoder.encode([snippet])[0].ids
        if len(ids) > self.longest:
            raise TextTooLongError(f"{snippet.id} has {len(ids)} words")
        return torch.tensor(ids, dtype=torch.long)

    def _logit(self, embedded):
        return self.bias + torch.tanh(embedded @ self.direction).sum()

    def score(self, snippets):
        return np.array([float(self._logit(self.matrix[self._ids(s)])) for s in snippets], dtype=np.float64)

    def token_gradients(self, snippet):
        ids = self._ids(snippet)
        embedded = self.matrix[ids].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self._logit(embedded), embedded)
        return SimpleNamespace(
            ids=ids, gradient=gradient, matrix=self.matrix, spans=self.encoder.spans(snippet), logit=0.0
        )

    def saliency(self, snippet):
        norms = self.token_gradients(snippet).gradient.norm(dim=-1).tolist()
        return [(*span, n) for span, n in zip(self.encoder.spans(snippet), norms, strict=True)]


class EmbeddedToy(ToyClassifier):
    """The toy, asked at any embeddings; a sum over words, so that every map can be worked out by hand."""

    def embed(self, ids):
        return self.matrix[list(ids)]

    def neutral(self):
        return self.matrix.mean(0)

    def embedding_logits(self, snippet, vectors):
        assert vectors.shape[1:] == (len(self._ids(snippet)), 8)
        return self.bias + torch.tanh(vectors @ self.direction).sum(-1)


def threshold_for(classifier, snippets, quantile):
    return float(np.quantile(classifier.score(snippets), quantile))


EMPTY = Snippet(prompt="", completion="")
