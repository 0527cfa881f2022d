"""Draw snippets: from the catastrophe's corpus, or by the generator on imported prompts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from holdfast.errors import ConfigError, InputError
from holdfast.protocols import Progress
from holdfast.provenance import stream
from holdfast.types import Annotation, Draw, Judgement, Snippet, Source, Split, StoredSnippet
from holdfast.workflows.estimate import announce_draws
from holdfast.workflows.fanout import spread
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

_CHUNK = 4000
"""Draws from one seed."""
_FURTHER, _MORE = 500, 200
"""Draws from one seed, and how often at most, where the first chunks of a pool do not fill it."""
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
    """Every pool that is not there yet, stored as soon as it is drawn."""
    wanted = _wanted(workspace)
    open_ = [pool for pool in POOLS if not workspace.store.count_snippets(group=pool[0])]
    chunks = [
        _Chunk(group=group, tilted=source is Source.TILTED, number=number, size=size)
        for group, source, _ in open_
        for number, size in enumerate(_sizes(group, wanted[group]))
    ]
    progress = workspace.reporter.step("sample")
    drawn = _counted(spread(workspace, _drawing, None, chunks), chunks, progress)
    for group, source, split in open_:
        chunks_of = _sizes(group, wanted[group])
        first = islice(drawn, len(chunks_of))
        _draw_pool(workspace, (group, source, split), first, wanted[group], len(chunks_of))
        for _ in first:
            pass  # what was drawn too much
    counts = {group: workspace.store.count_snippets(group=group) for group, _, _ in POOLS}
    text = "\n".join(f"{group:17} {count:>7,}" for group, count in counts.items())
    return Outcome(
        result={"pools": counts}, text=text, outputs={f"pool:{k}": str(v) for k, v in counts.items()}
    )


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """A part of a pool, drawn from a seed of its own."""

    group: str
    tilted: bool
    number: int
    size: int


_Drawn = list[tuple[Draw, Judgement | None]]
"""Draws and what the oracle says of them (None where there is no oracle)."""


def _sizes(group: str, n: int) -> list[int]:
    """Draws of each chunk that a pool of `n` begins with; about a quarter of tilted draws can be parents."""
    wanted = n if not group.startswith("parents") else 5 * n
    return [min(_CHUNK, wanted - start) for start in range(0, wanted, _CHUNK)]


def _drawing(workspace: Workspace, common: None) -> Callable[[_Chunk], _Drawn]:
    """Draws a chunk and has it judged by the oracle, never by what the source meant."""
    corpus, oracle = workspace.catastrophe.corpus, workspace.catastrophe.oracle
    assert corpus is not None

    def draw(chunk: _Chunk) -> _Drawn:
        seed = workspace.seed("sample", chunk.group, chunk.number)
        draws = corpus.sample(chunk.size, seed, tilted=chunk.tilted)
        if oracle is None:
            return [(draw, None) for draw in draws]
        return list(zip(draws, oracle([draw.snippet for draw in draws]), strict=True))

    return draw


def _counted(drawn: Iterator[_Drawn], chunks: Sequence[_Chunk], progress: Progress) -> Iterator[_Drawn]:
    """The same, counted where people watch."""
    done, total = 0, sum(chunk.size for chunk in chunks)
    for one in drawn:
        done += len(one)
        progress(done, total)
        yield one


def _draw_pool(
    workspace: Workspace, pool: tuple[str, Source, Split], first: Iterator[_Drawn], n: int, chunks: int
) -> None:
    """Keep `n` of what is drawn `first` in `chunks`; where too little is new, or can be a parent, draw on."""
    group, source, split = pool
    parents = group.startswith("parents")
    draw = _drawing(workspace, None)
    kept: dict[str, tuple[StoredSnippet, Annotation | None]] = {}
    further = (
        draw(_Chunk(group=group, tilted=source is Source.TILTED, number=number, size=_FURTHER))
        for number in range(chunks, chunks + _MORE)
    )
    for drawn in chain(first, further) if n else ():
        for stored, mark in _fresh(workspace, drawn, source, split, group):
            if len(kept) < n and (not parents or (mark is not None and mark.judgement.verdict.strict)):
                kept.setdefault(stored.id, (stored, mark))
        if len(kept) >= n:
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
    drawn: _Drawn = list(zip(draws, oracle([draw.snippet for draw in draws]), strict=True))
    for stored, mark in _fresh(workspace, drawn, Source.TILTED, Split.TEST, RARE):
        if mark is None or not mark.judgement.verdict.strict or stored.id in kept:
            continue
        if have[mark.judgement.strategy] < _EACH:
            have[mark.judgement.strategy] += 1
            kept[stored.id] = (stored, mark)
    workspace.store.add_snippets([s for s, _ in kept.values()], annotations=[m for _, m in kept.values()])


def _fresh(
    workspace: Workspace, drawn: _Drawn, source: Source, split: Split, group: str
) -> list[tuple[StoredSnippet, Annotation | None]]:
    """Draws that no other pool holds already, with their annotations: one text never sits in two splits."""
    from holdfast.annotation.annotators import OracleAnnotator

    oracle = OracleAnnotator(workspace.catastrophe) if workspace.catastrophe.oracle else None
    known = {stored.id for stored in workspace.store.snippets(ids=[draw.snippet.id for draw, _ in drawn])}
    found: list[tuple[StoredSnippet, Annotation | None]] = []
    for draw, judgement in drawn:
        snippet = draw.snippet
        if snippet.id in known:
            continue
        mark = None
        if oracle is not None and judgement is not None:
            mark = Annotation(
                snippet_id=snippet.id,
                annotator=oracle.name,
                judgement=judgement,
                guidelines=oracle.guidelines,
            )
        stored = StoredSnippet(
            snippet=snippet,
            source=source,
            split=split,
            family=snippet.id,
            group=group,
            log_weight=draw.log_weight,
        )
        found.append((stored, mark))
    return found


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
