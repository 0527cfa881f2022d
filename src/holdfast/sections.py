"""The sections of the config, one class a table of `holdfast.toml`."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "AnnotatorConfig",
    "AttackConfig",
    "CatastropheConfig",
    "ClassifierConfig",
    "DataConfig",
    "FilterConfig",
    "GeneratorConfig",
    "MeasureConfig",
    "RoundConfig",
    "Section",
    "TrainConfig",
    "WorkbenchConfig",
]


class Section(BaseModel):
    """A table of the file: frozen, unknown keys refused, docstrings behind fields are their descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class CatastropheConfig(Section):
    """What must never be output."""

    name: str = "storyworld"
    """A registered catastrophe (`holdfast list catastrophes`), or any name where `question` is given."""
    preset: str = "demo"
    """Variant of a registered catastrophe, where it has any."""
    question: str = ""
    """The yes/no question an annotator answers; required for a catastrophe of your own."""
    guidelines: str = "guidelines.md"
    """File with the annotation guidelines, relative to the workspace."""
    completion_sentences: int | None = Field(1, ge=0)
    """Sentences in a completion; 0: no limit (only for a catastrophe of your own)."""
    keywords: tuple[str, ...] = ()
    """Words that make a snippet worth labelling early (only for a catastrophe of your own)."""


class DataConfig(Section):
    """How many snippets are drawn where a catastrophe brings a corpus; how imported ones are split."""

    train: int = Field(16000, ge=0)
    """Snippets drawn for the generator and the classifier (natural)."""
    tilted: int = Field(48000, ge=0)
    """Further training snippets drawn with harm over-represented."""
    validation: int = Field(4000, ge=0)
    """Natural snippets that choose thresholds and checkpoints."""
    validation_tilted: int = Field(4000, ge=0)
    """Further validation snippets drawn with harm over-represented: only for the recall of checkpoints."""
    test: int = Field(8000, ge=0)
    """Natural snippets for measurement."""
    parents: int = Field(1000, ge=0)
    """Catastrophic snippets that attacks start from (half train, half measure); no classifier sees them."""
    validation_share: float = Field(0.12, ge=0, lt=1)
    """Share of imported families that become validation where the file names no split."""
    test_share: float = Field(0.18, ge=0, lt=1)
    """Share of imported families that become test where the file names no split."""


class _ModelConfig(Section):
    layers: int = Field(2, ge=1)
    """Blocks, where the model is trained from scratch."""
    width: int = Field(128, ge=8)
    """Hidden size, where the model is trained from scratch."""
    heads: int = Field(4, ge=1)
    """Attention heads, where the model is trained from scratch."""
    max_length: int = Field(160, ge=8)
    """Tokens of prompt and completion together; longer snippets are refused, never cut."""
    batch: int = Field(64, ge=1)
    """Snippets a training step."""
    accumulation: int = Field(1, ge=1)
    """Parts of a step's batch, one backward pass each; `processes` of them at a time. Left out, it fits the
    base: 2 for a small model, 1 for any other."""
    learning_rate: float = Field(1e-3, gt=0)
    """Peak. Left out, it fits the base: small generator 3e-3, small classifier 1e-3, any other 3e-5."""
    warmup: float = Field(0.06, ge=0, lt=1)
    """Share of the steps in which the rate rises from 0."""
    weight_decay: float = Field(0.01, ge=0)
    """AdamW's. Left out, it fits the base: 1 for a small classifier, 0.01 for anything else."""

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        """Rotary positions turn pairs of numbers: each head needs an even share of the width."""
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} with {self.heads} heads; expected a multiple of 2 * heads")
        return self


class GeneratorConfig(_ModelConfig):
    """The language model that proposes."""

    base: str = "scratch"
    """`scratch`, a Hugging Face hub id, or a saved folder."""
    tune: bool = True
    """Whether to train a `base` further on the workspace's text."""
    batch: int = Field(32, ge=1)
    """Snippets a training step."""
    vocabulary: int = Field(3072, ge=300)
    """Tokens of the byte-level BPE trained on the workspace's text (from scratch only)."""
    steps: int = Field(1000, ge=0)
    """Optimiser steps."""
    temperature: float = Field(1.0, gt=0)
    """Sampling temperature."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Nucleus sampling; 1: the model's own distribution."""
    max_new_tokens: int = Field(48, ge=1)
    """Tokens a completion may have; one that has not ended by then is dropped and counted."""


class ClassifierConfig(_ModelConfig):
    """The model that scores."""

    base: str = "generator"
    """`generator` (start from the generator's weights), `scratch`, a hub id, or a saved folder."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Precision of scoring; a threshold belongs to it."""
    revision: str | None = None
    """Revision of a hub `base`."""


class TrainConfig(Section):
    """How the classifier is trained."""

    steps: int = Field(1600, ge=1)
    """Optimiser steps of the baseline."""
    round_steps: int = Field(300, ge=1)
    """Optimiser steps of each later round."""
    round_rate: float = Field(0.5, gt=0)
    """Peak learning rate of a round that starts warm, as a share of the classifier's: it forgets less."""
    warm: bool = True
    """Start a round from the classifier before it; false: from the base again."""
    objective: str = "ce"
    """`ce` or `sift`."""
    sift_weight: float = Field(1.0, ge=0)
    """Weight of SiFT's consistency term."""
    sift_radius: float = Field(0.1, gt=0)
    """Size of SiFT's ascent step, as a fraction of each token's own standard deviation."""
    positives: float = Field(0.3, gt=0, lt=1)
    """Share of wide positives in each batch."""
    adversarial: float = Field(0.15, ge=0, lt=1)
    """Largest share of attack examples in a batch (all rounds; families equally)."""
    twins: float = Field(0.15, ge=0, lt=1)
    """Largest share of safe twins in a batch."""
    repeats: float = Field(8.0, gt=0)
    """How often an adversarial example or twin is seen in one training, on average, at most."""
    evaluate_every: int = Field(400, ge=1)
    """Steps between evaluations on the validation set."""
    patience: int = Field(0, ge=0)
    """Evaluations without improvement before training stops; 0: never early."""
    save_every: int = Field(100, ge=1)
    """Steps between checkpoints from which a killed run resumes."""


class FilterConfig(Section):
    """Rejection sampling."""

    acceptance: float = Field(0.48, gt=0, lt=1)
    """Share of natural completions that the threshold accepts; the default rejects just over half."""
    draws: int = Field(8, ge=1)
    """Completions drawn for a prompt before the filter abstains."""
    characters: Literal["normalise", "refuse", "keep"] = "normalise"
    """Characters in disguise, before scoring: written plainly (and so delivered), refused, or kept."""


class AttackConfig(Section):
    """Automated attacks."""

    methods: dict[str, float] = Field(default_factory=lambda: {"beam": 1.0})
    """Registered attacks and their share of the parents."""
    queries: int = Field(96, ge=0)
    """Exact scores per parent."""
    proposals: dict[str, float] = Field(default_factory=lambda: {"contexts": 1.0})
    """Who proposes edits, with shares: `contexts` (words in like contexts of the split's text), `generator`,
    or the hub id or saved folder of a masked language model."""
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Further settings, per method."""


class AnnotatorConfig(Section):
    """Who judges what attacks find and what is measured."""

    name: str = "oracle"
    """`oracle`, `model` (an ensemble, always reported as such), `labels` (a file), `people`."""
    path: str = ""
    """Labels file, or folder of the ensemble's members."""


class RoundConfig(Section):
    """Rounds of adversarial training."""

    rounds: int = Field(2, ge=0)
    parents: int = Field(240, ge=1)
    """Catastrophic training snippets attacked in a round."""
    twins: float = Field(3.0, ge=0)
    """Safe twins made for each verified adversarial example, at most."""
    minimal_twins: int = Field(1, ge=0)
    """Safe texts one or two edits away from a verified adversarial example, for each, at most."""


class MeasureConfig(Section):
    """What is measured, and how much of it."""

    natural: int = Field(8000, ge=1)
    """Natural snippets scored for the failure rate on the corpus's own completions."""
    prompts: int = Field(1000, ge=0)
    """Test prompts put through the filtered generator."""
    parents: int = Field(150, ge=0)
    """Held-out catastrophic snippets attacked."""
    confidence: float = Field(0.95, gt=0.5, lt=1)
    stratum_draws: int = Field(20, ge=0)
    """Draws per stratum, on average, for the exact stratified estimate; 0: not computed."""


class WorkbenchConfig(Section):
    """How people's labels are checked on the site, and what relief there is among the texts."""

    audit: float = Field(0.05, ge=0, le=1)
    """Share of items settled by agreement that an adjudicator decides again, without seeing the labels."""
    again: float = Field(0.03, ge=0, le=0.5)
    """Share of a labeller's items that are earlier ones of their own, looking like any other; 0: none."""
    again_days: float = Field(14.0, gt=0)
    """Days after which an item may come again to whoever labelled it."""
    harmless: float = Field(0.125, ge=0, le=0.5)
    """Share of a labeller's items that others have settled as harmless, looking like any other; 0: none."""
