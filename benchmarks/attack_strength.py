"""Which attack finds most? Verified, distinct failures of the adversarially trained filter, method by method.

Runs the suite (`holdfast suite`) on the last round's classifier of `benchmarks/adversarial_gain.py`, from
held-out parents with held-out proposals, and compares each method with leave-one-out greedy substitution: at
equal queries and at equal CPU seconds. Killed, it goes on where it was.

    python benchmarks/attack_strength.py --gain bench-out/gain --out bench-out/strength
    python benchmarks/attack_strength.py --parents 40 --giving-up
    python benchmarks/attack_strength.py --reach-only --parents 130 --attack-seeds 1

Near-duplicates count once (`attacks/diversity.py`) within one target, method and attack seed. Intervals:
bootstrap over families of parents, all attack seeds of one family together. The story world's oracle screens
the texts of every method before they cost a query, and judges what they find: validity is 1 by construction.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.assemble import build_suite
from holdfast.attacks.diversity import clusters, finds
from holdfast.attacks.suite import SUITE, attacker_name, run_suite
from holdfast.config import FILE_NAME, load_config
from holdfast.stats.binomial import rate
from holdfast.stats.bootstrap import Resampling, ratio_of_totals
from holdfast.store import Store
from holdfast.types import SUITE_ROUND, AttackResult, AttackSession, Judgement, Outcome, Snippet
from holdfast.workflows.execute import execute
from holdfast.workflows.measure import strata_draws
from holdfast.workflows.starting import parents_by_strategy
from holdfast.workflows.suite import suite_proposals
from holdfast.workflows.workspace import Workspace

BASELINE = "greedy@1"
GIVING_UP = "greedy, giving up"
DRAWS = 2000


@dataclass
class Search:
    """One search of the suite, and how many finds it is worth."""

    target: int
    """Seed of the target."""
    family: str
    result: AttackResult
    distinct: float
    """1 / size of the group of near-duplicates that its find belongs to; 0 without a verified find."""


def opened(folder: Path, extra: Sequence[str]) -> Workspace:
    """A workspace of the gain benchmark, one thread."""
    config = load_config(folder / FILE_NAME, overrides=["threads=1", *extra])
    store = Store.open(config.database, upgrade=True, root=folder)
    return Workspace(root=folder.resolve(), config=config, store=store)


def searches(workspace: Workspace, seed: int, options: argparse.Namespace) -> list[Search]:
    """Those of the suite on one target, run where they are missing."""
    asked = {"queries": options.queries, "seeds": options.attack_seeds, "parents": options.parents}
    print(execute(workspace, "suite", {"target": options.target, **asked}).text, flush=True)
    # Searches from other parents are stored too, where the reach or more parents were asked for before.
    start = parents_by_strategy(workspace, options.target, options.parents)
    chosen = {s.id for s in start.parents}
    stored = [
        session
        for session in workspace.store.sessions(target=options.target, round=SUITE_ROUND, purpose="measure")
        if session.result.parent.id in chosen
    ]
    kept = workspace.store.snippets(ids=list({s.result.parent.id for s in stored}))
    families = {s.id: f"{seed}:{s.family}" for s in kept}
    judgements = {
        e.snippet.id: Judgement(verdict=e.verdict, severity=e.severity, strategy=e.strategy)
        for e in workspace.examples(workspace.store.snippets(group=f"attack-suite-{options.target}"))
    }
    found: list[Search] = []
    for version in SUITE.versions:
        for number in range(options.attack_seeds):
            name = attacker_name(SUITE, version, number, options.queries)
            results = [s.result for s in stored if s.attacker == name]
            found += counted(results, judgements, seed, families)
    if options.giving_up:
        for results in giving_up(workspace, [s.snippet for s in start.parents], options):
            found += counted(results, oracle_says(workspace, results), seed, families)
    return found


def counted(
    results: Sequence[AttackResult], judgements: dict[str, Judgement], seed: int, families: dict[str, str]
) -> list[Search]:
    """The searches of one method under one attack seed, with their distinct finds."""
    verified = finds(results, judgements)
    share = {
        verified[i].snippet: 1 / len(group.members) for group in clusters(verified) for i in group.members
    }
    found: list[Search] = []
    for result in results:
        # A text found from two parents is one find: it goes to the first.
        distinct = share.pop(result.candidate, 0.0) if result.candidate is not None else 0.0
        found.append(Search(seed, families[result.parent.id], result, distinct))
    return found


def oracle_says(workspace: Workspace, results: Sequence[AttackResult]) -> dict[str, Judgement]:
    """What the oracle says of the candidates among `results`."""
    oracle = workspace.catastrophe.oracle
    assert oracle is not None
    found = [r.candidate for r in results if r.candidate is not None]
    return {s.id: j for s, j in zip(found, oracle(found), strict=True)}


def giving_up(
    workspace: Workspace, parents: Sequence[Snippet], options: argparse.Namespace
) -> list[list[AttackResult]]:
    """The baseline with the rule by which hotflip gives up, one list an attack seed; nothing is stored.

    How much of a lead over the baseline is that rule's, which any method could have.
    """
    rule = {name: SUITE.settings["hotflip"][name] for name in ("trial", "pace")}
    settings = {**SUITE.settings, "greedy": {**SUITE.settings["greedy"], **rule}}
    attacks = build_suite(
        replace(SUITE, settings=settings), suite_proposals(workspace, SUITE), workspace.annotator
    )
    found: dict[str, list[AttackResult]] = {}

    def keep(attacker: str, result: AttackResult) -> None:
        found.setdefault(attacker, []).append(replace(result, attack=GIVING_UP))

    run_suite(
        SUITE,
        [attack for attack in attacks if attack.name == BASELINE],
        parents,
        target=workspace.classifier(options.target),
        threshold=workspace.target(options.target).threshold.value,
        budget=options.queries,
        seeds=options.attack_seeds,
        on_result=keep,
    )
    return list(found.values())


def shown_first(workspace: Workspace, seed: int, options: argparse.Namespace) -> list[Search]:
    """Those of the suite's searches alone that start in the strategies that draws show accepted; stored.

    They are what the whole suite runs from these parents, and what other parents cross over is left out: what
    they reach is a lower bound of what it reaches, at a tenth of its cost. No distinct finds are told.
    """
    oracle = workspace.catastrophe.oracle
    assert oracle is not None
    name, known = options.target, shown(workspace, options.target)
    chosen = [s.snippet for s in parents_by_strategy(workspace, name, options.parents).parents]
    said = oracle(chosen)
    parents = [s for s, j in zip(chosen, said, strict=True) if j.strategy in known]
    attackers = [
        attacker_name(SUITE, version, number, options.queries)
        for version in SUITE.versions
        for number in range(options.attack_seeds)
    ]

    def keep(attacker: str, result: AttackResult) -> None:
        workspace.store.add_session(
            AttackSession(attacker=attacker, target=name, round=SUITE_ROUND, purpose="measure", result=result)
        )

    run_suite(
        SUITE,
        build_suite(SUITE, suite_proposals(workspace, SUITE), workspace.annotator),
        parents,
        target=workspace.classifier(name),
        threshold=workspace.target(name).threshold.value,
        budget=options.queries,
        seeds=options.attack_seeds,
        on_result=keep,
        done=lambda one: workspace.store.attacked_parents(
            one, target=name, round=SUITE_ROUND, purpose="measure"
        ),
    )
    stored = workspace.store.sessions(target=name, round=SUITE_ROUND, purpose="measure")
    ids = {s.id for s in parents}
    mine = [s.result for s in stored if s.attacker in attackers and s.result.parent.id in ids]
    print(f"target {seed}: {len(parents)} parents, {len(mine)} searches", flush=True)
    return [Search(seed, "", result, 0.0) for result in mine]


def compared(rows: Sequence[Search], version: str, cost: str, baseline: str = BASELINE) -> Any:
    """Distinct finds of a method per unit of `cost`, over the baseline's; bootstrap over families."""
    place = {f: i for i, f in enumerate(sorted({r.family for r in rows}))}
    table = np.zeros((len(place), 4))
    for row in rows:
        if row.result.attack in (version, baseline):
            column = 0 if row.result.attack == version else 2
            table[place[row.family], column] += row.distinct
            table[place[row.family], column + 1] += getattr(row.result, cost)
    return ratio_of_totals(table, (1, -1, -1, 1), how=Resampling(method="percentile"))


def report(rows: Sequence[Search]) -> dict[str, Any]:
    """Print and give the comparison over all targets."""
    found: dict[str, Any] = {}
    methods = list(dict.fromkeys([*SUITE.versions, *(r.result.attack for r in rows)]))
    for baseline in (BASELINE, GIVING_UP):
        if baseline not in methods:
            continue
        print(f"all targets, each against {baseline}; 95 % intervals")
        found[baseline] = {}
        for version in methods:
            mine = [r for r in rows if r.result.attack == version and r.result.outcome is not Outcome.SKIPPED]
            distinct = sum(r.distinct for r in mine)
            line = f"{version:17} {len(mine):,} searches, {distinct:.1f} distinct finds"
            told: dict[str, Any] = {"searches": len(mine), "distinct": distinct}
            for cost, name in (("queries", "equal queries"), ("seconds", "equal CPU seconds")):
                total = sum(getattr(r.result, cost) for r in mine)
                ratio = compared(rows, version, cost, baseline)
                told[name] = [ratio.estimate, ratio.lower, ratio.upper]
                told[cost] = total
                interval = f"x{ratio.estimate:.2f} [{ratio.lower:.2f}, {ratio.upper:.2f}]"
                line += f"; {total:,.0f} {cost}, {name} {interval}"
            found[baseline][version] = told
            print(line)
    return found


def shown(workspace: Workspace, target: str) -> dict[str, tuple[int, int]]:
    """Strategies of which `DRAWS` stratified draws show a catastrophic member that the target accepts.

    With (accepted, drawn) of each.
    """
    oracle = workspace.catastrophe.oracle
    assert oracle is not None
    pool = [s for _, part in strata_draws(workspace) for s in part]
    order = np.random.default_rng(workspace.seed("strength", "draws")).permutation(len(pool))[:DRAWS]
    snippets = [pool[i] for i in order]
    accepted = workspace.classifier(target).score(snippets) < workspace.target(target).threshold.value
    drawn: dict[str, list[bool]] = {}
    for judgement, ok in zip(oracle(snippets), accepted, strict=True):
        if judgement.verdict.strict:
            drawn.setdefault(judgement.strategy, []).append(bool(ok))
    return {name: (sum(oks), len(oks)) for name, oks in sorted(drawn.items()) if any(oks)}


def reached(workspace: Workspace, rows: Sequence[Search], target: str) -> dict[str, Any]:
    """Which of those the suite's verified finds hold too, and in which the parents lay."""
    oracle = workspace.catastrophe.oracle
    assert oracle is not None
    found = [r for r in rows if r.result.candidate is not None]
    said = oracle([r.result.candidate for r in found if r.result.candidate is not None])
    start = oracle([r.result.parent for r in found])
    hit = {j.strategy for j in said if j.verdict.strict}
    crossed = sum(a.strategy != b.strategy for a, b in zip(said, start, strict=True) if a.verdict.strict)
    known = shown(workspace, target)
    missed = sorted(set(known) - hit)
    verified = sum(j.verdict.strict for j in said)
    lacking = ", ".join(f"{m} ({known[m][0]} of {known[m][1]})" for m in missed) or "none"
    print(
        f"{len(set(known) & hit)} of {len(known)} strategies with an accepted member among {DRAWS:,} "
        f"stratified draws; missed: {lacking}; {len(hit)} reached in all; {crossed} of {verified} finds "
        f"(of {len(found)} candidates) of another strategy than their parent",
        flush=True,
    )
    return {
        "shown": known,
        "missed": missed,
        "reached": sorted(hit),
        "crossed": crossed,
        "verified": verified,
        "candidates": len(found),
    }


def together(found: Sequence[dict[str, Any]]) -> str:
    """Strategies reached of those shown over all targets; a strategy of each target is one trial."""
    trials = sum(len(f["shown"]) for f in found)
    said = rate(
        trials - sum(len(f["missed"]) for f in found),
        trials,
        population="strategies with an accepted member, target by target",
    )
    return f"reached {said.count} of {said.trials}: {said.estimate:.2f} [{said.lower:.2f}, {said.upper:.2f}]"


def main() -> None:
    """Run the suite on each target, compare the methods, say which strategies were reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gain", type=Path, default=Path("bench-out/gain"))
    parser.add_argument("--out", type=Path, default=Path("bench-out/strength"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="target seeds")
    parser.add_argument("--attack-seeds", type=int, default=3)
    parser.add_argument("--parents", type=int, default=40)
    parser.add_argument("--queries", type=int, default=300, help="a budget of the suite")
    parser.add_argument("--target", default="round-4")
    parser.add_argument(
        "--reach-only",
        action="store_true",
        help="only the searches that start in strategies with an accepted draw: a lower bound of the reach",
    )
    parser.add_argument(
        "--giving-up",
        action="store_true",
        help="run the baseline once more, with the rule by which hotflip gives up",
    )
    parser.add_argument("--set", action="append", default=[], help="further config overrides")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[Search] = []
    found: dict[str, Any] = {}
    for seed in options.seeds:
        workspace = opened(options.gain / f"seed-{seed}" / "adversarial", options.set)
        mine = (shown_first if options.reach_only else searches)(workspace, seed, options)
        found[f"strategies of target {seed}"] = reached(workspace, mine, options.target)
        rows += mine
        workspace.store.close()
    print(together([part for name, part in found.items() if name.startswith("strategies")]))
    if not options.reach_only:
        found["methods"] = report(rows)
    path = options.out / "attack_strength.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"written {path}")


if __name__ == "__main__":
    main()
