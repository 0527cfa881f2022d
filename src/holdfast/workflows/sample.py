"""Draw snippets: from the catastrophe's corpus, or by the generator on imported prompts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from holdfast.errors import ConfigError, InputError
from holdfast.provenance import stream
from holdfast.types import Annotation, Draw, Snippet, Source, Split, StoredSnippet
from holdfast.workflows.estimate import announce_draws
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import RARE, Workspace

__all__ = ["POOLS", "draw_rare", "sample"]

POOLS: tuple[tuple[str, Source, Split], ...] = (
    ("natural", Source.NATURAL, Split.TRAIN),
    ("tilted", Source.TILTED, Split.TRAIN),
    ("validation", Source.NATURAL, Split.VALIDATION),
    ("validation-tilted", Source.TILTED, Split.VALIDATION),
    ("test", Source.NATURAL, Split.TEST),
    ("parents-train", Source.TILTED, Split.TRAIN),
    ("parents-test", Source.TILTED, Split.TEST),
)
"""Group name, source and split of what is drawn from a corpus. Parents are catastrophic snippets that attacks
start from; training parents and measuring parents are drawn apart and never meet."""

_EACH = 8
"""Measuring parents of a strategy from which on no more are drawn for it."""
_PER_STRATUM = 4
"""Draws of each stratum among which those are looked for."""


def sample(workspace: Workspace, *, source: str = "auto", n: int = 2000, split: str = "train") -> Outcome:
    """Draw from the corpus (each pool once) or from the generator (`n` completions of `split` prompts)."""
    if source not in ("auto", "corpus", "generator"):
        raise ConfigError(f"--from {source!r}", expected="corpus, generator or auto")
    if split not in list(Split):
        raise ConfigError(f"--split {split!r}", expected="train, validation or test")
    corpus = workspace.catastrophe.corpus
    if source == "corpus" and corpus is None:
        raise ConfigError(
            f"{workspace.catastrophe.name!r} brings no corpus",
            do="`holdfast import` text, then `holdfast sample --from generator`",
        )
    if source == "generator" or corpus is None:
        return _from_generator(workspace, n, Split(split))
    return _from_corpus(workspace)


def _wanted(workspace: Workspace) -> dict[str, int]:
    data = workspace.config.data
    half = data.parents // 2
    return {
        "natural": data.train,
        "tilted": data.tilted,
        "validation": data.validation,
        "validation-tilted": data.validation_tilted,
        "test": data.test,
        "parents-train": data.parents - half,
        "parents-test": half,
    }


def _from_corpus(workspace: Workspace) -> Outcome:
    """Every pool that is not there yet. Draws are annotated by the oracle, never by what the source meant."""
    counts: dict[str, int] = {}
    progress = workspace.reporter.step("sample")
    wanted = _wanted(workspace)
    total, done = sum(wanted.values()), 0
    for group, source, split in POOLS:
        have = workspace.store.count_snippets(group=group)
        if not have:
            _draw_pool(workspace, group, source, split, wanted[group])
        done += wanted[group]
        progress(done, total)
        counts[group] = workspace.store.count_snippets(group=group)
    text = "\n".join(f"{group:17} {count:>7,}" for group, count in counts.items())
    return Outcome(
        result={"pools": counts}, text=text, outputs={f"pool:{k}": str(v) for k, v in counts.items()}
    )


def _draw_pool(workspace: Workspace, group: str, source: Source, split: Split, n: int) -> None:
    from holdfast.annotation.annotators import OracleAnnotator

    corpus = workspace.catastrophe.corpus
    assert corpus is not None
    parents = group.startswith("parents")
    oracle = OracleAnnotator(workspace.catastrophe) if workspace.catastrophe.oracle else None
    kept: dict[str, tuple[StoredSnippet, Annotation | None]] = {}
    for batch in range(64):
        size = n if not parents else 4 * n
        draws = corpus.sample(size, workspace.seed("sample", group, batch), tilted=source is Source.TILTED)
        for stored, mark in _judged(_fresh(workspace, draws, source, split, group), oracle):
            if not parents or (mark is not None and mark.judgement.verdict.strict):
                kept.setdefault(stored.id, (stored, mark))
            if len(kept) >= n:
                break
        if len(kept) >= n or not parents and batch >= 8:
            break
    workspace.store.add_snippets(
        [stored for stored, _ in kept.values()],
        annotations=[mark for _, mark in kept.values() if mark is not None],
    )


def draw_rare(workspace: Workspace) -> None:
    """Fill strategies that have few measuring parents up to `_EACH`, from the corpus's strata; once.

    Weighted draws hold no parent of the rarest strategies, so attacks would never start there. The strata are
    those of the corpus, the same for every target; a strategy is what the oracle's annotation says. Nothing
    is done where the corpus has no strata.
    """
    from holdfast.annotation.annotators import OracleAnnotator

    corpus, oracle = workspace.catastrophe.corpus, workspace.catastrophe.oracle
    if (
        corpus is None
        or corpus.strata is None
        or oracle is None
        or workspace.store.count_snippets(group=RARE)
    ):
        return
    held = workspace.examples(workspace.store.snippets(group="parents-test"))
    have = Counter(e.strategy for e in held if e.verdict.strict)
    strata = corpus.strata()
    draws = [
        # Every stratum has as many draws: that is what they weigh before some are chosen.
        replace(draw, log_weight=math.log(stratum.probability * len(strata)))
        for stratum in strata
        for draw in stratum.sample(_PER_STRATUM, workspace.seed("sample", RARE, stratum.name))
    ]
    stream(workspace.config.seed, "sample", RARE).shuffle(draws)
    kept: dict[str, tuple[StoredSnippet, Annotation]] = {}
    fresh = _fresh(workspace, draws, Source.TILTED, Split.TEST, RARE)
    for stored, mark in _judged(fresh, OracleAnnotator(workspace.catastrophe)):
        if mark is None or not mark.judgement.verdict.strict or stored.id in kept:
            continue
        if have[mark.judgement.strategy] < _EACH:
            have[mark.judgement.strategy] += 1
            kept[stored.id] = (stored, mark)
    workspace.store.add_snippets([s for s, _ in kept.values()], annotations=[m for _, m in kept.values()])


def _fresh(
    workspace: Workspace, draws: list[Draw], source: Source, split: Split, group: str
) -> list[StoredSnippet]:
    """Draws that no other pool holds already: one text never sits in two splits."""
    ids = [draw.snippet.id for draw in draws]
    known = {stored.id for stored in workspace.store.snippets(ids=ids)}
    return [
        StoredSnippet(
            snippet=draw.snippet,
            source=source,
            split=split,
            family=draw.snippet.id,
            group=group,
            log_weight=draw.log_weight,
        )
        for draw in draws
        if draw.snippet.id not in known
    ]


def _judged(
    stored: list[StoredSnippet], oracle: object | None
) -> Iterable[tuple[StoredSnippet, Annotation | None]]:
    from holdfast.annotation.annotators import OracleAnnotator

    if not isinstance(oracle, OracleAnnotator):
        return [(s, None) for s in stored]
    judgements = oracle.annotate([s.snippet for s in stored])
    return [
        (
            s,
            Annotation(snippet_id=s.id, annotator=oracle.name, judgement=j, guidelines=oracle.guidelines),
        )
        for s, j in zip(stored, judgements, strict=True)
    ]


def _from_generator(workspace: Workspace, n: int, split: Split) -> Outcome:
    """Completions of the split's prompts by the trained generator, stored unlabelled as group `generated`."""
    pool = [s for s in workspace.texts(split) if s.snippet.prompt]
    if not pool:
        raise InputError(f"no prompts in the {split} split", do="`holdfast import` a file or a book first")
    generator = workspace.generator()
    fits = generator.encoder.fits([s.snippet for s in pool])
    if not all(fits):
        workspace.reporter.say(f"{len(fits) - sum(fits):,} of {len(fits):,} texts are too long: left out")
        pool = [s for s, fit in zip(pool, fits, strict=True) if fit]
    chosen = stream(workspace.config.seed, "prompts", split).sample(pool, min(n, len(pool)))
    have = workspace.store.count_snippets(group="generated", split=split)
    announce_draws(workspace, "sample", generator, [s.snippet.prompt for s in chosen], 1)
    completions = generator.sample(
        [s.snippet.prompt for s in chosen], 1, workspace.seed("generate", split, have)
    )
    made = [
        StoredSnippet(
            snippet=Snippet(prompt=s.snippet.prompt, completion=texts[0]),
            source=Source.NATURAL,
            split=split,
            family=s.family,
            group="generated",
        )
        for s, texts in zip(chosen, completions, strict=True)
        if texts and texts[0].strip()
    ]
    added = workspace.store.add_snippets(made)
    text = f"{added:,} completions of {split} prompts drawn, unlabelled\nnext  holdfast annotate"
    return Outcome(result={"added": added, "prompts": len(chosen)}, text=text, outputs={"added": str(added)})
