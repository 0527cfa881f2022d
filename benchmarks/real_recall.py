"""Real stories: does reading beat counting words? Strict recall on the test books at 90 % acceptance.

A classifier with a small pretrained `base`, one from scratch (started from a generator trained on them)
and logistic regressions on words and bigrams learn from the same labels; each gets the threshold at which
it accepts 90 % of ordinary stories of the test books, and is measured on those books' labelled snippets.

    python benchmarks/real_recall.py --workspace stories --base FOLDER --seeds 0 1 2 --out bench-out/real

The workspace is that of docs/tutorial-real-stories.md, after its baseline was trained and before its attacks
were imported. The labels were given by language models, not by people. They are enriched by keyword and by a
ranker, so recall is among the catastrophes that this selection finds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from linear import auc, fit_linear

from holdfast.config import FILE_NAME, load_config
from holdfast.measurement.recall import miss_ratio, recall_at
from holdfast.protocols import Scorer
from holdfast.store import Store
from holdfast.types import Example, Snippet, Source, Split
from holdfast.workflows.train_classifier import train_named, training_examples, validation_examples
from holdfast.workflows.workspace import Workspace

SHARE = 0.9
BASELINE = "baseline"
"""The workspace's own classifier, from scratch."""


def opened(folder: Path, extra: Sequence[str]) -> Workspace:
    """The workspace in `folder` with further overrides."""
    config = load_config(folder / FILE_NAME, overrides=["threads=1", *extra])
    store = Store.open(config.database, root=folder)
    return Workspace(root=folder.resolve(), config=config, store=store)


def main() -> None:
    """Train the pretrained one beside the baseline, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="stories and labels, baseline trained")
    parser.add_argument("--base", required=True, help="folder or hub id of a small pretrained encoder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one fine-tuned base a seed")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--out", type=Path, default=Path("bench-out/real"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = []
    for seed in arguments.seeds:
        names.append(f"pretrained-{seed}")
        settings = [
            f"seed={seed}",
            f"classifier.base={arguments.base}",
            f"classifier.learning_rate={arguments.learning_rate}",
            "classifier.batch=32",
            f"train.steps={arguments.steps}",
        ]
        train_named(opened(arguments.workspace, settings), names[-1])
    found = compare(opened(arguments.workspace, []), [*names, BASELINE])
    found["settings"] = {"steps": arguments.steps, "learning_rate": arguments.learning_rate, "batch": 32}
    path = arguments.out / "real_recall.json"
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"written {path}")


def scorers(workspace: Workspace, names: Sequence[str]) -> dict[str, Scorer]:
    """The classifiers and the linear models, all on the same labels."""
    train = [(e.snippet, e.verdict.wide) for e in training_examples(workspace)]
    held = [(e.snippet, e.verdict.wide) for e in validation_examples(workspace)]
    found: dict[str, Scorer] = {n: workspace.classifier(n) for n in names}
    for sides in (("completion",), ("prompt", "completion")):
        for bigrams in (False, True):
            model = fit_linear(train, held, sides=sides, bigrams=bigrams)
            found[model.name] = model
    return found


def ordinary(workspace: Workspace, split: Split) -> list[Snippet]:
    """Natural stories of a split: whole text as it comes."""
    return [s.snippet for s in workspace.store.snippets(split=split, source=Source.NATURAL)]


def compare(workspace: Workspace, names: Sequence[str]) -> dict[str, Any]:
    """Recall of every model on the test books, and each against the best linear one."""
    labelled: list[Example] = workspace.examples(
        workspace.store.snippets(split=Split.TEST, source=Source.IMPORTED)
    )
    snippets, verdicts = [e.snippet for e in labelled], [e.verdict for e in labelled]
    strict = np.array([v.strict for v in verdicts])
    wide = np.array([v.wide for v in verdicts])
    natural = ordinary(workspace, Split.TEST)
    logits: dict[str, tuple[Any, float]] = {}
    rows: list[dict[str, Any]] = []
    print(f"{len(labelled):,} labelled test snippets (labels by language models), {int(strict.sum())} strict")
    for name, scorer in scorers(workspace, names).items():
        z = scorer.score(snippets)
        recall = recall_at(scorer.score(natural), z, verdicts, SHARE, population="labelled test snippets")
        logits[name] = (z[strict], recall.threshold)
        quality = auc(z, wide)
        rows.append(
            {"model": name, "auc": quality, "strict": recall.strict.to_dict(), "wide": recall.wide.to_dict()}
        )
        print(f"{name:34} strict recall {recall.strict}; wide {recall.wide}; AUC (wide) {quality:.3f}")
    linear = [r for r in rows if "words" in r["model"]]
    best = max(linear, key=lambda r: r["strict"]["count"])["model"]
    for name in names:
        ratio = miss_ratio(logits[best], logits[name], population="strict test snippets")
        rows.append({"model": f"misses of {name} / {best}", "ratio": ratio.to_dict()})
        print(f"misses of {name} / {best}: {ratio}")
    return {"share": SHARE, "strict": int(strict.sum()), "labelled": len(labelled), "rows": rows}


if __name__ == "__main__":
    main()
