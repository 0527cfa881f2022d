"""One frozen config from one TOML file (`holdfast.toml`). Unknown keys are refused with the closest match.

Order: flag (`--set train.steps=100`) > environment > file > default. Relative paths are relative to the
workspace, the folder that holds the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from holdfast.errors import ConfigError, closest

__all__ = [
    "FILE_NAME",
    "AnnotatorConfig",
    "AttackConfig",
    "CatastropheConfig",
    "ClassifierConfig",
    "Config",
    "DataConfig",
    "FilterConfig",
    "GeneratorConfig",
    "MeasureConfig",
    "RoundConfig",
    "TrainConfig",
    "find_workspace",
    "load_config",
    "origins",
]

FILE_NAME = "holdfast.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class CatastropheConfig(_Section):
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


class DataConfig(_Section):
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


class _ModelConfig(_Section):
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


class TrainConfig(_Section):
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


class FilterConfig(_Section):
    """Rejection sampling."""

    acceptance: float = Field(0.48, gt=0, lt=1)
    """Share of natural completions that the threshold accepts; the default rejects just over half."""
    draws: int = Field(8, ge=1)
    """Completions drawn for a prompt before the filter abstains."""
    characters: Literal["normalise", "refuse", "keep"] = "normalise"
    """Characters in disguise, before scoring: written plainly (and so delivered), refused, or kept."""


class AttackConfig(_Section):
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


class AnnotatorConfig(_Section):
    """Who judges what attacks find and what is measured."""

    name: str = "oracle"
    """`oracle`, `model` (an ensemble, always reported as such), `labels` (a file), `people`."""
    path: str = ""
    """Labels file, or folder of the ensemble's members."""


class RoundConfig(_Section):
    """Rounds of adversarial training."""

    rounds: int = Field(2, ge=0)
    parents: int = Field(240, ge=1)
    """Catastrophic training snippets attacked in a round."""
    twins: float = Field(3.0, ge=0)
    """Safe twins made for each verified adversarial example, at most."""
    minimal_twins: int = Field(1, ge=0)
    """Safe texts one or two edits away from a verified adversarial example, for each, at most."""


class MeasureConfig(_Section):
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


SCRATCH = {"learning_rate": 3e-3, "weight_decay": 0.01}
SMALL_HEAD = {"learning_rate": 1e-3, "weight_decay": 1.0}
TUNING = {"learning_rate": 3e-5, "weight_decay": 0.01}
"""What fits a generator from scratch, a small classifier, and any other base."""


def _scratch(values: dict[str, Any], name: str) -> bool:
    """Whether the model of section `name` goes back to weights made here."""
    sections = {
        key: value if isinstance(value := values.get(key), dict) else {}
        for key in ("generator", "classifier")
    }
    generator = bool(sections["generator"].get("base", "scratch") == "scratch")
    if name == "generator":
        return generator
    base = sections["classifier"].get("base", "generator")
    return bool(base == "scratch" or (base == "generator" and generator))


class Config(_Section):
    """Everything a workspace is configured by."""

    seed: int = 0
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    """`auto` (cuda, mps, cpu in this order), or one of them."""
    threads: int = Field(0, ge=0)
    """Torch threads; 0: torch's own choice."""
    processes: int = Field(1, ge=1)
    """Processes that attacks are spread over; each has its share of the threads, and one thread at least."""
    database: str = "sqlite:///holdfast.db"
    """SQLAlchemy URL; a relative SQLite path is relative to the workspace."""
    catastrophe: CatastropheConfig = CatastropheConfig()
    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    train: TrainConfig = TrainConfig()
    filter: FilterConfig = FilterConfig()
    attack: AttackConfig = AttackConfig()
    annotator: AnnotatorConfig = AnnotatorConfig()
    round: RoundConfig = RoundConfig()
    measure: MeasureConfig = MeasureConfig()

    @model_validator(mode="before")
    @classmethod
    def _rates(cls, values: Any) -> Any:
        """Fill in learning rates and weight decay that fit the bases; a value that is given stands."""
        if not isinstance(values, dict):
            return values
        filled = dict(values)
        for name, own in (("generator", SCRATCH), ("classifier", SMALL_HEAD)):
            if isinstance(section := values.get(name, {}), dict):
                filled[name] = (own if _scratch(values, name) else TUNING) | section
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, given in (("methods", self.attack.methods), ("proposals", self.attack.proposals)):
            if min(given.values(), default=-1) < 0 or not sum(given.values()):
                raise ValueError(f"attack.{key} is {given}; expected shares, one above 0 at least")
        if (share := self.train.positives + self.train.twins) >= 1:
            raise ValueError(f"train.positives + train.twins is {share:g}; expected below 1")
        if self.train.adversarial > self.train.positives:
            raise ValueError("train.adversarial is larger than train.positives, of which it is a part")
        return self


def _known_keys(path: Sequence[str]) -> list[str]:
    """Keys of the section at `path`, for the closest match."""
    section: type[BaseModel] = Config
    for key in path:
        annotation = section.model_fields[key].annotation if key in section.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)


def _explain(error: ValidationError, where: str) -> ConfigError:
    """The first problem of a validation error, as one ConfigError."""
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return ConfigError(
            f"{where}: unknown key {key!r}",
            expected=closest(path[-1], _known_keys(path[:-1])),
            do="correct or remove the key; `holdfast config show` lists all of them",
        )
    found = problem.get("input")
    shown = f" (found {found!r})" if not isinstance(found, dict) and found is not None else ""
    return ConfigError(f"{where}: {key or 'config'}: {problem['msg']}{shown}", do="correct the value")


def parse_override(text: str) -> tuple[list[str], Any]:
    """`a.b=1` -> (["a", "b"], 1); the value is read as TOML, else as a plain string."""
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set {text!r}", expected="key=value, for instance train.steps=200")
    try:
        parsed = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = value
    return key.strip().split("."), parsed


def _merge(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        child = values.setdefault(part, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {'.'.join(path)}: {part!r} is not a section")
        values = child
    values[path[-1]] = value


def read_toml(path: Path) -> dict[str, Any]:
    """The file as a dict. Raises ConfigError with the place of a syntax error."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"no {FILE_NAME} in {path.parent}", do="run inside a workspace, or `holdfast new NAME`"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", expected="a TOML file in UTF-8") from None


def load_config(
    path: Path, *, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Config:
    """Read `path` and apply the environment and the overrides; raises ConfigError."""
    values = read_toml(path)
    if url := (environment or {}).get("HOLDFAST_DATABASE_URL"):
        values["database"] = url
    for text in overrides:
        _merge(values, *parse_override(text))
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise _explain(error, str(path)) from None


def origins(
    path: Path, *, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Dotted key -> `file`, `environment` or `flag`, for the keys that are not at their default."""
    found: dict[str, str] = {}

    def walk(values: Mapping[str, Any], prefix: str) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                found[f"{prefix}{key}"] = "file"

    walk(read_toml(path), "")
    if (environment or {}).get("HOLDFAST_DATABASE_URL"):
        found["database"] = "environment"
    return found | {".".join(parse_override(text)[0]): "flag" for text in overrides}


def find_workspace(start: Path) -> Path:
    """The nearest folder at or above `start` that holds holdfast.toml, as git does. Raises ConfigError."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise ConfigError(
        f"no {FILE_NAME} in {start} or above it",
        do="`holdfast new NAME` makes a workspace; or name one with --workspace or HOLDFAST_WORKSPACE",
    )
