"""TextAttack at work for `attack_speed.py`: a JSON object a line on stdin, one a line back on stdout.

Runs in an environment of its own and imports nothing of Holdfast. Requests: `load` (a `save_pretrained`
Runs in an environment of its own, imports nothing of Holdfast. Requests: `load` (a `save_pretrained`
an answer is the CPU seconds of this process for the work alone; what is not TextAttack's (reading, checks) is
outside it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

STOPWORDS = "a an and in of on the to"


def prepare() -> None:
    """Give NLTK the one file that TextAttack wants to fetch while it is imported."""
    folder = Path(tempfile.mkdtemp(prefix="nltk-"))
    (folder / "corpora" / "stopwords").mkdir(parents=True)
    words = "\n".join(STOPWORDS.split()) + "\n"
    (folder / "corpora" / "stopwords" / "english").write_text(words, encoding="utf-8")
    os.environ["NLTK_DATA"] = str(folder)
    os.environ["HF_HUB_OFFLINE"] = "1"


prepare()

import torch  # noqa: E402
from textattack import Attack  # noqa: E402
from textattack.goal_functions import UntargetedClassification  # noqa: E402
from textattack.models.wrappers import HuggingFaceModelWrapper  # noqa: E402
from textattack.search_methods import GreedyWordSwapWIR  # noqa: E402
from textattack.shared import AttackedText  # noqa: E402
from textattack.transformations import WordSwap  # noqa: E402
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast  # noqa: E402


class LongestWrapper(HuggingFaceModelWrapper):
    """The stock wrapper, but padding to the longest of the batch; flips at `threshold` instead of at 0."""

    threshold = 0.0

    def __call__(self, text_input_list: Any) -> Any:
        """Logits of the two classes, (n, 2)."""
        inputs = self.tokenizer(text_input_list, padding="longest", return_tensors="pt")
        with torch.no_grad():
            logits = self.model(**inputs).logits
        logits[:, 1] -= self.threshold
        return logits


class Listed(WordSwap):
    """The words that may stand in each place, as they were handed over."""

    def __init__(self, proposals: list[list[str]]) -> None:
        """`proposals`: for each word of the text, in order."""
        self.proposals = proposals

    def _get_transformations(self, current_text: Any, indices_to_modify: Any) -> list[Any]:
        return [
            current_text.replace_word_at_index(i, word)
            for i in indices_to_modify
            for word in self.proposals[i]
            if word != current_text.words[i]
        ]


def attacked(pair: list[str]) -> Any:
    """Prompt and completion as TextAttack's two columns."""
    return AttackedText(OrderedDict(prompt=pair[0], completion=pair[1]))


class Worker:
    """One classifier, both wrappers."""

    def load(self, request: dict[str, Any]) -> dict[str, Any]:
        """Read the folder."""
        import importlib.metadata as installed

        torch.set_num_threads(1)
        model = AutoModelForSequenceClassification.from_pretrained(request["folder"]).eval()
        tokenizer = PreTrainedTokenizerFast.from_pretrained(request["folder"])
        self.stock = HuggingFaceModelWrapper(model, tokenizer)
        self.longest = LongestWrapper(model, tokenizer)
        return {n: installed.version(n) for n in ("textattack", "transformers", "torch")}

    def score(self, request: dict[str, Any]) -> dict[str, Any]:
        """Query the texts as an attack does; `padding` chooses the wrapper."""
        wrapper = self.stock if request["padding"] == "max_length" else self.longest
        self.longest.threshold = 0.0
        goal = UntargetedClassification(wrapper)
        goal.num_queries, goal.ground_truth_output = 0, 1
        texts = [attacked(pair) for pair in request["texts"]]
        started = time.process_time()
        results, _ = goal.get_results(texts)
        cpu = time.process_time() - started
        two = torch.stack([torch.as_tensor(r.raw_output) for r in results]).double().log()
        return {"cpu": cpu, "logits": (two[:, 1] - two[:, 0]).tolist(), "queries": goal.num_queries}

    def attack(self, request: dict[str, Any]) -> dict[str, Any]:
        """Greedy, words ordered by leaving each out, until the classifier accepts."""
        text = attacked(request["text"])
        if text.words != request["words"]:
            raise ValueError(f"found the words {text.words}, expected {request['words']}")
        self.longest.threshold = request["threshold"]
        started = time.process_time()
        goal = UntargetedClassification(self.longest)
        attack = Attack(goal, [], Listed(request["proposals"]), GreedyWordSwapWIR("delete"))
        result = attack.attack(text, 1)
        cpu = time.process_time() - started
        last = result.perturbed_result.attacked_text
        return {
            "cpu": cpu,
            "outcome": type(result).__name__,
            "queries": result.num_queries,
            "text": list(last._text_input.values()),
        }


def main() -> None:
    """Answer until stdin ends."""
    worker = Worker()
    # TextAttack prints: what it says must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request["do"])(request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
