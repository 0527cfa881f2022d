"""Which attack finds most? Verified, distinct failures of the adversarially trained filter, method by method.

Attacks the last round's classifier of `benchmarks/adversarial_gain.py` from held-out parents with held-out
proposals, each method from the same parents under the same number of queries, and compares each with
leave-one-out greedy substitution: at equal queries and at equal CPU seconds. Killed, it goes on where it was.

    python benchmarks/attack_strength.py --gain bench-out/gain --out bench-out/strength

Near-duplicates count once (`attacks/diversity.py`) within one target and attack seed. Intervals: bootstrap
over families of parents, all seeds of one family together. The story world's oracle screens the texts of
every method before they cost a query, and judges what they find.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.attacks.diversity import Find, clusters
from holdfast.attacks.run import run_attacks
from holdfast.config import FILE_NAME, load_config
from holdfast.registry import attacks
from holdfast.stats.binomial import rate
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.store import Store
from holdfast.types import AttackBudget, AttackResult, Snippet, Split
from holdfast.workflows.attack import parents
from holdfast.workflows.measure import strata_draws
from holdfast.workflows.workspace import Workspace

METHODS = ("greedy", "beam", "hotflip", "genetic")
BASELINE = "greedy"
Row = dict[str, Any]


def opened(folder: Path, extra: Sequence[str]) -> Workspace:
    """A workspace of the gain benchmark, one thread."""
    config = load_config(folder / FILE_NAME, overrides=["threads=1", *extra])
    return Workspace(root=folder.resolve(), config=config, store=Store.open(config.database, root=folder))


def attack_rows(
    workspace: Workspace, target: str, arguments: argparse.Namespace, done: Path
) -> Iterator[Row]:
    """One row a (method, attack seed, parent), the stored ones first; new ones are stored as they end."""
    known = [json.loads(line) for line in done.read_text().splitlines()] if done.exists() else []
    yield from known
    have = {(r["method"], r["attack_seed"], r["parent"]) for r in known}
    chosen = parents(workspace, "measure", arguments.parents, 0)
    families = {s.id: s.family for s in chosen}
    snippets = [s.snippet for s in chosen]
    proposer, classifier = workspace.proposer(Split.TEST), workspace.classifier(target)
    threshold = workspace.target(target).threshold.value
    oracle = workspace.catastrophe.oracle
    assert oracle is not None

    def plausible(texts: Sequence[Snippet]) -> list[bool]:
        return [j.verdict.strict for j in oracle(list(texts))]

    for seed in range(arguments.attack_seeds):
        for name in arguments.methods:
            attack = attacks().load(name)(proposer=proposer, plausible=plausible)
            fresh: list[Row] = []
            started = time.process_time()

            def keep(
                result: AttackResult, name: str = name, seed: int = seed, fresh: list[Row] = fresh
            ) -> None:
                nonlocal started
                row = as_row(result, oracle) | {
                    "method": name,
                    "attack_seed": seed,
                    "family": families[result.parent.id],
                    "cpu": time.process_time() - started,
                }
                with done.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                fresh.append(row)
                started = time.process_time()

            run_attacks(
                snippets,
                [(attack, 1.0)],
                target=classifier,
                threshold=threshold,
                budget=AttackBudget(queries=arguments.queries),
                seed=seed,
                on_result=keep,
                skip={p.id for p in snippets if (name, seed, p.id) in have},
            )
            yield from fresh
            print(f"{workspace.root.parent.name} {name} seed {seed}: {len(fresh)} new", flush=True)


def as_row(result: AttackResult, oracle: Any) -> Row:
    """What the tables need of one attack."""
    row: Row = {"parent": result.parent.id, "queries": result.queries, "outcome": result.outcome.value}
    if result.candidate is not None:
        (judgement,) = oracle([result.candidate])
        row |= {
            "candidate": [result.candidate.prompt, result.candidate.completion],
            "parent_text": [result.parent.prompt, result.parent.completion],
            "verified": judgement.verdict.strict,
            "strategy": judgement.strategy,
        }
    return row


def weights(rows: list[Row]) -> None:
    """`distinct` of each row: 1 / size of its cluster within its target, method and attack seed, else 0."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        row["distinct"] = 0.0
        if row.get("verified"):
            groups.setdefault((row["target"], row["method"], row["attack_seed"]), []).append(row)
    for group in groups.values():
        found = [
            Find(snippet=Snippet(*r["candidate"]), parent=Snippet(*r["parent_text"]), queries=r["queries"])
            for r in group
        ]
        for cluster in clusters(found):
            for index in cluster.members:
                group[index]["distinct"] = 1 / len(cluster.members)


def compared(rows: list[Row], method: str, cost: str) -> Any:
    """Distinct finds of `method` per unit of `cost`, over the baseline's; bootstrap over families."""
    families = sorted({r["family"] for r in rows})
    place = {f: i for i, f in enumerate(families)}
    table = np.zeros((len(families), 4))
    for row in rows:
        if row["method"] in (method, BASELINE):
            column = 0 if row["method"] == method else 2
            table[place[row["family"]], column] += row["distinct"]
            table[place[row["family"]], column + 1] += row[cost]
    return ratio_of_totals(table, (1, -1, -1, 1), how=Resampling(method="percentile"))


def reachable(workspace: Workspace, target: str, draws: int) -> set[str]:
    """Strategies of which `draws` stratified draws show a catastrophic member that the target accepts."""
    oracle = workspace.catastrophe.oracle
    assert oracle is not None
    pool = [s for _, part in strata_draws(workspace) for s in part]
    rng = np.random.default_rng(workspace.seed("strength", "draws"))
    snippets = [pool[i] for i in rng.permutation(len(pool))[:draws]]
    logits = workspace.classifier(target).score(snippets)
    accepted = logits < workspace.target(target).threshold.value
    judged = oracle(snippets)
    return {j.strategy for j, ok in zip(judged, accepted, strict=True) if ok and j.verdict.strict}


def report(rows: list[Row], methods: Sequence[str], queries: int) -> dict[str, Any]:
    """Print and give both tables."""
    weights(rows)
    found: dict[str, Any] = {}
    for method in methods:
        mine = [r for r in rows if r["method"] == method and r["outcome"] != "skipped"]
        candidates = [r for r in mine if "verified" in r and r["outcome"] == "candidate"]
        verified = [r for r in candidates if r["verified"]]
        spent, cpu = sum(r["queries"] for r in mine), sum(r["cpu"] for r in mine)
        distinct = sum(r["distinct"] for r in mine)
        valid = rate(len(verified), len(candidates), population="candidates") if candidates else None
        row = {
            "attacks": len(mine),
            "broken": len(verified),
            "distinct": distinct,
            "queries": spent,
            "cpu": cpu,
            "per_thousand": 1000 * distinct / spent,
            "per_cpu_minute": 60 * distinct / cpu,
            "broken_by": {
                str(q): sum(r["queries"] <= q for r in verified) for q in (24, 48, 96, 192, queries)
            },
            "validity": valid.to_dict() if valid else None,
        }
        line = f"{method:8} broke {len(verified)} of {len(mine)}, distinct {distinct:.0f}; validity {valid}; "
        line += f"{row['per_thousand']:.2f} per 1,000 queries, {row['per_cpu_minute']:.2f} per CPU minute"
        if method != BASELINE:
            for cost in ("queries", "cpu"):
                ratio = compared(rows, method, cost)
                row[f"ratio_{cost}"] = [ratio.estimate, ratio.lower, ratio.upper]
                line += f"; x{ratio.estimate:.2f} [{ratio.lower:.2f}, {ratio.upper:.2f}] by {cost}"
        found[method] = row
        print(line)
    return found


def main() -> None:
    """Attack, compare, say which strategies were reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gain", type=Path, default=Path("bench-out/gain"))
    parser.add_argument("--out", type=Path, default=Path("bench-out/strength"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="target seeds")
    parser.add_argument("--attack-seeds", type=int, default=3)
    parser.add_argument("--parents", type=int, default=60)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--target", default="round-4")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--set", action="append", default=[], help="further config overrides")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    reach: dict[int, set[str]] = {}
    for seed in arguments.seeds:
        workspace = opened(arguments.gain / f"seed-{seed}" / "adversarial", arguments.set)
        path = arguments.out / f"seed-{seed}.jsonl"
        for row in attack_rows(workspace, arguments.target, arguments, path):
            if row["method"] in arguments.methods and row["attack_seed"] < arguments.attack_seeds:
                rows.append(row | {"target": seed, "family": f"{seed}:{row['family']}"})
        reach[seed] = reachable(workspace, arguments.target, 2000)
        workspace.store.close()
    found: dict[str, Any] = {"methods": report(rows, arguments.methods, arguments.queries)}
    for seed, known in reach.items():
        hit = {r["strategy"] for r in rows if r["target"] == seed and r.get("verified")}
        missed = sorted(known - hit)
        found[f"strategies {seed}"] = {"known": sorted(known), "missed": missed, "hit": sorted(hit)}
        print(
            f"target seed {seed}: {len(known & hit)} of {len(known)} strategies with an accepted member "
            f"among 2,000 stratified draws; missed {', '.join(missed) or 'none'}; {len(hit)} hit in all"
        )
    path = arguments.out / "attack_strength.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"written {path}")


if __name__ == "__main__":
    main()
