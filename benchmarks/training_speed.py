"""What a second process gives a training: time by the clock, one process over two, in turn in the same run.

The demo's generator and classifier, some steps each, the first a process takes left out of the time (it
starts what works along). One thread a process. The weights have to be the same, bit for bit.

    python benchmarks/training_speed.py --out bench-out/training
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.config import FILE_NAME, load_config
from holdfast.store import Store
from holdfast.training.trainer import ClassifierTraining, GeneratorTraining, train_classifier, train_generator
from holdfast.types import Split
from holdfast.workflows.execute import execute
from holdfast.workflows.new import new
from holdfast.workflows.train_classifier import training_examples
from holdfast.workflows.workspace import Workspace

Run = Callable[[int, Path, Callable[[int, int], None]], Any]
"""Trains over so many processes into a folder; progress is told."""


def prepared(out: Path, steps: int) -> Workspace:
    """A workspace with text and labels; a generator of few steps, for the classifier to start from."""
    if not (out / FILE_NAME).exists():
        sizes = ("data.train=8000", "data.tilted=8000", "data.validation=400", "data.validation_tilted=400")
        new(out, catastrophe="storyworld", overrides=[*sizes, f"generator.steps={steps}"])
    config = load_config(out / FILE_NAME, overrides=["threads=1"])
    store = Store.open(config.database, create=True, root=out)
    workspace = Workspace(root=out.resolve(), config=config, store=store)
    execute(workspace, "sample", {})
    execute(workspace, "train generator", {})
    return workspace


def generator_run(workspace: Workspace, steps: int) -> Run:
    """The demo's generator, from scratch."""
    from holdfast.models.generator import new_generator

    size = workspace.config.generator.model_copy(update={"steps": steps})
    texts = [s.snippet for s in workspace.texts(Split.TRAIN)]
    settings = GeneratorTraining(model=size, seed=1, save_every=10 * steps)

    def run(processes: int, out: Path, progress: Callable[[int, int], None]) -> Any:
        model = new_generator(size, tokenizer=workspace.tokenizer(), device="cpu", seed=1)
        made = replace(settings, processes=processes)
        return train_generator(texts, model=model, settings=made, out=out, progress=progress)

    return run


def classifier_run(workspace: Workspace, steps: int) -> Run:
    """The demo's classifier on the generator's weights, without evaluation."""
    from holdfast.models.classifier import new_classifier

    examples = training_examples(workspace)
    settings = replace(
        ClassifierTraining.of(workspace.config, seed=1, steps=steps),
        train=workspace.config.train.model_copy(update={"save_every": 10 * steps}),
    )

    def run(processes: int, out: Path, progress: Callable[[int, int], None]) -> Any:
        folder = workspace.folder("generator")
        model = new_classifier(workspace.config.classifier, generator=folder, device="cpu", seed=1)
        made = replace(settings, processes=processes)
        return train_classifier(examples, [], model=model, settings=made, out=out, progress=progress)

    return run


def timed(run: Run, processes: int, out: Path) -> tuple[float, float, str]:
    """(seconds by the clock after the first step, CPU seconds of all processes, hash of the weights)."""
    shutil.rmtree(out, ignore_errors=True)
    marks: list[float] = []
    result = run(processes, out, lambda done, total: marks.append(time.perf_counter()))
    return marks[-1] - marks[0], result.cpu_seconds, result.checkpoint.sha256


def main() -> None:
    """Repeat, in turn, and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/training"))
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    workspace = prepared(arguments.out / "workspace", arguments.steps)
    found: dict[str, Any] = {"steps": arguments.steps, "repeats": arguments.repeats}
    for name, run in (
        ("generator", generator_run(workspace, arguments.steps)),
        ("classifier", classifier_run(workspace, arguments.steps)),
    ):
        rows: dict[int, list[tuple[float, float, str]]] = {1: [], 2: []}
        for _ in range(arguments.repeats):
            for processes in rows:
                rows[processes].append(timed(run, processes, arguments.out / f"{name}-{processes}"))
        clock = {p: statistics.median(row[0] for row in rows[p]) for p in rows}
        cpu = {p: statistics.median(row[1] for row in rows[p]) for p in rows}
        same = len({row[2] for p in rows for row in rows[p]}) == 1
        found[name] = {"clock": clock, "cpu": cpu, "ratio": clock[1] / clock[2], "same_weights": same}
        print(
            f"{name:10}  one process {clock[1]:.1f} s, two {clock[2]:.1f} s: {clock[1] / clock[2]:.2f}x by "
            f"the clock, {cpu[2] / cpu[1]:.2f}x the CPU seconds; weights {'the same' if same else 'DIFFER'}"
        )
    path = arguments.out / "training_speed.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"medians of {arguments.repeats} in turn, {arguments.steps} steps; written {path}")


if __name__ == "__main__":
    main()
