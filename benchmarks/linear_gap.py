"""Does the laboratory need reading? Misses of linear models against the shipped small classifier.

Trains the demo's baseline classifier by the usual commands, and logistic regressions on words and bigrams on
the same labels; then counts, on 40,000 fresh natural snippets, how many catastrophes each accepts where it
accepts 50, 70 and 90 % of natural text.

    python benchmarks/linear_gap.py --out bench-out/linear
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from linear import fit_linear

from holdfast.config import FILE_NAME, load_config
from holdfast.measurement.recall import miss_ratio, recall_at
from holdfast.store import Store
from holdfast.types import Split
from holdfast.workflows.execute import execute
from holdfast.workflows.new import new
from holdfast.workflows.train_classifier import training_examples
from holdfast.workflows.workspace import Workspace

SHARES = (0.5, 0.7, 0.9)


def main() -> None:
    """Train, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/linear"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--natural", type=int, default=40000)
    arguments = parser.parse_args()
    folder = arguments.out / f"seed-{arguments.seed}"
    overrides = [f"seed={arguments.seed}", "threads=1"]
    if not (folder / FILE_NAME).exists():
        new(folder, catastrophe="storyworld", overrides=overrides)
    config = load_config(folder / FILE_NAME, overrides=overrides)
    with Store.open(config.database, create=True, root=folder) as store:
        workspace = Workspace(root=folder.resolve(), config=config, store=store)
        for command in ("sample", "train generator", "train classifier"):
            execute(workspace, command, {})
        found = compare(workspace, arguments.natural)
    path = arguments.out / "linear_gap.json"
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"written {path}")


def compare(workspace: Workspace, n: int) -> dict[str, Any]:
    """Recall and misses of every model at each share."""
    corpus, oracle = workspace.catastrophe.corpus, workspace.catastrophe.oracle
    assert corpus is not None and oracle is not None
    test = [d.snippet for d in corpus.sample(n, workspace.seed("linear gap"))]
    verdicts = [j.verdict for j in oracle(test)]
    strict = np.array([v.strict for v in verdicts])
    train = [(e.snippet, e.verdict.wide) for e in training_examples(workspace)]
    held = workspace.examples(workspace.store.snippets(group="validation", split=Split.VALIDATION))
    validation = [(e.snippet, e.verdict.wide) for e in held]
    scorers: dict[str, Any] = {"shipped classifier": workspace.classifier("baseline")}
    for sides in (("completion",), ("prompt", "completion")):
        for bigrams in (False, True):
            model = fit_linear(train, validation, sides=sides, bigrams=bigrams)
            scorers[model.name] = model
    logits = {name: scorer.score(test) for name, scorer in scorers.items()}
    rows = []
    print(f"{int(strict.sum())} catastrophes among {n:,} natural snippets")
    for share in SHARES:
        cuts = {}
        for name, z in logits.items():
            recall = recall_at(z, z, verdicts, share, population=f"{n:,} natural snippets")
            cuts[name] = recall.threshold
            misses = recall.strict.trials - recall.strict.count
            rows.append(
                {"model": name, "accepts": share, "misses": misses, "recall": recall.strict.to_dict()}
            )
            print(f"accepts {share:.0%}  {name:34} misses {misses:4d}  recall {recall.strict}")
        linear = [r for r in rows if r["accepts"] == share and r["model"] != "shipped classifier"]
        best = min(linear, key=lambda r: r["misses"])["model"]
        ratio = miss_ratio(
            (logits["shipped classifier"][strict], cuts["shipped classifier"]),
            (logits[best][strict], cuts[best]),
            population=f"{int(strict.sum())} catastrophes",
        )
        rows.append({"model": f"{best} / shipped", "accepts": share, "ratio": ratio.to_dict()})
        print(f"accepts {share:.0%}  misses of the best linear model / shipped: {ratio}")
    return {"natural": n, "catastrophes": int(strict.sum()), "rows": rows}


if __name__ == "__main__":
    main()
