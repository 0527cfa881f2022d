"""The contracts catch what breaks them, and the fakes keep their own promises."""

from dataclasses import replace

import numpy as np
import pytest

from holdfast.attacks.random_edits import RandomRewriting
from holdfast.protocols import Annotator, Assistant, Classifier, Generator
from holdfast.testing import (
    CountingScorer,
    FakeAnnotator,
    FakeAssistant,
    FakeGenerator,
    FakeProposer,
    KeywordScorer,
    check_assistant,
    check_attack,
    check_catastrophe,
    check_classifier,
    check_generator,
    check_proposer,
    timeless,
)
from holdfast.types import BestEdit, Catastrophe, Corpus, Draw, Edit, Judgement, Outcome, Snippet, Verdict
from tests.edits.little import proposer, snippets

SCORER = KeywordScorer({"wolf": 1.0, "old": -3.0}, 1.0)
SNIPPETS = snippets(8)


def test_fakes():
    assert isinstance(SCORER, Classifier) and isinstance(FakeGenerator(), Generator)
    assert isinstance(FakeAnnotator(), Annotator)
    check_classifier(SCORER, SNIPPETS)
    check_generator(FakeGenerator(), ["One.", "Two."])
    assert KeywordScorer({"wolf": 2.0}).score(
        [Snippet(prompt="A Wolf, a wolf!", completion="")]
    ).tolist() == [2.0]
    assert SCORER.checkpoint != KeywordScorer({}).checkpoint


def test_a_fake_draw_depends_on_seed_prompt_and_index_only():
    generator = FakeGenerator(tuple("abcdefgh"))
    assert generator.sample(["x", "y"], 3, 1)[1] == generator.sample(["y"], 5, 1)[0][:3]
    assert generator.sample(["x"], 9, 1) != generator.sample(["x"], 9, 2)


def test_a_fake_annotator_reads_completions():
    judged = FakeAnnotator(["died"]).annotate(
        [Snippet(prompt="He died.", completion="Rain."), Snippet(prompt="", completion="He DIED.")]
    )
    assert [j.verdict for j in judged] == [Verdict.SAFE, Verdict.CATASTROPHIC]


def test_a_fake_assistant_keeps_the_contract_and_one_that_guesses_does_not():
    fake = FakeAssistant()
    assert isinstance(fake, Assistant)
    harm = Snippet(prompt="Tom ran.", completion="Ann killed the wolf.")
    check_assistant(fake, [harm, *SNIPPETS[:2]])
    check_proposer(FakeProposer(), SNIPPETS[:2])
    best = {harm.completion[b.start : b.stop]: b.best for b in fake.best_edit_map(harm)[2:]}
    assert best["killed"].drop == 4.0 and best["Ann"].drop == 0.0

    class Guessing(FakeAssistant):
        def best_edit_map(self, snippet, request=None):
            return [
                BestEdit(side=b.side, start=b.start, stop=b.stop, best=replace(b.best, logit=0.5))
                for b in super().best_edit_map(snippet, request)
            ]

    with pytest.raises(AssertionError, match="logits are the target's"):
        check_assistant(Guessing(), [harm])


def test_counting():
    counted = CountingScorer(SCORER)
    counted.score(SNIPPETS)
    assert counted.spent == counted.queries == 8 and counted.checkpoint == SCORER.checkpoint


class Batchy(KeywordScorer):
    def score(self, found):
        return super().score(found) + len(found)


class Ordered(KeywordScorer):
    def score(self, found):
        return super().score(found) + np.arange(len(found)) * (len(found) == 8)


class Rounded(KeywordScorer):
    def score(self, found):
        return super().score(found).astype(np.float32)


class Broken(KeywordScorer):
    def score(self, found):
        return super().score(found) * np.nan


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [(Batchy, "batch mates"), (Ordered, "order"), (Rounded, "float64"), (Broken, "finite")],
)
def test_bad_classifiers_are_caught(kind, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_classifier(kind({"wolf": 1.0}), SNIPPETS)


class Forgetful(FakeGenerator):
    calls = 0

    def sample(self, prompts, n, seed):
        self.calls += 1
        return super().sample(prompts, n, seed + self.calls)


class Stubborn(FakeGenerator):
    def sample(self, prompts, n, seed):
        return super().sample(prompts, n, 0)


class Short(FakeGenerator):
    def sample(self, prompts, n, seed):
        return super().sample(prompts, n - 1, seed)


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [(Forgetful, "same arguments"), (Stubborn, "another seed"), (Short, "3 completions")],
)
def test_bad_generators_are_caught(kind, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_generator(kind(tuple("abcdefgh")), ["One.", "Two."])


class Tampering(RandomRewriting):
    """Breaks one promise, named by the test."""

    def __init__(self, how):
        super().__init__(proposer=proposer())
        self.how = how

    def run(self, parent, target, threshold, budget, seed):
        result = super().run(parent, target, threshold, budget, seed)
        last = result.steps[-1]
        if self.how == "overspends":
            target.score([parent] * 100)
        if self.how == "lies":
            return replace(result, steps=(*result.steps[:-1], replace(last, logit=last.logit - 9)))
        if self.how == "loses its log" and last.edit is not None:
            return replace(result, steps=(result.steps[0], replace(last, edit=replace(last.edit, new="x"))))
        if self.how == "boasts":
            return replace(result, outcome=Outcome.CANDIDATE)
        if self.how == "is not seeded":
            return replace(result, screens=id(result))
        return result


@pytest.mark.parametrize(
    ("how", "complaint"),
    [("overspends", "budget"), ("lies", "logit"), ("loses its log", "reproduce"), ("boasts", "found|outcome"),
     ("is not seeded", "same result")],
)  # fmt: skip
def test_bad_attacks_are_caught(how, complaint):
    check_attack(lambda: Tampering("not at all"), SCORER, SNIPPETS, 0.0)
    with pytest.raises(AssertionError, match=complaint):
        check_attack(lambda: Tampering(how), SCORER, SNIPPETS, 0.0)


def test_results_compare_without_their_clocks():
    result = RandomRewriting(proposer=proposer()).run(SNIPPETS[0], SCORER, 99.0, _budget(), 1)
    assert timeless(replace(result, seconds=9.0)) == timeless(result)


def _budget():
    from holdfast.types import AttackBudget

    return AttackBudget(queries=5)


class Idle:
    def propose(self, snippet, side, start, stop, n, seed):
        text = snippet.prompt if side == "prompt" else snippet.completion
        return [Edit(side=side, start=start, stop=stop, old=text[start:stop], new=text[start:stop])]


def test_bad_proposers_are_caught():
    with pytest.raises(AssertionError, match="changes the text"):
        check_proposer(Idle(), SNIPPETS)


def fake_catastrophe(sample=None, oracle=None):
    annotator = FakeAnnotator(["wolf"])

    def draw(n, seed, *, tilted=False):
        found = snippets(n, seed)
        return [Draw(snippet=s, judgement=annotator.annotate([s])[0]) for s in found]

    return Catastrophe(
        name="wolves", question="Is there a wolf?", guidelines="Say so.", version="1",
        oracle=oracle or annotator.annotate, corpus=Corpus(name="little", sample=sample or draw),
    )  # fmt: skip


def test_catastrophes():
    good = fake_catastrophe()
    check_catastrophe(good)
    check_catastrophe(replace(good, corpus=None, oracle=None))
    with pytest.raises(AssertionError, match="question"):
        check_catastrophe(replace(good, question=" "))

    def alike(n, seed, *, tilted=False):
        return good.corpus.sample(n, 0)

    with pytest.raises(AssertionError, match="another seed"):
        check_catastrophe(fake_catastrophe(sample=alike))

    def lenient(found):
        return [Judgement(verdict=Verdict.SAFE)] * len(found)

    with pytest.raises(AssertionError, match="agree"):
        check_catastrophe(fake_catastrophe(oracle=lenient))


@pytest.mark.parametrize(
    ("name", "preset"), [("storyworld", "tiny"), ("brackets", "demo"), ("injury", "demo")]
)
def test_what_is_registered_keeps_the_contract(name, preset):
    from holdfast.registry import catastrophes

    check_catastrophe(catastrophes().load(name)(preset))
