"""Real text: what does each method find against a filter with a small pretrained base?

Candidates of every method of the suite, and of paraphrase by rules, from the injurious snippets of the
test books and from the attacks of the `test` fold that both readers call catastrophic, as far as the filter
rejects them. Nobody has verified what comes out: these are candidates, and most word substitutions change
what a text says. A sample of them is written for people to label. Killed, it goes on where it was.

    python benchmarks/real_attacks.py --workspace COPY --attacks FILE --out bench-out/real-attacks

The workspace is a copy of the one of `real_recall.py`, after that benchmark trained its `pretrained-0`: the
searches are stored in it. Labels and attacks were made by language models, not by people.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from real_recall import opened
from strategies import Strategies, fit_strategies, hit_rate

from holdfast.assemble import build_suite
from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.attacks.suite import SUITE, attacker_name, run_suite
from holdfast.data.readers import read_rows
from holdfast.data.writers import write_records
from holdfast.edits.admission import versioned
from holdfast.measurement.threshold import choose_threshold
from holdfast.provenance import stream
from holdfast.stats.binomial import rate
from holdfast.types import (
    SUITE_ROUND,
    AttackResult,
    AttackSession,
    Outcome,
    Rate,
    Snippet,
    Source,
    Split,
    Threshold,
    Verdict,
)
from holdfast.workflows.workspace import Workspace

REAL = replace(
    SUITE,
    name="real-1",
    methods=(*SUITE.methods, "paraphrase"),
    versions=(*SUITE.versions, ParaphraseRewriting.name),
)
"""The suite's methods under its settings, and paraphrase under its own: not the suite, so another name."""
WRITERS = ("attack", "unaided")
"""Kinds of rows with a strategy."""


@dataclass(frozen=True)
class Attacked:
    """A text to start from."""

    snippet: Snippet
    family: str
    origin: str
    """`label` or `attack`."""


def both_say(verdicts: Sequence[Verdict]) -> bool:
    """True where two readers or more call it catastrophic, and none does not."""
    return len(verdicts) >= 2 and all(v is Verdict.CATASTROPHIC for v in verdicts)


def calibrated(workspace: Workspace, name: str, n: int) -> Threshold:
    """The stored one; else, stored, the configured acceptance on `n` ordinary validation stories."""
    if workspace.store.thresholds(name):
        return workspace.target(name).threshold
    pool = workspace.store.snippets(split=Split.VALIDATION, source=Source.NATURAL)
    chosen = stream(0, "real attacks", "threshold").sample(pool, min(n, len(pool)))
    found = choose_threshold(
        workspace.classifier(name).score([s.snippet for s in chosen]),
        workspace.config.filter.acceptance,
        checkpoint=workspace.store.checkpoint(name),
        population=f"{len(chosen):,} ordinary stories of the validation books",
        characters=versioned(workspace.config.filter.characters),
    )
    workspace.store.add_threshold(name, found)
    return found


def sources(workspace: Workspace, attacks: Path) -> list[Attacked]:
    """Everything that a search may start from: labels, then attacks, each in a seeded order."""
    labels = [
        Attacked(e.snippet, e.family, "label")
        for e in workspace.examples(workspace.store.snippets(split=Split.TEST, source=Source.IMPORTED))
        if e.verdict.strict
    ]
    rows = [r for r in read_rows(attacks).rows if r.kind == "attack" and r.split is Split.TEST]
    written = [
        Attacked(r.snippet, r.snippet.prompt, "attack")
        for r in rows
        if both_say([a.judgement.verdict for a in r.annotations])
    ]
    shuffled = [
        stream(0, "real attacks", part[0].origin).sample(part, len(part)) for part in (labels, written)
    ]
    return list({p.snippet.id: p for part in shuffled for p in part}.values())


def in_turn(pool: Sequence[Attacked]) -> list[Attacked]:
    """A label, an attack, and so on: the first few are of both kinds."""
    parts = [[p for p in pool if p.origin == origin] for origin in ("label", "attack")]
    return [p for pair in zip_longest(*parts) for p in pair if p is not None]


def searched(
    workspace: Workspace, name: str, threshold: float, parents: Sequence[Attacked], queries: int
) -> list[AttackResult]:
    """Every search of every method; those that are stored are not repeated."""
    from holdfast.assemble import build_proposer

    texts = [s.snippet.text for s in workspace.texts(Split.TEST)]
    proposer = build_proposer(workspace.config, workspace.root, texts, workspace.generator)
    store, ids = workspace.store, {p.snippet.id for p in parents}

    def keep(attacker: str, result: AttackResult) -> None:
        store.add_session(
            AttackSession(attacker=attacker, target=name, round=SUITE_ROUND, purpose="measure", result=result)
        )
        print(f"{attacker} {result.outcome.value} after {result.queries}", flush=True)

    attacks = build_suite(REAL, proposer, None)
    # Parent by parent: a run that is stopped has all methods from as many parents as it reached.
    for parent in parents:
        run_suite(
            REAL,
            attacks,
            [parent.snippet],
            target=workspace.classifier(name),
            threshold=threshold,
            budget=queries,
            seeds=1,
            on_result=keep,
            done=lambda attacker: store.attacked_parents(
                attacker, target=name, round=SUITE_ROUND, purpose="measure"
            ),
        )
    names = {attacker_name(REAL, version, 0, queries) for version in REAL.versions}
    sessions = store.sessions(target=name, round=SUITE_ROUND, purpose="measure")
    return [s.result for s in sessions if s.attacker in names and s.result.parent.id in ids]


def written_out(path: Path, results: Sequence[AttackResult], n: int) -> int:
    """A seeded sample of the candidates, as many of each method as there are up to an equal share.

    What found them is left out: who labels them should not know. `verdict` is to be filled in.
    """
    by_method: dict[str, dict[str, AttackResult]] = {}
    for result in results:
        if result.candidate is not None:
            by_method.setdefault(result.attack, {})[result.candidate.id] = result
    chosen: dict[str, AttackResult] = {}
    for method, found in sorted(by_method.items()):
        share = stream(0, "sample", method).sample(sorted(found), min(len(found), -(-n // len(by_method))))
        chosen |= {i: found[i] for i in share}
    order = stream(0, "sample").sample(sorted(chosen), len(chosen))
    return write_records(
        path,
        [
            {
                "prompt": snippet.prompt,
                "completion": snippet.completion,
                "family": chosen[i].parent.id,
                "split": "test",
                "kind": "attack",
                "verdict": "",
            }
            for i in order
            if (snippet := chosen[i].candidate) is not None
        ],
    )


def resembled(model: Strategies, results: Sequence[AttackResult]) -> dict[str, Any]:
    """Nearest strategies of the candidates, and of the texts that they were made from."""
    broken = [r for r in results if r.candidate is not None]
    found = {r.candidate: model.nearest(r.candidate) for r in broken if r.candidate is not None}
    before = {r.parent: model.nearest(r.parent) for r in broken}
    moved = sum(found[r.candidate] != before[r.parent] for r in broken if r.candidate is not None)
    return {
        "candidates": dict(Counter(found.values()).most_common()),
        "parents": dict(Counter(before.values()).most_common()),
        "moved": moved,
        "of": len(broken),
    }


def row(method: str, results: Sequence[AttackResult], strategies: Strategies) -> dict[str, Any]:
    """One line of the table."""
    attacked = [r for r in results if r.outcome is not Outcome.SKIPPED]
    broken = {r.parent.id for r in attacked if r.candidate is not None}
    parents = {r.parent.id for r in attacked}
    found = {r.candidate for r in attacked if r.candidate is not None}
    share: Rate = rate(len(broken), len(parents), population="rejected parents")
    near = {strategies.nearest(s) for s in found} - {""}
    queries = sum(r.queries for r in attacked)
    print(
        f"{method:14} broken {share}; {len(found)} candidates, {queries:,} queries, "
        f"{len(near)} of {len(strategies.centres)} strategies"
    )
    return {
        "method": method,
        "broken": share.to_dict(),
        "candidates": len(found),
        "queries": queries,
        "seconds": sum(r.seconds for r in attacked),
        "strategies": sorted(near),
    }


def main() -> None:
    """Calibrate, choose parents, attack, count, write the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--workspace", type=Path, required=True, help="copy of real_recall's: it is written to"
    )
    parser.add_argument("--attacks", type=Path, required=True, help="injury-attacks/attacks.jsonl.gz")
    parser.add_argument("--target", default="pretrained-0")
    parser.add_argument("--parents", type=int, default=40)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--natural", type=int, default=2000, help="ordinary stories for the threshold")
    parser.add_argument("--sample", type=int, default=70, help="candidates written for people")
    parser.add_argument("--out", type=Path, default=Path("bench-out/real-attacks"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    workspace = opened(arguments.workspace, [])
    threshold = calibrated(workspace, arguments.target, arguments.natural)
    pool = sources(workspace, arguments.attacks)
    logits = workspace.classifier(arguments.target).score([p.snippet for p in pool])
    rejected = [p for p, z in zip(pool, logits, strict=True) if z >= threshold.value]
    parents = in_turn(rejected)[: arguments.parents]
    counts = Counter(p.origin for p in parents)
    refused = {o: sum(p.origin == o for p in rejected) for o in counts}
    print(f"accepts {threshold.acceptance}; {len(rejected)} of {len(pool)} texts rejected: {refused}")
    print(f"attacked: {dict(counts)}")
    results = searched(workspace, arguments.target, threshold.value, parents, arguments.queries)

    tagged = [
        (r.snippet, [t.strip() for t in r.tags.get("strategy", "").split(",") if t.strip()], r.split)
        for r in read_rows(arguments.attacks).rows
        if r.kind in WRITERS
    ]
    strategies = fit_strategies([(s, tags) for s, tags, split in tagged if split is Split.TRAIN])
    held_out = [(s, tags) for s, tags, split in tagged if split is Split.TEST]
    hits, commonest = hit_rate(strategies, held_out, "attacks of the test fold")
    print(f"nearest strategy is the writer's {hits}; always the commonest: {commonest}")
    rows = [row(v, [r for r in results if r.attack == v], strategies) for v in REAL.versions]
    rows.append(row("union", results, strategies))
    sample = arguments.out / "candidates-to-label.jsonl"
    n = written_out(sample, results, arguments.sample)
    found = {
        "target": arguments.target,
        "acceptance": threshold.acceptance.to_dict(),
        "threshold": threshold.value,
        "parents": dict(counts),
        "rejected": len(rejected),
        "pool": len(pool),
        "queries": arguments.queries,
        "rows": rows,
        "strategy_rule": {"held_out": hits.to_dict(), "commonest": commonest.to_dict()},
        "resemble": resembled(strategies, results),
    }
    path = arguments.out / "real_attacks.json"
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"written {path} and {n} candidates to label in {sample}")


if __name__ == "__main__":
    main()
