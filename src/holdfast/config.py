"""One frozen config from one TOML file (`holdfast.toml`). Unknown keys are refused with the closest match.

Order: flag (`--set train.steps=100`) > environment > file > default. Relative paths are relative to the
workspace, the folder that holds the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from holdfast.errors import ConfigError, closest
from holdfast.sections import (
    AnnotatorConfig,
    AttackConfig,
    CatastropheConfig,
    ClassifierConfig,
    DataConfig,
    FilterConfig,
    GeneratorConfig,
    MeasureConfig,
    RoundConfig,
    Section,
    TrainConfig,
    WorkbenchConfig,
)

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
    "WorkbenchConfig",
    "find_workspace",
    "load_config",
    "origins",
]

FILE_NAME = "holdfast.toml"


SCRATCH = {"learning_rate": 3e-3, "weight_decay": 0.01, "accumulation": 2}
SMALL_HEAD = {"learning_rate": 1e-3, "weight_decay": 1.0, "accumulation": 2}
TUNING = {"learning_rate": 3e-5, "weight_decay": 0.01, "accumulation": 1}
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


class Config(Section):
    """Everything a workspace is configured by."""

    seed: int = 0
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    """`auto` (cuda, mps, cpu in this order), or one of them."""
    threads: int = Field(0, ge=0)
    """Torch threads; 0: torch's own choice."""
    processes: int = Field(1, ge=1)
    """Processes that attacks, training and measurement are spread over, with the results of one; each has its
    share of the threads, and one thread at least."""
    arithmetic: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of training: `auto` is bfloat16 where the hardware is fast at it, else float32; weights differ between
    the two."""
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
    workbench: WorkbenchConfig = WorkbenchConfig()

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
