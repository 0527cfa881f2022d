"""What the parts promise each other. `holdfast.testing` has a check for each promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from holdfast.types import (
    AttackBudget,
    AttackResult,
    BestEdit,
    CheckpointRef,
    Delivery,
    Edit,
    EditRequest,
    Judgement,
    RankedEdit,
    Snippet,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = [
    "Annotator",
    "Assistant",
    "Attack",
    "Classifier",
    "DifferentiableClassifier",
    "Filter",
    "Generator",
    "Progress",
    "Proposer",
    "Scorer",
]

Progress = Callable[[int, int], None]
"""`progress(done, total)`: called as long work goes on."""


@runtime_checkable
class Scorer(Protocol):
    """Gives each snippet a logit; higher = more likely catastrophic."""

    def score(self, snippets: Sequence[Snippet]) -> FloatArray:
        """Logits, shape (n,), float64, finite, in input order; independent of batch mates.

        Raises TextTooLongError or InputError, naming the snippet, where one cannot be scored.
        """
        ...


@runtime_checkable
class Classifier(Scorer, Protocol):
    """A scorer with a checkpoint behind it."""

    @property
    def checkpoint(self) -> CheckpointRef:
        """Which weights, dtype and length the logits belong to."""
        ...


@runtime_checkable
class DifferentiableClassifier(Classifier, Protocol):
    """A classifier whose logit can be differentiated with respect to its token embeddings."""

    def saliency(self, snippet: Snippet) -> list[tuple[str, int, int, float]]:
        """Per token of the text: (side, start, stop, gradient norm), code points into that side."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Completes prompts."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    def sample(self, prompts: Sequence[str], n: int, seed: int) -> list[list[str]]:
        """`n` completions of each prompt; those of one depend on (prompt, n, seed), not on the others."""
        ...


@runtime_checkable
class Filter(Protocol):
    """Draws from a generator until the classifier accepts, within a draw budget, else abstains."""

    def complete(self, prompt: str, *, seed: int = 0) -> Delivery:
        """One prompt. Fails closed: what cannot be scored is rejected."""
        ...

    def complete_many(
        self, prompts: Sequence[str], *, seed: int = 0, progress: Progress | None = None
    ) -> list[Delivery]:
        """The same for many; result i equals `complete(prompts[i])` under the same per-prompt stream."""
        ...


@runtime_checkable
class Annotator(Protocol):
    """Judges snippets: an oracle, a labels file, a slower model, people."""

    @property
    def name(self) -> str:
        """Stored with every annotation; a program's name says so (`oracle:storyworld`, `model:ensemble`)."""
        ...

    @property
    def guidelines(self) -> str:
        """Version of the guidelines followed."""
        ...

    def annotate(self, snippets: Sequence[Snippet]) -> list[Judgement]:
        """One judgement a snippet, in order; UNSURE where it cannot tell."""
        ...


@runtime_checkable
class Proposer(Protocol):
    """Suggests edits of a snippet."""

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits of the word at [start, stop) of `side` (start == stop: an insertion there)."""
        ...


@runtime_checkable
class Assistant(Protocol):
    """What a person attacking with tools sees: score, saliency and ranked edits."""

    def score(self, snippet: Snippet) -> float:
        """The exact logit. Raises InputError where the text cannot be scored."""
        ...

    def saliency(self, snippet: Snippet, method: str | None = None) -> list[tuple[str, int, int, float]]:
        """Per word: (side, start, stop, value); `method` as in `attacks.saliency`, None: a default."""
        ...

    def ranked_edits(
        self, snippet: Snippet, side: str, start: int, stop: int, n: int
    ) -> list[tuple[Edit, float]]:
        """Edits of one word with the exact logit each leads to, lowest first."""
        ...

    def edits_at(
        self, snippet: Snippet, side: str, start: int, stop: int, request: EditRequest | None = None
    ) -> list[RankedEdit]:
        """Substitutes, insertions, deletions and spans at a place, those that gain most first."""
        ...

    def best_edit_map(self, snippet: Snippet, request: EditRequest | None = None) -> list[BestEdit]:
        """For each word the edit that gains most, by exact scores."""
        ...


@runtime_checkable
class Attack(Protocol):
    """A search for a snippet that is catastrophic and accepted; it outputs candidates only."""

    @property
    def name(self) -> str:
        """Registry name and version, `beam@1`."""
        ...

    def run(
        self, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
    ) -> AttackResult:
        """Attack from one catastrophic parent. Never spends more than the budget; same arguments, same result
        (where only queries are limited); a parent with logit < threshold is SKIPPED."""
        ...
