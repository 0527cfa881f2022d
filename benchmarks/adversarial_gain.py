"""Does adversarial training make the filter harder to break? Baseline, rounds of it, and a control arm.

Per seed: story world, generator, baseline classifier; then (a) `--rounds` rounds of attack, annotation and
retraining, (b) a control that gets as many further ordinary labels and as many steps. All three are
calibrated to one acceptance of natural text and attacked from parent families, with proposals from text, that
training never saw. Prints a table; writes JSON; a killed run goes on where it was.

    python benchmarks/adversarial_gain.py --out bench-out/gain
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

from holdfast.config import FILE_NAME, load_config
from holdfast.measurement.acceptance import acceptance_change
from holdfast.measurement.attack_cost import attack_cost, candidates, cost_ratio
from holdfast.measurement.exact import exact_ratio, pair_strata
from holdfast.store import Store
from holdfast.types import (
    Annotation,
    AttackSession,
    Round,
    RoundState,
    Source,
    Split,
    StoredSnippet,
    Verdict,
)
from holdfast.workflows.attack import attack_target, keep_candidates
from holdfast.workflows.calibrate import calibrate_target, natural
from holdfast.workflows.execute import execute
from holdfast.workflows.measure import strata_draws, test_twins
from holdfast.workflows.new import new
from holdfast.workflows.round import advance
from holdfast.workflows.train_classifier import train_named
from holdfast.workflows.workspace import Workspace

SETTINGS = (
    "data.validation=16000",
    "data.parents=4800",
    "round.parents=600",
    "measure.parents=400",
    "measure.stratum_draws=60",
    "threads=1",
)


def open_workspace(folder: Path, seed: int, extra: list[str]) -> Workspace:
    """The workspace in `folder`, made where it is missing."""
    overrides = [*SETTINGS, f"seed={seed}", *extra]
    if not (folder / FILE_NAME).exists():
        new(folder, catastrophe="storyworld", overrides=overrides)
    config = load_config(folder / FILE_NAME, overrides=overrides)
    store = Store.open(config.database, create=True, root=folder)
    return Workspace(root=folder.resolve(), config=config, store=store)


def has(workspace: Workspace, name: str) -> bool:
    """Whether checkpoint `name` is trained and calibrated."""
    known = any(r.name == name for r in workspace.store.checkpoints("classifier"))
    return known and bool(workspace.store.thresholds(name))


def baseline(workspace: Workspace) -> None:
    """Sample, generator, baseline classifier, threshold."""
    if not has(workspace, "baseline"):
        for command in ("sample", "train generator", "train classifier"):
            execute(workspace, command, {})
        calibrate_target(workspace, "baseline")


def adversarial_arm(workspace: Workspace, rounds: int) -> list[int]:
    """The rounds, without their measurements; labels that each of them added."""
    for number in range(1, rounds + 1):
        known = workspace.store.rounds()
        if len(known) < number:
            target = "baseline" if number == 1 else f"round-{number - 1}"
            workspace.store.open_round(Round(number=number, target=target))
        current = workspace.store.round(number)
        if current.state is not RoundState.MEASURED:
            advance(workspace, current, RoundState.CALIBRATED)
            workspace.store.set_round_state(number, RoundState.MEASURED)
    added = [s for s in workspace.store.snippets(split=Split.TRAIN) if s.round]
    return [sum(s.round == n for s in added) for n in range(1, rounds + 1)]


def control_arm(workspace: Workspace, labels: list[int]) -> None:
    """As many further ordinary labels (tilted draws: rich in catastrophes), the same steps, each round."""
    corpus, oracle = workspace.catastrophe.corpus, workspace.catastrophe.oracle
    assert corpus is not None and oracle is not None
    for number, n in enumerate(labels, 1):
        group = f"control-{number}"
        if not workspace.store.count_snippets(group=group):
            draws = corpus.sample(n, workspace.seed("control", number), tilted=True)
            known = {s.id for s in workspace.store.snippets(ids=[d.snippet.id for d in draws])}
            fresh = {d.snippet.id: d.snippet for d in draws if d.snippet.id not in known}
            workspace.store.add_snippets(
                StoredSnippet(
                    snippet=s, source=Source.TILTED, split=Split.TRAIN, family=i, group=group, round=number
                )
                for i, s in fresh.items()
            )
            version = workspace.catastrophe.version
            workspace.store.add_annotations(
                Annotation(snippet_id=s.id, annotator="oracle:storyworld", judgement=j, guidelines=version)
                for s, j in zip(fresh.values(), oracle(list(fresh.values())), strict=True)
            )
        start = "baseline" if number == 1 else f"control-{number - 1}"
        name = f"control-{number}"
        train_named(workspace, name, start=start, steps=workspace.config.train.round_steps)
        if not has(workspace, name):
            calibrate_target(workspace, name)


def evaluate(workspace: Workspace, name: str, twins: list[StoredSnippet]) -> dict[str, Any]:
    """Attack `name` from held-out parents; its logits on natural text, twins and stratum draws."""
    attack_target(workspace, name, "measure", workspace.config.measure.parents, 0)
    keep_candidates(workspace, name, "measure", 0)
    classifier = workspace.classifier(name)
    pool = natural(workspace, Split.TEST)
    draws = strata_draws(workspace)
    return {
        "threshold": workspace.store.threshold(name).value,
        "natural": classifier.score([s.snippet for s in pool]),
        "strict": [e.verdict.strict for e in workspace.examples(pool)],
        "twins": classifier.score([s.snippet for s in twins]),
        "strata": classifier.score([s for _, part in draws for s in part]),
        "draws": [d for d, _ in draws],
        "sessions": workspace.store.sessions(target=name, round=0, purpose="measure"),
        "verdicts": workspace.verdicts(
            candidates(workspace.store.sessions(target=name, round=0, purpose="measure"))
        ),
    }


def run_seed(out: Path, seed: int, rounds: int, extra: list[str]) -> dict[str, dict[str, Any]]:
    """The three arms of one seed, evaluated."""
    folder = out / f"seed-{seed}"
    main = open_workspace(folder / "adversarial", seed, extra)
    baseline(main)
    if not (folder / "control").exists():
        shutil.copytree(folder / "adversarial", folder / "control.part", dirs_exist_ok=True)
        (folder / "control.part").rename(folder / "control")
    labels = adversarial_arm(main, rounds)
    control = open_workspace(folder / "control", seed, extra)
    control_arm(control, labels)
    twins = test_twins(main)
    arms = {
        "baseline": evaluate(main, "baseline", twins),
        "adversarial": evaluate(main, f"round-{rounds}", twins),
        "control": evaluate(control, f"control-{rounds}", twins),
    }
    for arm in arms.values():
        arm["twin_families"] = [s.family for s in twins]
        arm["labels"] = sum(labels)
    main.store.close()
    control.store.close()
    return arms


def pooled(
    seeds: dict[int, dict[str, dict[str, Any]]], arm: str
) -> tuple[list[AttackSession], dict[str, Verdict], dict[str, str]]:
    """Sessions of an arm over all seeds, the verdicts of their candidates, parent id -> family."""
    sessions = [s for arms in seeds.values() for s in arms[arm]["sessions"]]
    verdicts: dict[str, Verdict] = {}
    families: dict[str, str] = {}
    for seed, arms in seeds.items():
        verdicts |= arms[arm]["verdicts"]
        families |= {s.result.parent.id: f"{seed}:{s.result.parent.id}" for s in arms[arm]["sessions"]}
    return sessions, verdicts, families


def summarise(seeds: dict[int, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The figures of the table, from the pooled seeds."""
    import numpy as np

    found: dict[str, Any] = {"seeds": sorted(seeds)}
    arms = {arm: pooled(seeds, arm) for arm in ("baseline", "adversarial", "control")}
    for arm, (sessions, verdicts, families) in arms.items():
        cost = attack_cost(sessions, verdicts, target=arm, population="held-out parents", families=families)
        z = np.concatenate([s[arm]["natural"] < s[arm]["threshold"] for s in seeds.values()])
        strict = np.concatenate([s[arm]["strict"] for s in seeds.values()])
        found[arm] = {
            "cost": cost.to_dict(),
            "text": str(cost),
            "acceptance": float(z.mean()),
            "natural_failures": [int((z & strict).sum()), int(z.sum())],
            "by_seed": [_one(s[arm]) for s in seeds.values()],
        }
    before = arms["baseline"]
    for arm in ("adversarial", "control"):
        after = arms[arm]
        ratio = cost_ratio(
            before[0], after[0], before[1] | after[1], population="held-out parents", families=before[2]
        )
        found[arm]["ratio"] = ratio.clustered.to_dict()
        found[arm]["ratio_poisson"] = ratio.poisson.to_dict()
        found[arm]["twins"] = _twins(seeds, arm)
        found[arm]["exact"] = _exact(seeds, arm)
    return found


def _one(arm: dict[str, Any]) -> dict[str, float]:
    sessions = [s.result for s in arm["sessions"]]
    broken = {c.id for r in sessions if (c := r.candidate) is not None and arm["verdicts"][c.id].strict}
    return {"queries": sum(r.queries for r in sessions), "verified": len(broken)}


def _twins(seeds: dict[int, dict[str, dict[str, Any]]], arm: str) -> dict[str, Any]:
    """Acceptance of safe twins before and after, each seed at its own thresholds."""
    import numpy as np

    logits = {
        name: np.concatenate([s[name]["twins"] - s[name]["threshold"] for s in seeds.values()])
        for name in ("baseline", arm)
    }
    families = [f"{seed}:{f}" for seed, s in seeds.items() for f in s[arm]["twin_families"]]
    change = acceptance_change(
        (logits["baseline"], 0.0), (logits[arm], 0.0), population="safe twins", families=families
    )
    return {
        "before": change.before.to_dict(),
        "after": change.after.to_dict(),
        "difference": [change.difference.estimate, change.difference.lower, change.difference.upper],
    }


def _exact(seeds: dict[int, dict[str, dict[str, Any]]], arm: str) -> dict[str, Any]:
    """In-distribution failures after/before by exact stratification, draws of all seeds together."""
    import dataclasses

    import numpy as np

    merged: dict[str, list[Any]] = {}
    scores: dict[str, list[tuple[Any, Any]]] = {}
    for arms in seeds.values():
        at = 0
        for draws in arms["baseline"]["draws"]:
            n = len(draws.catastrophic)
            merged.setdefault(draws.name, []).append(draws)
            pair = tuple(arms[a]["strata"][at : at + n] - arms[a]["threshold"] for a in ("baseline", arm))
            scores.setdefault(draws.name, []).append(pair)
            at += n
    draws = [
        dataclasses.replace(parts[0], catastrophic=tuple(c for p in parts for c in p.catastrophic))
        for parts in merged.values()
    ]
    before = np.concatenate([p[0] for name in merged for p in scores[name]])
    after = np.concatenate([p[1] for name in merged for p in scores[name]])
    ratio = exact_ratio(pair_strata(draws, (before, 0.0), (after, 0.0)), population="strata")
    return ratio.to_dict()


def table(found: dict[str, Any]) -> str:
    """What is printed."""
    lines = [f"seeds {found['seeds']}"]
    for arm in ("baseline", "adversarial", "control"):
        row = found[arm]
        k, n = row["natural_failures"]
        lines.append(
            f"{arm:12} queries per break {row['text']}; accepts {row['acceptance']:.4f}; "
            f"natural failures {k}/{n}"
        )
        lines.append(f"{'':12} by seed {row['by_seed']}")
        if "ratio" in row:
            r, t, e = row["ratio"], row["twins"], row["exact"]
            lines.append(
                f"{'':12} cost ratio {r['estimate']:.2f} [{r['lower']:.2f}, {r['upper']:.2f}]; twins "
                f"{t['difference'][0]:+.3f} [{t['difference'][1]:+.3f}, {t['difference'][2]:+.3f}]; failures "
                f"after/before {e['estimate']:.2f}, upper {e['bound']:.2f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Run the seeds that are asked for, then summarise all that are finished."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/gain"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--set", action="append", default=[], help="further config overrides")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    started = time.process_time()
    results = {s: run_seed(arguments.out, s, arguments.rounds, arguments.set) for s in arguments.seeds}
    found = summarise(results)
    found["cpu_seconds"] = time.process_time() - started
    path = arguments.out / "adversarial_gain.json"
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    print(table(found))
    print(f"CPU seconds of this run {found['cpu_seconds']:.0f}; written {path}")


if __name__ == "__main__":
    main()
