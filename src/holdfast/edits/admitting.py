"""A scorer behind the rule for characters: original text -> admitted text -> logit.

What attacks and measurements ask, so that a disguise is judged as the filter judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from holdfast.edits.admission import admit, versioned
from holdfast.edits.normalise import examine
from holdfast.errors import InputError
from holdfast.protocols import Scorer
from holdfast.types import CheckpointRef, Snippet

if TYPE_CHECKING:
    import torch

    from holdfast.models.classifier import HFClassifier, TokenGradients
    from holdfast.models.encoding import Encoded, Span
    from holdfast.protocols import FloatArray

__all__ = ["AdmittingClassifier", "AdmittingScorer"]


class AdmittingScorer:
    """Implements `Scorer`: scores what the rule makes of each text."""

    def __init__(self, scorer: Scorer, characters: str) -> None:
        """`characters`: one of `admission.RULES`. Raises ConfigError for another."""
        versioned(characters)
        self.scorer = scorer
        self.characters = characters

    def admitted(self, snippet: Snippet) -> Snippet:
        """The snippet as it is scored: the same object if it is in plain form. Raises InputError."""
        prompt, against_prompt = admit(snippet.prompt, self.characters)
        completion, against = admit(snippet.completion, self.characters)
        if problem := against_prompt or against:
            raise InputError(
                f"snippet {snippet.id}: {problem}",
                expected=f"a text that filter.characters = {self.characters} admits",
                do="reject it",
            )
        if prompt == snippet.prompt and completion == snippet.completion:
            return snippet
        return Snippet(prompt=prompt, completion=completion)

    def score(self, snippets: Sequence[Snippet]) -> FloatArray:
        """Logits, (n,), of the admitted texts. Raises InputError where one is refused, and as the scorer."""
        return self.scorer.score([self.admitted(s) for s in snippets])


class AdmittingClassifier(AdmittingScorer):
    """The same for a classifier, with its gradients: places are those in the original text.

    All methods that take a snippet raise InputError where it is refused.
    """

    def __init__(self, classifier: HFClassifier, characters: str) -> None:
        """`characters`: one of `admission.RULES`. Raises ConfigError for another."""
        super().__init__(classifier, characters)
        self.classifier = classifier

    @property
    def checkpoint(self) -> CheckpointRef:
        """The classifier's."""
        return self.classifier.checkpoint

    @property
    def encoder(self) -> AdmittingEncoder:
        """Token ids of the admitted text; spans in the original."""
        return AdmittingEncoder(self)

    def embed(self, ids: Sequence[int]) -> torch.Tensor:
        """The classifier's embeddings of token ids, (T, d)."""
        return self.classifier.embed(ids)

    def neutral(self) -> torch.Tensor:
        """The classifier's embedding that says nothing of a word, (d,)."""
        return self.classifier.neutral()

    def embedding_logits(self, snippet: Snippet, vectors: torch.Tensor) -> torch.Tensor:
        """Logits with the admitted text's embeddings replaced by each of `vectors`; (n, T, d) -> (n,)."""
        return self.classifier.embedding_logits(self.admitted(snippet), vectors)

    def token_gradients(self, snippet: Snippet) -> TokenGradients:
        """Gradients at the admitted text's tokens."""
        found = self.classifier.token_gradients(self.admitted(snippet))
        return replace(found, spans=self.places(snippet, found.spans))

    def saliency(self, snippet: Snippet) -> list[tuple[str, int, int, float]]:
        """Per token of the text: (side, start, stop, norm of the gradient)."""
        found = self.classifier.saliency(self.admitted(snippet))
        places = self.places(snippet, [entry[:3] for entry in found])
        pairs = zip(places, found, strict=True)
        return [(*place, entry[3]) for place, entry in pairs if place is not None]

    def places(self, snippet: Snippet, spans: Sequence[Span | None]) -> list[Span | None]:
        """Spans of the admitted text as spans of `snippet`."""
        if self.admitted(snippet) is snippet:
            return list(spans)
        sides = {"prompt": examine(snippet.prompt), "completion": examine(snippet.completion)}
        return [None if s is None else (s[0], *sides[s[0]].origin(s[1], s[2])) for s in spans]


@dataclass(frozen=True)
class AdmittingEncoder:
    """What attacks need of an encoder."""

    owner: AdmittingClassifier

    def encode(self, snippets: Sequence[Snippet]) -> list[Encoded]:
        """Token ids of the admitted texts."""
        return self.owner.classifier.encoder.encode([self.owner.admitted(s) for s in snippets])

    def spans(self, snippet: Snippet) -> list[Span | None]:
        """Which characters of `snippet` each of these tokens stands for."""
        found = self.owner.classifier.encoder.spans(self.owner.admitted(snippet))
        return self.owner.places(snippet, found)
