"""The thing that must never be output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.types.snippet import Snippet
from holdfast.types.verdict import Judgement

__all__ = ["Catastrophe", "Corpus", "Draw", "Stratum"]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A snippet drawn from a population with a known or unit weight."""

    snippet: Snippet
    judgement: Judgement | None = None
    """Truth where the source knows it."""
    log_weight: float = 0.0
    """log(natural density / sampling density); 0 for natural draws."""
    log_prob: float | None = None
    """log of the natural probability of the snippet, where it is known."""


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One group of a corpus's snippets with its exact natural probability and conditional sampling."""

    name: str
    probability: float
    """P(stratum) under natural sampling, exact."""
    sample: Callable[[int, int], list[Draw]]
    """`sample(n, seed)`: independent draws given the stratum."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A source of natural snippets that a catastrophe brings along, with sampling under a seed."""

    name: str
    sample: Callable[..., list[Draw]]
    """`sample(n, seed, *, tilted=False) -> list[Draw]`; `tilted` over-samples harm and keeps weights."""
    complete: Callable[[Sequence[str], int, int], list[list[str]]] | None = None
    """`complete(prompts, n, seed)`: its own completions of prompts, where it can give them."""
    strata: Callable[[], Sequence[Stratum]] | None = None
    """Strata that hold all catastrophic probability, where densities are known: for exact estimates."""
    catastrophic_rate: float | None = None
    """Exact P(CATASTROPHIC) of a natural snippet, where it is known."""


@dataclass(frozen=True, kw_only=True)
class Catastrophe:
    """A name, a question and versioned guidelines; an oracle and a corpus where they exist."""

    name: str
    question: str
    """The yes/no question an annotator answers of a snippet."""
    guidelines: str
    """Text of the guidelines, Markdown."""
    version: str
    """Version of the guidelines, or the hash of the oracle's data."""
    oracle: Callable[[Sequence[Snippet]], list[Judgement]] | None = None
    """Exact truth, where it is computable."""
    corpus: Corpus | None = None
    completion_sentences: int | None = 1
    """How many sentences a completion has; None: everything up to the end-of-text token."""
    keywords: tuple[str, ...] = ()
    """Words for mildly enriched selection of what to label first."""
    strategies: tuple[str, ...] = ()
    """Known ways of expressing it, so that an attack report can say how many of them it reached."""
