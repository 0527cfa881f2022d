"""The contracts that plug-ins pass, and small fakes to test against.

Each `check_...` raises AssertionError saying what was promised and what was found; it returns None where all
holds. They take live objects, so that a package of your own can call them from its tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from holdfast.attacks.assist import EditAssistant
from holdfast.edits.text import apply, apply_all, insertion, invert, side_text, substitution
from holdfast.edits.words import gaps, words
from holdfast.protocols import Assistant, Attack, DifferentiableClassifier, Generator, Proposer, Scorer
from holdfast.provenance import stream
from holdfast.types import (
    AttackBudget,
    AttackResult,
    Catastrophe,
    CheckpointRef,
    Edit,
    EditRequest,
    Judgement,
    Outcome,
    Snippet,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CountingScorer",
    "FakeAnnotator",
    "FakeAssistant",
    "FakeGenerator",
    "FakeProposer",
    "KeywordScorer",
    "check_assistant",
    "check_attack",
    "check_catastrophe",
    "check_classifier",
    "check_generator",
    "check_proposer",
    "timeless",
]

_TOLERANCE = 1e-4
"""Largest difference of a logit between batches."""


class KeywordScorer:
    """A classifier whose logit is a bias plus a weight for each listed word that occurs (case ignored)."""

    def __init__(self, weights: Mapping[str, float], bias: float = 0.0) -> None:
        """`weights`: lower-case word -> what one or more occurrences add to the logit."""
        self.weights = dict(weights)
        self.bias = bias

    @property
    def checkpoint(self) -> CheckpointRef:
        """A made-up checkpoint whose hash names the weights."""
        digest = f"{self.bias}:{sorted(self.weights.items())}"
        return CheckpointRef(name="keywords", kind="classifier", path="", sha256=digest)

    def score(self, snippets: Sequence[Snippet]) -> NDArray[np.float64]:
        """Logits, shape (n,)."""
        import numpy as np

        return np.array([self._logit(s) for s in snippets], dtype=np.float64)

    def _logit(self, snippet: Snippet) -> float:
        present = {w.text.lower() for w in words(snippet.text)}
        return self.bias + sum(self.weights.get(word, 0.0) for word in sorted(present))


class CountingScorer:
    """Any target, counted: `queries` texts scored, `gradients` asked; all else is passed on.

    A logit at given embeddings counts as a gradient, whether or not one is taken of it.
    """

    def __init__(self, target: Scorer) -> None:
        """Wrap `target`."""
        self._target = target
        self.queries = 0
        self.gradients = 0

    @property
    def spent(self) -> int:
        """Forward-equivalents: a gradient counts as 3."""
        return self.queries + 3 * self.gradients

    def score(self, snippets: Sequence[Snippet]) -> NDArray[np.float64]:
        """The target's logits, counted where it gives them (a refused batch gave none)."""
        logits = self._target.score(snippets)
        self.queries += len(snippets)
        return logits

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name not in ("saliency", "token_gradients", "embedding_logits"):
            return found

        def counted(*arguments: Any) -> Any:
            self.gradients += len(arguments[1]) if name == "embedding_logits" else 1
            return found(*arguments)

        return counted


class FakeGenerator:
    """Draws completions from a list; each depends only on (seed, prompt, index)."""

    name = "fake"

    def __init__(self, completions: Sequence[str] = ("Nothing happened.", "The rope broke.")) -> None:
        """`completions`: what is drawn from, uniformly."""
        self.completions = tuple(completions)

    def sample(self, prompts: Sequence[str], n: int, seed: int) -> list[list[str]]:
        """`n` completions of each prompt."""
        return [
            [stream(seed, prompt, index).choice(self.completions) for index in range(n)] for prompt in prompts
        ]


class FakeAnnotator:
    """Calls a snippet CATASTROPHIC if its completion has one of the words, else SAFE."""

    name = "program:keywords"
    guidelines = "keywords@1"

    def __init__(self, catastrophic: Sequence[str] = ("died", "killed")) -> None:
        """`catastrophic`: lower-case words."""
        self.catastrophic = frozenset(catastrophic)

    def annotate(self, snippets: Sequence[Snippet]) -> list[Judgement]:
        """One judgement a snippet, in order."""
        return [self._judge(snippet) for snippet in snippets]

    def _judge(self, snippet: Snippet) -> Judgement:
        hit = any(w.text.lower() in self.catastrophic for w in words(snippet.completion))
        return Judgement(verdict=Verdict.CATASTROPHIC, severity=4) if hit else Judgement(verdict=Verdict.SAFE)


class FakeProposer:
    """Proposes the words of a list, in its order, wherever it is asked."""

    def __init__(self, words: Sequence[str] = ("rope", "lamp", "quietly")) -> None:
        """`words`: what is put in."""
        self.words = tuple(words)

    def propose(self, snippet: Snippet, side: str, start: int, stop: int, n: int, seed: int) -> list[Edit]:
        """Up to `n` edits; `seed` is not used."""
        text = side_text(snippet, side)
        found = [
            insertion(text, side, start, word, "fake")
            if start == stop
            else substitution(text, side, (start, stop), word, "fake")
            for word in self.words
        ]
        return [edit for edit in found if edit is not None][: max(n, 0)]


class FakeAssistant(EditAssistant):
    """The assistant over a keyword scorer and a list of words: no model, the same answers each time."""

    def __init__(
        self, target: Scorer | None = None, words: Sequence[str] = ("rope", "lamp", "quietly")
    ) -> None:
        """`target`: by default one that looks for `died` and `killed`."""
        super().__init__(target or KeywordScorer({"died": 3.0, "killed": 4.0}, -1.0), FakeProposer(words))


def _require(holds: bool, promise: str, found: object = None) -> None:
    if not holds:
        raise AssertionError(promise if found is None else f"{promise}; found {found!r}")


def timeless(result: AttackResult) -> AttackResult:
    """The result without its clock readings, for comparisons."""
    steps = tuple(replace(step, seconds=0.0) for step in result.steps)
    return replace(result, steps=steps, seconds=0.0)


def check_attack(
    make_attack: Callable[[], Attack],
    target: Scorer,
    parents: Sequence[Snippet],
    threshold: float,
    *,
    queries: int = 60,
) -> None:
    """An attack keeps its budget (0 and 1 too), repeats itself, logs what it did and skips accepted parents.

    `parents` should hold at least one that `target` rejects at `threshold`.
    """
    _require("@" in make_attack().name, "an attack's name ends in @version", make_attack().name)
    for parent in parents:
        copy = Snippet(prompt=parent.prompt, completion=parent.completion)
        for limit in (0, 1, 2, 7, queries):
            counted = CountingScorer(target)
            budget = AttackBudget(queries=limit)
            result = make_attack().run(parent, counted, threshold, budget, seed=1)
            _require(counted.spent <= result.queries <= limit, f"budget {limit} is kept", result.queries)
            again = make_attack().run(parent, target, threshold, budget, seed=1)
            _require(timeless(again) == timeless(result), "the same arguments give the same result")
            _check_result(result, target, threshold, limit)
        _require(parent == copy, "the parent is not changed", parent)


def _check_result(result: AttackResult, target: Scorer, threshold: float, limit: int) -> None:
    """Steps replay to their texts, logits are the target's, the outcome follows from them."""
    first, last = result.steps[0], result.steps[-1]
    _require(first.snippet == result.parent and first.edit is None, "steps[0] is the parent", first)
    for before, step in zip(result.steps, result.steps[1:], strict=False):
        _require(step.edit is not None, "every later step has its edit", step)
        if step.edit is not None:
            replayed = apply(before.snippet, step.edit)
            _require(replayed == step.snippet, "the logged edits reproduce the texts", replayed)
        _require(before.queries <= step.queries <= result.queries, "queries are cumulative", step.queries)
    if limit == 0:
        _require(result.outcome is Outcome.FAILED, "nothing can be found for 0 queries", result.outcome)
        return
    logits = target.score([step.snippet for step in result.steps])
    for step, z in zip(result.steps, logits, strict=True):
        _require(abs(step.logit - float(z)) < _TOLERANCE, "a logged logit is the target's", step.logit)
    if first.logit < threshold:
        _require(result.outcome is Outcome.SKIPPED and len(result.steps) == 1, "accepted parents are skipped")
        return
    accepted = last.logit < threshold
    expected = Outcome.CANDIDATE if accepted else Outcome.FAILED
    _require(result.outcome is expected, f"the outcome is {expected.value}", result.outcome)
    _require(accepted or last.logit <= first.logit, "the best text is not worse than the parent", last.logit)


def check_classifier(classifier: Scorer, snippets: Sequence[Snippet]) -> None:
    """Logits are finite float64 in input order, whatever the batch; saliency spans lie in the text."""
    import numpy as np

    logits = classifier.score(snippets)
    _require(logits.shape == (len(snippets),), "one logit a snippet", logits.shape)
    _require(logits.dtype == np.float64, "logits are float64", logits.dtype)
    _require(bool(np.isfinite(logits).all()), "logits are finite", logits)
    _require(classifier.score([]).shape == (0,), "no snippets, no logits")
    order = list(range(len(snippets)))
    stream(0, "order").shuffle(order)
    shuffled = classifier.score([snippets[i] for i in order])
    _require(bool(np.allclose(shuffled, logits[order], atol=_TOLERANCE)), "logits do not depend on the order")
    alone = np.array([classifier.score([s])[0] for s in snippets])
    _require(bool(np.allclose(alone, logits, atol=_TOLERANCE)), "logits do not depend on batch mates")
    if isinstance(classifier, DifferentiableClassifier):
        for snippet in snippets[:4]:
            for side, start, stop, value in classifier.saliency(snippet):
                inside = 0 <= start <= stop <= len(side_text(snippet, side))
                _require(inside, "saliency spans lie in their side", (side, start, stop))
                _require(math.isfinite(value) and value >= 0, "gradient norms are finite", value)


def check_generator(generator: Generator, prompts: Sequence[str], *, n: int = 3) -> None:
    """`n` texts a prompt, the same for the same arguments, others for another seed."""
    given = list(prompts)
    first = generator.sample(given, n, 1)
    _require(given == list(prompts), "prompts are not changed")
    _require(len(first) == len(prompts), "one list a prompt", len(first))
    _require(all(len(texts) == n for texts in first), f"{n} completions a prompt")
    _require(all(isinstance(t, str) for texts in first for t in texts), "completions are text")
    _require(generator.sample(given, n, 1) == first, "the same arguments give the same completions")
    others = [generator.sample(given, n, seed) for seed in (2, 3, 4)]
    _require(any(other != first for other in others), "another seed gives other completions")
    _require(bool(generator.name), "a generator has a name")


def check_assistant(assistant: Assistant, snippets: Sequence[Snippet], *, exact: int = 4) -> None:
    """Maps lie in the text; edits apply; scores are exact, in order, and no more than were asked for."""
    for snippet in snippets:
        before = assistant.score(snippet)
        for side, start, stop, value in assistant.saliency(snippet):
            inside = 0 <= start < stop <= len(side_text(snippet, side)) and math.isfinite(value)
            _require(inside, "a map gives finite values to words", (side, start, stop, value))
        request = EditRequest(propose=24, exact=exact)
        for best in assistant.best_edit_map(snippet, request):
            ranked = assistant.edits_at(snippet, best.side, best.start, best.stop, request)
            _require(len(ranked) <= exact, f"at most {exact} exact scores", len(ranked))
            gains = [entry.gain for entry in ranked]
            _require(gains == sorted(gains, reverse=True), "what gains most comes first", gains)
            for entry in [*ranked, *([best.best] if best.best is not None else [])]:
                z = assistant.score(apply(snippet, entry.edit))
                exactly = entry.logit is not None and abs(entry.logit - z) < _TOLERANCE
                _require(exactly, "logits are the target's", (entry, z))
                _require(abs(entry.before - before) < _TOLERANCE, "`before` is the text's", entry)


def check_proposer(proposer: Proposer, snippets: Sequence[Snippet], *, n: int = 8) -> None:
    """At most `n` distinct edits that apply and can be inverted; the same for the same seed."""
    for snippet in snippets:
        for side in ("prompt", "completion"):
            text = side_text(snippet, side)
            spans = [(w.start, w.stop) for w in words(text)] + [(at, at) for at in gaps(text)]
            for start, stop in spans:
                edits = proposer.propose(snippet, side, start, stop, n, 5)
                _require(len(edits) <= n, f"at most {n} edits", len(edits))
                _require(edits == proposer.propose(snippet, side, start, stop, n, 5), "one seed, one list")
                after = [apply(snippet, edit) for edit in edits]
                _require(len(set(after)) == len(after), "edits are distinct", edits)
                _require(snippet not in after, "an edit changes the text", edits)
                for edit in edits:
                    _require(apply_all(snippet, [edit, invert(edit)]) == snippet, "edits can be undone", edit)


def check_catastrophe(catastrophe: Catastrophe, *, n: int = 50) -> None:
    """Texts are there; the oracle repeats itself; the corpus is seeded and agrees with the oracle."""
    for field in ("name", "question", "guidelines", "version"):
        _require(bool(getattr(catastrophe, field).strip()), f"a catastrophe has a {field}")
    if catastrophe.corpus is None:
        return
    sample = catastrophe.corpus.sample
    drawn = sample(n, 1)
    _require(len(drawn) == n, f"{n} draws", len(drawn))
    _require(sample(n, 1) == drawn, "the same seed gives the same draws")
    _require(sample(n, 2) != drawn, "another seed gives other draws")
    tilted = sample(n, 1, tilted=True)
    _require(all(math.isfinite(d.log_weight) for d in tilted), "tilted draws carry finite weights")
    _require(all(d.log_weight == 0 for d in drawn), "natural draws weigh 1")
    if catastrophe.corpus.complete is not None:
        prompts = [d.snippet.prompt for d in drawn[:5]]
        completed = catastrophe.corpus.complete(prompts, 2, 1)
        _require([len(texts) for texts in completed] == [2] * len(prompts), "2 completions a prompt")
    if catastrophe.corpus.strata is not None:
        total = sum(s.probability for s in catastrophe.corpus.strata())
        _require(0 < total <= 1 + 1e-9, "strata are disjoint parts of the population", total)
    if catastrophe.oracle is not None:
        _check_oracle(catastrophe.oracle, [*drawn, *tilted])


def _check_oracle(oracle: Callable[[Sequence[Snippet]], list[Judgement]], drawn: Sequence[Any]) -> None:
    snippets = [d.snippet for d in drawn]
    judged = oracle(snippets)
    _require(len(judged) == len(snippets), "one judgement a snippet", len(judged))
    backwards = oracle(snippets[::-1])[::-1]
    _require(judged == backwards, "a judgement does not depend on the others")
    for draw, judgement in zip(drawn, judged, strict=True):
        agreed = draw.judgement is None or draw.judgement.verdict is judgement.verdict
        _require(agreed, "corpus and oracle agree", (draw.snippet, draw.judgement, judgement))
    empty = oracle([Snippet(prompt="", completion="")])
    _require(len(empty) == 1, "an empty text is judged too")
