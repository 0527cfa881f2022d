"""Does the laboratory need reading? Misses of linear models against the shipped small classifier.

Trains the demo's baseline classifier by the usual commands, and logistic regressions on words, and on words
and bigrams, on the same labels; then counts, on 40,000 fresh natural snippets, how many catastrophes each
accepts where it accepts 50, 70 and 90 % of natural text. Several seeds: each by itself and all together.

    python benchmarks/linear_gap.py --out bench-out/linear
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from linear import fit_linear
from numpy.typing import NDArray

from holdfast.config import FILE_NAME, load_config
from holdfast.measurement.recall import miss_ratio, recall_at
from holdfast.stats.binomial import rate
from holdfast.store import Store
from holdfast.types import Split, Verdict
from holdfast.workflows.execute import execute
from holdfast.workflows.new import new
from holdfast.workflows.train_classifier import training_examples
from holdfast.workflows.workspace import Workspace

SHARES = (0.5, 0.7, 0.9)
SHIPPED = "shipped classifier"
Part = tuple[dict[str, NDArray[np.float64]], list[Verdict]]


def main() -> None:
    """Train, score, print: each seed by itself, then all of them together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/linear"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--natural", type=int, default=40000)
    arguments = parser.parse_args()
    started = time.process_time()
    parts = [run_seed(arguments.out, seed, arguments.natural) for seed in arguments.seeds]
    found: dict[str, Any] = {"seeds": arguments.seeds, "natural": arguments.natural}
    for seed, part in zip(arguments.seeds, parts, strict=True):
        print(f"seed {seed}")
        found[f"seed {seed}"] = table([part])
    print("all seeds")
    found["all"] = table(parts)
    found["cpu_seconds"] = time.process_time() - started
    path = arguments.out / "linear_gap.json"
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"CPU seconds of this run {found['cpu_seconds']:.0f}; written {path}")


def run_seed(out: Path, seed: int, n: int) -> Part:
    """The demo's baseline of one seed and the linear models on its labels: logits on fresh natural text."""
    folder = out / f"seed-{seed}"
    overrides = [f"seed={seed}", "threads=1"]
    if not (folder / FILE_NAME).exists():
        new(folder, catastrophe="storyworld", overrides=overrides)
    config = load_config(folder / FILE_NAME, overrides=overrides)
    with Store.open(config.database, create=True, root=folder) as store:
        workspace = Workspace(root=folder.resolve(), config=config, store=store)
        for command in ("sample", "train generator", "train classifier"):
            execute(workspace, command, {})
        return scored(workspace, n)


def scored(workspace: Workspace, n: int) -> Part:
    """(model -> logits, verdicts) of `n` fresh natural snippets."""
    corpus, oracle = workspace.catastrophe.corpus, workspace.catastrophe.oracle
    assert corpus is not None and oracle is not None
    test = [d.snippet for d in corpus.sample(n, workspace.seed("linear gap"))]
    train = [(e.snippet, e.verdict.wide) for e in training_examples(workspace)]
    held = workspace.examples(workspace.store.snippets(group="validation", split=Split.VALIDATION))
    validation = [(e.snippet, e.verdict.wide) for e in held]
    scorers: dict[str, Any] = {SHIPPED: workspace.classifier("baseline")}
    for sides in (("completion",), ("prompt", "completion")):
        for bigrams in (False, True):
            model = fit_linear(train, validation, sides=sides, bigrams=bigrams)
            scorers[model.name] = model
    logits = {name: np.asarray(scorer.score(test), float) for name, scorer in scorers.items()}
    return logits, [j.verdict for j in oracle(test)]


def table(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Misses of every model at each share; each part at its own cut."""
    verdicts = [v for _, part in parts for v in part]
    strict = np.array([v.strict for v in verdicts])
    total = f"{int(strict.sum()):,} catastrophes among {len(verdicts):,} natural snippets"
    print(total)
    rows: list[dict[str, Any]] = []
    for share in SHARES:
        above = {}
        for name in parts[0][0]:
            cut = [
                logits[name] - recall_at(logits[name], logits[name], own, share, population="").threshold
                for logits, own in parts
            ]
            above[name] = np.concatenate(cut)
            missed = rate(int((above[name][strict] < 0).sum()), int(strict.sum()), population=total)
            rows.append({"model": name, "accepts": share, "missed": missed.to_dict()})
            print(f"accepts {share:.0%}  {name:34} misses {missed}")
        for kind in ("words and bigrams", "words"):
            own = [r for r in rows if r["accepts"] == share and "missed" in r]
            linear = [r for r in own if r["model"].startswith(kind)]
            best = min(linear, key=lambda r: r["missed"]["count"])["model"]
            ratio = miss_ratio((above[SHIPPED][strict], 0.0), (above[best][strict], 0.0), population=total)
            rows.append({"model": f"{best} / shipped", "accepts": share, "ratio": ratio.to_dict()})
            print(f"accepts {share:.0%}  misses of {best} / shipped: {ratio}")
    return rows


if __name__ == "__main__":
    main()
