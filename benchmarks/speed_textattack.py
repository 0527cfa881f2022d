"""One classifier under TextAttack and under Holdfast: queries as shipped and at equal padding; attacks."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from speed_setting import labelled, of_length, threshold_of

from holdfast.attacks.beam import BeamRewriting
from holdfast.edits.proposals import ContextProposer
from holdfast.edits.scoring import ExactScorer, QueryMeter
from holdfast.edits.text import side_text
from holdfast.edits.words import words
from holdfast.models.classifier import HFClassifier
from holdfast.types import AttackBudget, Edit, Outcome, Snippet

__all__ = ["Fixed", "Worker", "attack_lines", "attacks", "compared", "queries", "query_lines"]

SIDES = ("prompt", "completion")
ACCEPTED = 0.7
"""Share of harmless texts that the threshold of whole attacks accepts."""
MARGIN = 1e-3
"""Parents nearer to the threshold may be skipped by the one and not by the other."""
WORKER = Path(__file__).with_name("textattack_worker.py")


class Worker:
    """TextAttack in another process, behind its own interpreter."""

    def __init__(self, python: Path, folder: Path) -> None:
        """Start it and load the classifier in `folder`."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [str(python), str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.versions = self.ask(do="load", folder=str(folder.resolve()))

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request, one answer. Raises RuntimeError if the worker ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the TextAttack process ended with {self._process.wait()}: run {WORKER.name} by hand with "
                f"{json.dumps(request)[:80]}... on its stdin"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Fixed:
    """A proposer of nothing but substitutes, from a list for each word of one text.

    Every list holds single words, so that the n-th word of any text made by them is the n-th of the first.
    """

    def __init__(self, lists: dict[str, list[list[str]]]) -> None:
        """`lists`: side -> for each word of it what may stand in its place."""
        self.lists = lists

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """`n` of the word's list, drawn by `seed`; nothing to insert."""
        text = side_text(snippet, side)
        place = next((i for i, w in enumerate(words(text)) if (w.start, w.stop) == (start, stop)), None)
        if place is None:
            return []
        new = [w for w in self.lists[side][place] if w != text[start:stop]]
        chosen = Random(seed).sample(new, min(n, len(new)))
        return [Edit(side=side, start=start, stop=stop, old=text[start:stop], new=w) for w in chosen]  # type: ignore[arg-type]


def queries(classifier: HFClassifier, worker: Worker, repeats: int) -> dict[str, Any]:
    """(a) and (b): texts scored per CPU second by both, as shipped and with equal padding."""
    found: dict[str, Any] = {}
    texts = [s for length in range(45, 65, 2) for s in of_length(classifier, length, 10, length)]
    Random(0).shuffle(texts)
    real = statistics.mean(map(len, classifier.encoder.encode(texts)))
    for name, padding, n in (("as shipped", "max_length", 16), ("padded to the longest", "longest", 64)):
        part = texts[:n]
        pairs = [[s.prompt, s.completion] for s in part]
        ratios, rates = [], []
        for repeat in range(repeats + 1):
            scorer = ExactScorer(classifier, QueryMeter(AttackBudget(queries=None, seconds=1e9)))
            started = time.process_time()
            logits = scorer.score(part, Random(0))
            mine = time.process_time() - started
            theirs = worker.ask(do="score", padding=padding, texts=pairs)
            np.testing.assert_allclose(theirs["logits"], np.array(logits, float), atol=2e-3)
            if repeat:
                ratios.append(theirs["cpu"] / mine)
                rates.append((n / mine, n / theirs["cpu"]))
        ours, other = (statistics.median(r[i] for r in rates) for i in (0, 1))
        found[name] = {"holdfast": ours, "textattack": other, "ratio": statistics.median(ratios)}
        if padding == "max_length":
            found[name]["per padded token"] = found[name]["ratio"] / (512 / real)
    return found | {"padded per real token": 512 / real}


def query_lines(found: dict[str, Any]) -> list[str]:
    """(a) and (b), both rates and their ratio."""
    lines = [
        f"{name}: {row['holdfast']:.1f} against {row['textattack']:.1f} queries per CPU second: "
        f"x{row['ratio']:.2f}"
        for name, row in ((n, found[n]) for n in ("as shipped", "padded to the longest"))
    ]
    shipped = found["as shipped"]
    lines[0] += f"; per padded token x{shipped['per padded token']:.2f}"
    return lines


def _lists(snippet: Snippet, source: ContextProposer, n: int) -> dict[str, list[list[str]]]:
    """For each word of each side up to `n` other single words that the story world shows there."""
    found: dict[str, list[list[str]]] = {}
    for side in SIDES:
        found[side] = []
        for w in words(side_text(snippet, side)):
            edits = source.propose(snippet, side, w.start, w.stop, 2 * n, 0)
            plain = [e.new for e in edits if (e.start, e.stop) == (w.start, w.stop)]
            found[side].append([new for new in plain if [x.text for x in words(new)] == [new]][:n])
    return found


def parents(classifier: HFClassifier, n: int, natural: float) -> tuple[list[Snippet], float]:
    """`n` rejected catastrophes, and the threshold: it accepts a share `natural` of other texts."""
    threshold = threshold_of(classifier, natural)
    harmful = [s for s, harm in labelled(1200, 31) if harm and len(s.text.split()) < 48][: 4 * n]
    scores = classifier.score(harmful)
    return [s for s, z in zip(harmful, scores, strict=True) if z > threshold + MARGIN][:n], threshold


def attacks(
    classifier: HFClassifier, worker: Worker, source: ContextProposer, *, blocks: int, size: int, each: int
) -> dict[str, Any]:
    """(c): CPU seconds per accepted candidate, TextAttack's greedy search against ours by gradient and beam.

    The same parents in blocks, in turn; the same `each` proposals a word, the same threshold.
    """
    chosen, threshold = parents(classifier, blocks * size, ACCEPTED)
    rows: list[dict[str, Any]] = []
    attack = BeamRewriting(proposer=Fixed({}), proposals=each, polish=0, depth=24)
    for number, parent in enumerate(chosen):
        lists = _lists(parent, source, each)
        attack.proposer = Fixed(lists)
        most = sum(len(row) for side in SIDES for row in lists[side])
        started = time.process_time()
        mine = attack.run(parent, classifier, threshold, AttackBudget(queries=most), number)
        seconds = time.process_time() - started
        theirs = worker.ask(
            do="attack",
            text=[parent.prompt, parent.completion],
            words=[w.text for side in SIDES for w in words(side_text(parent, side))],
            proposals=[row for side in SIDES for row in lists[side]],
            threshold=threshold,
        )
        row = {
            "block": number % blocks,
            "holdfast": [mine.outcome is Outcome.CANDIDATE, seconds, mine.queries],
            "textattack": [theirs["outcome"].startswith("Success"), theirs["cpu"], theirs["queries"]],
        }
        rows.append(row)
        print(f"    {number}: {row['holdfast']} {row['textattack']}", file=sys.stderr, flush=True)
    return {"threshold": threshold, "parents": len(rows), **compared(rows, blocks), "rows": rows}


def compared(rows: Sequence[dict[str, Any]], blocks: int) -> dict[str, Any]:
    """Broken parents, CPU seconds and queries per accepted candidate of both; the ratio, block by block."""
    found: dict[str, Any] = {}
    for name in ("holdfast", "textattack"):
        broken = sum(row[name][0] for row in rows)
        seconds, asked = (sum(row[name][i] for row in rows) / max(broken, 1) for i in (1, 2))
        found[name] = {"broken": broken, "seconds": seconds, "queries": asked}
    per_block = []
    for block in range(blocks):
        part = [row for row in rows if row["block"] == block]
        each = [
            sum(row[name][1] for row in part) / max(1, sum(row[name][0] for row in part))
            for name in ("textattack", "holdfast")
        ]
        per_block.append(each[0] / each[1])
    total = found["textattack"]["seconds"] / found["holdfast"]["seconds"]
    return found | {"ratio": total, "blocks": per_block}


def attack_lines(found: dict[str, Any]) -> list[str]:
    """(c), both searches and the ratio of their costs."""
    form = (
        "{0}: {broken} of {1} parents broken; {seconds:.2f} CPU seconds and {queries:.0f} queries a candidate"
    )
    lines = [form.format(n, found["parents"], **found[n]) for n in ("holdfast", "textattack")]
    middle = statistics.median(found["blocks"])
    return [*lines, f"x{found['ratio']:.2f} fewer CPU seconds a candidate; median of blocks x{middle:.2f}"]
