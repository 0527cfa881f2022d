"""Does the attack engine cost more than its forwards? Scoring of edits, a click and a map, and TextAttack.

All on one 6-layer, 384-wide encoder, one torch thread, CPU seconds; what is compared is measured in turn in
one run, five times, and medians are given. Beside each figure stands its floor: the bare forwards and
backwards. On a GPU, by the clock, an encoder of another shape can be named.
Finished parts are kept in the output folder; a killed run goes on with the next one.

    python benchmarks/attack_speed.py --out bench-out/speed --textattack textattack-env/bin/python
    python benchmarks/attack_speed.py --out bench-out/speed-gpu --device cuda --shape deberta-v3-large

TextAttack needs an environment of its own (what it requires caps transformers below 5):

    python3 -m venv textattack-env
    textattack-env/bin/pip install "textattack==0.3.10" "transformers<5" "torch==2.13.*"
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, get_args

import speed_textattack
from speed_setting import SHAPES, edits_of, encoder, of_length, proposer, rejected

from holdfast.attacks.assist import EditAssistant
from holdfast.attacks.positions import places
from holdfast.edits.proposals import ContextProposer
from holdfast.edits.scoring import GRADIENT_QUERIES, ExactScorer, QueryMeter
from holdfast.edits.text import apply
from holdfast.models.checkpoint import autocast
from holdfast.models.classifier import HFClassifier, load_classifier
from holdfast.models.encoding import Encoded, collate
from holdfast.types import AttackBudget, EditRequest, Operation, Snippet

PARTS = ("engine", "click", "click, substitutes", "map", "queries", "attacks")
REPEATS = 5
LENGTHS: Mapping[str, tuple[int, ...]] = {
    "32": (32, 32),
    "64": (64, 64),
    "128": (128, 128),
    "mixed": (24, 40, 56, 72, 96, 120),
}
EDITS = 60
ROWS = (16, 32)
"""Texts in a batch of the raw forward; the faster one counts."""
CLICKS = 8
BLOCK = 8
"""Parents in each of the blocks of whole attacks."""
NEEDED = '"textattack==0.3.10" "transformers<5" "torch==2.13.*"'
UNLIMITED = AttackBudget(queries=None, seconds=1e9)


@dataclass
class Timer:
    """CPU seconds of this process; by the clock where several threads or a GPU share the work."""

    clock: Callable[[], float] = time.process_time
    settle: Callable[[], None] = lambda: None
    """Waits for what a GPU was asked for."""

    def now(self) -> float:
        """Seconds; what was asked for before is done."""
        self.settle()
        return self.clock()

    def __call__(self, work: Callable[[], Any]) -> float:
        """Seconds that `work` takes."""
        started = self.now()
        work()
        return self.now() - started


timed = Timer()


def interleaved(works: Mapping[str, Callable[[], Any]], repeats: int = REPEATS) -> dict[str, list[float]]:
    """CPU seconds of each, `repeats` times in turn, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for repeat in range(repeats + 1):
        for name, work in works.items():
            seconds = timed(work)
            if repeat:
                found[name].append(seconds)
    return found


def batches(encoded: Sequence[Encoded], rows: int, pad: int) -> list[Any]:
    """Tensors of equal length, at most `rows` texts each: no padding at all."""
    groups: dict[int, list[Encoded]] = {}
    for e in encoded:
        groups.setdefault(len(e), []).append(e)
    return [
        collate(group[begin : begin + rows], pad)
        for _, group in sorted(groups.items())
        for begin in range(0, len(group), rows)
    ]


def forward(classifier: HFClassifier, tensors: Sequence[Any], *, own: bool = True) -> None:
    """The bare forwards: the model's own, or the classifier's way to the same logits."""
    import torch

    with torch.inference_mode(), autocast(classifier.device, classifier.metadata.dtype):
        for inputs in tensors:
            if own:
                classifier.model(**{name: value.to(classifier.device) for name, value in inputs.items()})
            else:
                classifier.logits(inputs)


def backward(classifier: HFClassifier, snippet: Snippet, rows: int) -> None:
    """The bare forward and backward, down to the embeddings, of `rows` texts as long as `snippet`."""
    import torch

    encoded = classifier.encoder.encode([snippet])[0]
    vectors = classifier.embed(encoded.ids)[None].repeat(rows, 1, 1).requires_grad_()
    torch.autograd.grad(classifier.embedding_logits(snippet, vectors).sum(), vectors)


def engine_part(classifier: HFClassifier, source: ContextProposer) -> dict[str, Any]:
    """Texts scored per second by the engine and by the bare forward; what a cached query costs."""
    return {name: _engine(classifier, source, lengths) for name, lengths in LENGTHS.items()}


def _engine(classifier: HFClassifier, source: ContextProposer, lengths: Sequence[int]) -> dict[str, float]:
    jobs = []
    for i, length in enumerate(lengths):
        base = of_length(classifier, length, 1, 100 * i + length)[0]
        edits = edits_of(base, EDITS // len(lengths), source, i)
        # One in ten comes twice, as proposals of neighbouring words do.
        jobs.append((base, [*edits, *Random(i).sample(edits, len(edits) // 10)]))
    texts = list({apply(base, edit): None for base, edits in jobs for edit in edits})
    encoded = list(dict.fromkeys(classifier.encoder.encode(texts)))
    kept: list[ExactScorer] = []

    def engine() -> None:
        scorer = ExactScorer(classifier, QueryMeter(UNLIMITED))
        scorer.score([apply(base, edit) for base, edits in jobs for edit in edits], Random(0))
        kept[:] = [scorer]

    def cached() -> None:
        for base, edits in jobs:
            kept[0].score([apply(base, edit) for edit in edits], Random(0))

    tensors = {rows: batches(encoded, rows, classifier.encoder.pad_id) for rows in ROWS}
    works: dict[str, Callable[[], Any]] = {"engine": engine, "cached": cached}
    works |= {f"raw {rows}": partial(forward, classifier, tensors[rows]) for rows in ROWS}
    works["shorter"] = partial(forward, classifier, tensors[ROWS[0]], own=False)
    seconds = {k: statistics.median(v) for k, v in interleaved(works).items()}
    raw = min(seconds[f"raw {rows}"] for rows in ROWS)
    return {
        "texts": len(encoded),
        "mean tokens": statistics.mean(map(len, encoded)),
        "engine per second": len(encoded) / seconds["engine"],
        "raw per second": len(encoded) / raw,
        "shorter way per second": len(encoded) / seconds["shorter"],
        "of raw": raw / seconds["engine"],
        "of shorter way": seconds["shorter"] / seconds["engine"],
        "cached microseconds": 1e6 * seconds["cached"] / sum(len(edits) for _, edits in jobs),
    }


def engine_lines(found: dict[str, Any]) -> list[str]:
    """The table."""
    form = (
        "{0:5} tokens: engine {engine per second:.1f}/s, raw forward {raw per second:.1f}/s: "
        "{of raw:.3f} of it, of the bare shorter way {of shorter way:.3f}; cached query "
        "{cached microseconds:.1f} us"
    )
    return [form.format(name, **row) for name, row in found.items()]


def clicks(classifier: HFClassifier, n: int, seed: int) -> list[tuple[Snippet, tuple[str, int, int]]]:
    """`n` rejected texts of 64 tokens, each with a word to click."""
    rng = Random(seed)
    found = []
    for snippet in rejected(classifier, 64, n, seed):
        place = rng.choice([p for p in places(snippet, ("prompt", "completion"), insertions=False)])
        found.append((snippet, (place.side, place.start, place.stop)))
    return found


def click_part(
    classifier: HFClassifier, source: ContextProposer, operations: Sequence[Any]
) -> dict[str, list[float]]:
    """Clicks: map, order of 200 proposals, exact scores of 16; and what scoring all 200 would have found.

    The score of the text as it is stands on the page already. The floor: one gradient and 16 forwards.
    """
    request = EditRequest(propose=200, exact=16, operations=tuple(operations))
    assistant = EditAssistant(classifier, source)
    for snippet, place in clicks(classifier, 1, 7):
        assistant.edits_at(snippet, *place, request)
    found: dict[str, list[float]] = {}
    for snippet, place in clicks(classifier, CLICKS, 12):
        assistant.score(snippet)
        spent = assistant.meter.spent
        seconds = {"map": timed(partial(assistant.saliency, snippet))}
        started = timed.now()
        ranked = assistant.edits_at(snippet, *place, request)
        seconds["click"] = timed.now() - started + seconds["map"]
        listed = replace(request, exact=0)
        seconds["list"] = timed(partial(assistant.edits_at, snippet, *place, listed)) + seconds["map"]
        tensors = batches(classifier.encoder.encode([snippet] * 16), 16, classifier.encoder.pad_id)
        seconds["floor"] = timed(partial(backward, classifier, snippet, 1))
        seconds["floor"] += timed(partial(forward, classifier, tensors, own=False))
        every = assistant.edits_at(snippet, *place, replace(request, exact=200))
        seconds["drop of 16"] = max(0.0, max(e.drop or 0.0 for e in ranked))
        seconds["drop of 200"] = max(0.0, max(e.drop or 0.0 for e in every))
        seconds["queries"] = assistant.meter.spent - spent
        for name, value in seconds.items():
            found.setdefault(name, []).append(value)
    return found


def click_lines(found: dict[str, Any]) -> list[str]:
    """One click, the quality of its best."""
    middle = {k: statistics.median(v) for k, v in found.items()}
    ratio = statistics.median(a / b for a, b in zip(found["click"], found["floor"], strict=True))
    pairs = list(zip(found["drop of 16"], found["drop of 200"], strict=True))
    shares = [a / b if b > 0 else 1.0 for a, b in pairs]
    total = sum(a for a, _ in pairs) / sum(b for _, b in pairs)
    return [
        f"list {1e3 * middle['list']:.0f} ms; click {1e3 * middle['click']:.0f} ms, floor "
        f"{1e3 * middle['floor']:.0f} ms: x{ratio:.2f} ({len(shares)} clicks)",
        f"best of 16 / best of 200: mean {statistics.mean(shares):.3f}, lowest {min(shares):.2f}, "
        f"{sum(s > 0.999 for s in shares)} of {len(shares)} the same edit; of all drops together {total:.3f}",
    ]


def map_part(classifier: HFClassifier, source: ContextProposer) -> dict[str, list[float]]:
    """The best edit of every word of a text; the floor: one gradient and the forwards that were asked."""
    assistant = EditAssistant(classifier, source)
    assistant.best_edit_map(of_length(classifier, 32, 1, 20)[0])
    found: dict[str, list[float]] = {}
    for snippet in of_length(classifier, 64, REPEATS, 21):
        spent = assistant.meter.spent
        seconds = {"map": timed(partial(assistant.best_edit_map, snippet))}
        seconds["exact"] = assistant.meter.spent - spent - GRADIENT_QUERIES
        encoded = classifier.encoder.encode([snippet] * int(seconds["exact"]))
        tensors = batches(encoded, ROWS[0], classifier.encoder.pad_id)
        seconds["floor"] = timed(partial(backward, classifier, snippet, 1))
        seconds["floor"] += timed(partial(forward, classifier, tensors, own=False))
        for name, value in seconds.items():
            found.setdefault(name, []).append(value)
    return found


def map_lines(found: dict[str, Any]) -> list[str]:
    """One map."""
    ratio = statistics.median(a / b for a, b in zip(found["map"], found["floor"], strict=True))
    middle = {k: statistics.median(v) for k, v in found.items()}
    form = "map {map:.2f} s, floor {floor:.2f} s: x{0:.2f} ({exact:.0f} exact scores a text)"
    return [form.format(ratio, **middle)]


def queries_part(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """TextAttack (a) and (b): the same texts, as shipped and with equal padding."""
    worker = speed_textattack.Worker(options.textattack, folder)
    found = speed_textattack.queries(load_classifier(folder, device="cpu"), worker, REPEATS)
    worker.close()
    return found | {"versions": worker.versions}


def attacks_part(options: argparse.Namespace, source: ContextProposer) -> dict[str, Any]:
    """TextAttack (c): whole attacks on a trained classifier."""
    worker = speed_textattack.Worker(options.textattack, options.attacked)
    attacked = load_classifier(options.attacked, device="cpu")
    found = speed_textattack.attacks(attacked, worker, source, blocks=REPEATS, size=BLOCK, each=12)
    worker.close()
    return found


def missing(name: str, options: argparse.Namespace) -> str:
    """What a part lacks that it cannot make itself; empty: nothing."""
    if name not in ("queries", "attacks"):
        return ""
    if options.textattack is None:
        return (
            "name the interpreter of an environment with TextAttack by --textattack; to make one:\n"
            f"  python3 -m venv textattack-env && textattack-env/bin/pip install {NEEDED}"
        )
    if name == "attacks" and not (options.attacked / "holdfast.json").exists():
        return f"there is no trained classifier in {options.attacked}: name one by --attacked"
    return ""


def main() -> None:
    """Measure what is missing, print all, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/speed"))
    parser.add_argument("--encoder", type=Path, help="a saved classifier; default: random weights, made here")
    parser.add_argument("--textattack", type=Path, help="interpreter of an environment with TextAttack")
    parser.add_argument(
        "--attacked",
        type=Path,
        default=Path("bench-out/gain/seed-0/adversarial/checkpoints/baseline"),
        help="a trained classifier for whole attacks",
    )
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--threads", type=int, default=1, help="more than 1: by the clock, for an idle machine (click, map)"
    )
    parser.add_argument("--shape", choices=list(SHAPES), default="bert-6x384", help="of random weights")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda: by the clock")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of scoring")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    if options.threads > 1 or options.device == "cuda":
        timed.clock = time.perf_counter
    if options.device == "cuda":
        timed.settle = torch.cuda.synchronize
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "attack_speed.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    folder = options.encoder or options.out / "encoder"
    classifier = encoder(folder, options.shape, device=options.device, dtype=options.dtype)
    source = proposer()
    parts: dict[str, tuple[Callable[[], Any], Callable[[dict[str, Any]], list[str]]]] = {
        "engine": (lambda: engine_part(classifier, source), engine_lines),
        "click": (lambda: click_part(classifier, source, get_args(Operation)), click_lines),
        "click, substitutes": (lambda: click_part(classifier, source, ["substitute"]), click_lines),
        "map": (lambda: map_part(classifier, source), map_lines),
        "queries": (lambda: queries_part(options, folder), speed_textattack.query_lines),
        "attacks": (lambda: attacks_part(options, source), speed_textattack.attack_lines),
    }
    for name in options.parts:
        work, lines = parts[name]
        if name not in found:
            if lacks := missing(name, options):
                print(f"{name}\n  not run: {lacks}")
                continue
            started = time.process_time()
            found[name] = work()
            found[f"{name}, CPU seconds"] = time.process_time() - started
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print("\n  ".join([name, *lines(found[name])]), flush=True)
    print(f"written {path}")


if __name__ == "__main__":
    main()
