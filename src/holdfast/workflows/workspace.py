"""A workspace opened: its folder, config, store, and the live objects made from them on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.config import FILE_NAME, Config
from holdfast.errors import ConfigError
from holdfast.protocols import Annotator, Progress, Proposer
from holdfast.provenance import stream_seed
from holdfast.store import Store
from holdfast.store.labelling import Labelling
from holdfast.types import Catastrophe, Example, Source, Split, StoredSnippet, Target, Verdict

if TYPE_CHECKING:
    from holdfast.edits.admitting import AdmittingClassifier
    from holdfast.filtering.rejection import RejectionFilter
    from holdfast.models.classifier import HFClassifier
    from holdfast.models.generator import HFGenerator

__all__ = ["DELIVERED", "RARE", "Reporter", "Workspace", "plain_name", "silent"]


class Reporter(Protocol):
    """Where progress goes."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def step(self, name: str) -> Progress:
        """A callback for one step of work."""
        ...


@dataclass(frozen=True)
class _Silent:
    def say(self, text: str) -> None:
        """Nothing."""

    def step(self, name: str) -> Progress:
        """A callback that does nothing."""
        return lambda done, total: None


silent: Reporter = _Silent()

DELIVERED = "delivered"
"""Group of what the filter delivered while it was measured: selected text, never a natural sample."""
RARE = "parents-rare"
"""Group of the suite's further parents: those of strategies of which draws by weight bring few."""


def plain_name(name: str) -> str:
    """`name` if it can name a folder inside another. Raises ConfigError for a path: models stay inside."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise ConfigError(f"the name {name!r}", expected="a plain name, no path")
    return name


@dataclass(frozen=True)
class Workspace:
    """Everything a workflow needs."""

    root: Path
    config: Config
    store: Store
    reporter: Reporter = silent
    run_id: str = ""
    clock: Callable[[], float] | None = None

    @property
    def file(self) -> Path:
        """The config file."""
        return self.root / FILE_NAME

    @cached_property
    def catastrophe(self) -> Catastrophe:
        """What must never be output."""
        from holdfast.assemble import build_catastrophe

        return build_catastrophe(self.config, self.root)

    @cached_property
    def annotator(self) -> Annotator | None:
        """The program that annotates; None where people do."""
        from holdfast.assemble import build_annotator

        return build_annotator(self.config, self.catastrophe, self.root)

    def tokenizer(self) -> Any:
        """The tokeniser of the workspace's generator; else one trained on the training split's text."""
        from holdfast.models.tokenizer import load_tokenizer, train_tokenizer

        folder = self.folder("generator")
        if folder.is_dir():
            return load_tokenizer(folder)
        texts = [s.snippet.text for s in self.texts(Split.TRAIN)]
        size = self.config.generator
        return train_tokenizer(texts, vocabulary=size.vocabulary, max_length=size.max_length)

    def classifier(self, name: str) -> AdmittingClassifier:
        """The classifier checkpoint `name`, loaded, behind the configured rule for characters."""
        from holdfast.assemble import load_classifier

        return load_classifier(self.store.checkpoint(name), self.root, self.config)

    def load(self, folder: Path) -> HFClassifier:
        """The classifier in `folder`, whether or not the workspace recorded it."""
        from holdfast.models.classifier import load_classifier

        return load_classifier(folder, device=self.config.device)

    def generator(self) -> HFGenerator:
        """The trained generator, loaded."""
        from holdfast.assemble import load_generator

        ref = self.store.checkpoint("generator")
        return load_generator(ref, self.root, self.config, self.catastrophe.completion_sentences)

    def filter(self, name: str, *, draws: int = 0) -> RejectionFilter:
        """The filter of target `name`, with the configured draw budget or `draws`."""
        from holdfast.filtering.rejection import RejectionFilter

        budget = draws or self.config.filter.draws
        return RejectionFilter(self.generator(), self.classifier(name), self.target(name), draws=budget)

    def proposer(self, split: Split) -> Proposer:
        """The configured proposals; contexts are a split's own: measuring attacks never see training text."""
        from holdfast.assemble import build_proposer

        texts = [s.snippet.text for s in self.texts(split)]
        return build_proposer(self.config, self.root, texts, self.generator)

    def seed(self, *names: object) -> int:
        """A seed for one named purpose."""
        return stream_seed(self.config.seed, *names)

    def folder(self, name: str) -> Path:
        """Where the checkpoint `name` is or will be."""
        return self.root / "checkpoints" / plain_name(name)

    def target(self, name: str) -> Target:
        """The classifier checkpoint `name` with its current threshold.

        Raises CheckpointError where that was chosen under another rule for characters than is configured.
        """
        from holdfast.edits.admission import check_rule

        found = Target(checkpoint=self.store.checkpoint(name), threshold=self.store.threshold(name))
        check_rule(found.threshold, self.config.filter.characters)
        return found

    def comparable(self, names: Sequence[str]) -> list[str]:
        """Those of `names` whose threshold was chosen under the configured rule for characters.

        The others are said. Raises CheckpointError where there are no others than those.
        """
        from holdfast.edits.admission import versioned

        rule = versioned(self.config.filter.characters)
        kept = [name for name in names if self.store.threshold(name).characters == rule]
        if names and not kept:
            self.target(names[-1])
        if left_out := [name for name in names if name not in kept]:
            self.reporter.say(
                f"left out: {', '.join(left_out)}, calibrated under another filter.characters than {rule}"
            )
        return kept

    def examples(self, snippets: list[StoredSnippet]) -> list[Example]:
        """Those of `snippets` that annotations give a verdict, with it."""
        from holdfast.annotation.rules import consensus

        ids = [s.id for s in snippets]
        marks, wanted = self.store.annotations(ids), Labelling(self.store).wanted(ids)
        found = []
        for stored in snippets:
            own = marks.get(stored.id, [])
            verdict = consensus(own, required=wanted.get(stored.id, 1))
            if verdict is None:
                continue
            last = next(
                (a.judgement for a in reversed(own) if a.judgement.verdict is verdict), own[-1].judgement
            )
            found.append(
                Example(
                    snippet=stored.snippet,
                    verdict=verdict,
                    source=stored.source,
                    family=stored.family,
                    split=stored.split,
                    round=stored.round,
                    severity=last.severity,
                    strategy=last.strategy,
                )
            )
        return found

    def verdicts(self, ids: Sequence[str]) -> dict[str, Verdict]:
        """Snippet id -> verdict, for those that have one; what people's queue holds wants all its labels."""
        from holdfast.gather import verdicts

        return {id: said for id, said in verdicts(self.store, ids).items() if said is not None}

    def texts(self, split: Split) -> list[StoredSnippet]:
        """Snippets of a split that no attack touched and no filter delivered: what proposers learn from.

        What is delivered differs from target to target, and parents of rare strategies are there only once a
        suite was run; an attack's proposals must not differ.
        """
        kept = (Source.NATURAL, Source.TILTED, Source.IMPORTED)
        found = self.store.snippets(split=split)
        return [s for s in found if s.source in kept and s.group not in (DELIVERED, RARE)]
