"""The one place where names in a config become live objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.config import Config
from holdfast.errors import ConfigError
from holdfast.protocols import Annotator, Attack, Generator, Proposer
from holdfast.types import Catastrophe, CheckpointRef, Snippet, Suite

if TYPE_CHECKING:
    from holdfast.attacks.twins import SafeTwins
    from holdfast.edits.admitting import AdmittingClassifier
    from holdfast.models.classifier import HFClassifier
    from holdfast.models.generator import HFGenerator

__all__ = [
    "build_annotator",
    "build_attacks",
    "build_catastrophe",
    "build_proposer",
    "build_rewriter",
    "build_screen",
    "build_suite",
    "load_classifier",
    "load_generator",
    "set_threads",
]


def set_threads(config: Config) -> None:
    """Torch threads as configured; 0 leaves torch's own choice."""
    if config.threads:
        import torch

        torch.set_num_threads(config.threads)


def build_catastrophe(config: Config, root: Path) -> Catastrophe:
    """The registered catastrophe of the config, or the user's own."""
    from holdfast.catastrophes.custom import load_catastrophe

    return load_catastrophe(config.catastrophe, root)


@lru_cache(maxsize=8)
def _classifier(folder: Path, ref: CheckpointRef, device: str) -> HFClassifier:
    from holdfast.models.classifier import load_classifier as load

    return load(folder, ref=ref, device=device)


@lru_cache(maxsize=8)
def _admitting(classifier: HFClassifier, characters: str) -> AdmittingClassifier:
    from holdfast.edits.admitting import AdmittingClassifier

    return AdmittingClassifier(classifier, characters)


def load_classifier(ref: CheckpointRef, root: Path, config: Config) -> AdmittingClassifier:
    """The classifier that `ref` names, its weights checked against the record; loaded once a process.

    It stands behind the configured rule for characters: so it is served, attacked and measured.
    """
    set_threads(config)
    return _admitting(_classifier(root / ref.path, ref, config.device), config.filter.characters)


@lru_cache(maxsize=2)
def _generator(folder: Path, ref: CheckpointRef, device: str) -> HFGenerator:
    from holdfast.models.generator import load_generator as load

    return load(folder, ref=ref, device=device)


def load_generator(ref: CheckpointRef, root: Path, config: Config, sentences: int | None = 1) -> HFGenerator:
    """The generator that `ref` names, with the config's sampling rules."""
    from holdfast.models.generator import SamplingRules

    set_threads(config)
    generator = _generator(root / ref.path, ref, config.device)
    generator.rules = SamplingRules.of(config.generator, sentences)
    return generator


@lru_cache(maxsize=4)
def _contexts(texts: tuple[str, ...]) -> Proposer:
    from holdfast.edits.proposals import ContextProposer

    return ContextProposer(texts)


@lru_cache(maxsize=1)
def _masked(source: str, device: str) -> tuple[Any, Any]:
    """The masked language model of a hub id or saved folder, and its tokeniser."""
    from transformers import AutoModelForMaskedLM

    from holdfast.models.build import from_pretrained
    from holdfast.models.checkpoint import pick_device
    from holdfast.models.tokenizer import load_tokenizer

    place = pick_device(device)
    model = from_pretrained(AutoModelForMaskedLM, source, device=place.type, max_length=0)
    return model.to(place).eval(), load_tokenizer(source)


def build_proposer(
    config: Config, root: Path, texts: Sequence[str], generator: Callable[[], HFGenerator]
) -> Proposer:
    """The configured proposers together; `contexts` are those of `texts`.

    Raises CheckpointError where there is no such masked language model, InputError where it has no mask.
    """
    from holdfast.edits.language_models import GeneratorProposer, MaskedLMProposer
    from holdfast.edits.proposals import UnionProposer

    def member(name: str) -> Proposer:
        if name == "contexts":
            return _contexts(tuple(texts))
        if name == "generator":
            own = generator()
            return GeneratorProposer(own.model, own.encoder.tokenizer)
        folder = root / name
        return MaskedLMProposer(*_masked(str(folder) if folder.is_dir() else name, config.device))

    members = [(member(name), share) for name, share in config.attack.proposals.items() if share > 0]
    return members[0][0] if len(members) == 1 else UnionProposer(members)


def build_screen(annotator: Annotator | None) -> Callable[[Sequence[Snippet]], list[bool]] | None:
    """An oracle as the screen that texts pass before they are scored; None for any other annotator."""
    if annotator is None or not annotator.name.startswith("oracle:"):
        return None
    judge = annotator

    def screen(snippets: Sequence[Snippet]) -> list[bool]:
        return [j.verdict.strict for j in judge.annotate(snippets)]

    return screen


def build_attacks(
    config: Config,
    proposer: Proposer,
    annotator: Annotator | None,
    generator: Callable[[], Generator] | None = None,
) -> list[tuple[Attack, float]]:
    """The configured attacks with their shares; an oracle screens their texts before they are scored.

    `generator` is asked for where a method draws from it.
    """
    from holdfast.attacks.run import build_mix

    return build_mix(
        config.attack.methods,
        proposer=proposer,
        plausible=build_screen(annotator),
        settings=config.attack.settings,
        generator=generator,
    )


def build_suite(suite: Suite, proposer: Proposer, annotator: Annotator | None) -> list[Attack]:
    """The suite's attacks under its settings, in its order; screened as `build_attacks` does.

    Raises ConfigError where an installed method is of another version than the suite's.
    """
    from holdfast.attacks.run import build_mix

    mix = build_mix(
        dict.fromkeys(suite.methods, 1.0),
        proposer=proposer,
        plausible=build_screen(annotator),
        settings=suite.settings,
    )
    found = [attack for attack, _ in mix]
    for attack, version in zip(found, suite.versions, strict=True):
        if attack.name != version:
            raise ConfigError(
                f"{attack.name} is installed", expected=f"{version}, which {suite.name} is made of"
            )
    return found


def build_rewriter(proposer: Proposer) -> SafeTwins:
    """Makes safe twins by the same kind of edits."""
    from holdfast.attacks.twins import SafeTwins

    return SafeTwins(proposer)


def build_annotator(config: Config, catastrophe: Catastrophe, root: Path) -> Annotator | None:
    """The program that annotates; None where people do."""
    name = config.annotator.name
    if name == "people":
        return None
    if name == "oracle":
        if catastrophe.oracle is None:
            return None
        from holdfast.annotation.annotators import OracleAnnotator

        return OracleAnnotator(catastrophe)
    if name == "labels":
        from holdfast.annotation.annotators import LabelsAnnotator
        from holdfast.data.readers import read_rows

        path = root / config.annotator.path
        return LabelsAnnotator(read_rows(path).rows, name=f"file:{path.name}")
    if name == "model":
        return _ensemble(config, root)
    raise ConfigError(f"annotator.name = {name!r}", expected="oracle, labels, model or people")


def _ensemble(config: Config, root: Path) -> Annotator:
    """The classifiers below annotator.path, with the thresholds that were stored with them."""
    import json

    from holdfast.annotation.annotators import EnsembleAnnotator
    from holdfast.models.classifier import load_classifier as load

    folder = root / (config.annotator.path or "annotator")
    try:
        thresholds = json.loads((folder / "thresholds.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no model annotator in {folder}: {error}", do="`holdfast train annotator` first"
        ) from None
    scorers = [load(folder / name, device=config.device) for name in thresholds]
    return EnsembleAnnotator(scorers, [float(value) for value in thresholds.values()])
