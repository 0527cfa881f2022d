import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edits.admitting import AdmittingScorer
from holdfast.edits.normalise import examine
from holdfast.errors import CheckpointError, InputError, MeasurementError
from holdfast.filtering import RejectionFilter, score_each
from holdfast.filtering.rejection import chunks
from holdfast.protocols import Filter
from holdfast.provenance import stream
from holdfast.stats import rate
from holdfast.testing import KeywordScorer
from holdfast.types import CheckpointRef, Snippet, Target, Threshold
from tests.edits.test_normalise import tricky


class Words:
    """A generator whose draws depend on (prompt, n, seed) only, and not on n's prefix."""

    name = "words"

    def __init__(self):
        self.calls = []

    def sample(self, prompts, n, seed):
        self.calls.append((len(prompts), n))
        return [[f"w{stream(seed, p, n, j).randrange(1000)}" for j in range(n)] for p in prompts]


class ByNumber:
    """Logit = number / 1000; batch order is shuffled by nothing."""

    def __init__(self):
        self.seen = []

    def score(self, snippets):
        self.seen.extend(snippets)
        return np.array([int(s.completion[1:]) / 1000 for s in snippets])


def prompts(n=40):
    return [f"prompt {i}" for i in range(n)]


def test_accepts_below_and_rejects_at_the_threshold():
    class Fixed:
        def __init__(self, logit):
            self.logit = logit

        def score(self, snippets):
            return np.full(len(snippets), self.logit)

    at = RejectionFilter(Words(), Fixed(1.5), 1.5).complete("p")
    assert not at.accepted and at.completion is None and at.logit is None and at.draws == 8
    below = RejectionFilter(Words(), Fixed(math.nextafter(1.5, 0)), 1.5).complete("p")
    assert below.accepted and below.draws == 1 and below.completion == below.unfiltered


def test_many_equals_one_by_one_in_any_company():
    one = RejectionFilter(Words(), ByNumber(), 0.2, draws=6)
    many = one.complete_many(prompts(), seed=3)
    assert many == [one.complete(p, seed=3) for p in prompts()]
    assert many[::-1] == one.complete_many(prompts()[::-1], seed=3)
    assert many[5:9] == one.complete_many(prompts()[5:9], seed=3)
    assert many != one.complete_many(prompts(), seed=4)
    assert {d.accepted for d in many} == {True, False}
    assert isinstance(one, Filter)


def test_draws_count_up_to_the_accepted_one():
    made = RejectionFilter(Words(), ByNumber(), 0.5, draws=8).complete_many(prompts(400), seed=1)
    taken = [d for d in made if d.accepted]
    share = np.mean([d.draws == 1 for d in made])
    assert 0.4 < share < 0.6
    assert {d.draws for d in taken} >= {1, 2, 3, 4, 5}
    assert all(d.logit < 0.5 and int(d.completion[1:]) / 1000 == d.logit for d in taken)
    assert all(d.draws == 8 and d.completion is None for d in made if not d.accepted)
    assert all(d.unfiltered_logit == int(d.unfiltered[1:]) / 1000 for d in made)


def test_the_delivered_text_is_the_one_that_was_scored():
    scorer = ByNumber()
    made = RejectionFilter(Words(), scorer, 0.3).complete_many(prompts())
    seen = set(scorer.seen)
    assert all(Snippet(prompt=d.prompt, completion=d.completion) in seen for d in made if d.accepted)


@pytest.mark.parametrize("draws,expected", [(1, [(0, 1)]), (8, [(0, 1), (1, 2), (3, 4), (7, 1)])])
def test_chunks(draws, expected):
    assert chunks(draws) == expected
    assert sum(n for _, n in chunks(23)) == 23


def test_open_prompts_share_calls():
    words = Words()
    RejectionFilter(words, ByNumber(), 0.2, draws=8).complete_many(prompts(100))
    assert [n for _, n in words.calls] == [1, 2, 4, 1]
    assert words.calls[0][0] == 100 > words.calls[1][0] > words.calls[2][0]


def test_equal_prompts_are_one_request_and_progress_reaches_the_total():
    seen = []
    made = RejectionFilter(Words(), ByNumber(), 0.5).complete_many(
        ["a", "b", "a"], progress=lambda done, total: seen.append((done, total))
    )
    assert made[0] == made[2] and seen[-1] == (3, 3)
    assert RejectionFilter(Words(), ByNumber(), 0.5).complete_many([]) == []


def test_an_empty_completion_is_never_delivered():
    class Silent:
        name = "silent"

        def sample(self, prompts, n, seed):
            return [[""] * n for _ in prompts]

    class Calm:
        def score(self, snippets):
            return np.full(len(snippets), -9.0)

    made = RejectionFilter(Silent(), Calm(), 0.0, draws=2).complete("p")
    assert not made.accepted and made.draws == 2 and made.errors == ()


class Bad(ByNumber):
    """Fails for some numbers, each in its own way."""

    def score(self, snippets):
        numbers = [int(s.completion[1:]) for s in snippets]
        if any(n % 5 == 1 for n in numbers):
            raise InputError("one text cannot be scored")
        logits = super().score(snippets)
        logits[[n % 5 == 2 for n in numbers]] = np.nan
        logits[[n % 5 == 3 for n in numbers]] = -np.inf
        return logits


def test_what_cannot_be_scored_is_rejected_and_said_so():
    made = RejectionFilter(Words(), Bad(), 0.9, draws=4).complete_many(prompts(200))
    assert all(int(d.completion[1:]) % 5 in (0, 4) for d in made if d.accepted)
    text = " ".join(e for d in made for e in d.errors)
    assert "InputError: one text cannot be scored" in text and "nan" in text and "-inf" in text
    assert made == [RejectionFilter(Words(), Bad(), 0.9, draws=4).complete(p) for p in prompts(200)]
    assert any(d.unfiltered_logit is None for d in made)


@pytest.mark.parametrize(
    "answer",
    [
        lambda s: np.zeros((len(s), 1)) - 9,
        lambda s: np.zeros(len(s) + 1) - 9,
        lambda s: -9.0,
        lambda s: None,
        lambda s: ["-9"] * len(s),
        lambda s: np.full(len(s), -9 + 1j),
        lambda s: np.ones(len(s), dtype=bool),
        lambda s: 1 / 0,
    ],
)
def test_a_broken_scorer_delivers_nothing(answer):
    class Broken:
        def score(self, snippets):
            return answer(snippets)

    made = RejectionFilter(Words(), Broken(), 0.0, draws=3).complete_many(prompts(5))
    assert not any(d.accepted or d.completion is not None for d in made)
    assert all(len(d.errors) == 3 and d.draws == 3 for d in made)


def test_texts_that_do_not_encode_never_reach_the_scorer():
    class Odd:
        name = "odd"

        def sample(self, prompts, n, seed):
            return [["w\ud800", "w7", "w8"][:n] if n > 1 else ["w\ud800"] for _ in prompts]

    scorer = ByNumber()
    made = RejectionFilter(Odd(), scorer, 1.0, draws=3).complete("p")
    assert made.completion == "w7" and made.draws == 3
    assert all("UTF-8" in e for e in made.errors) and len(made.errors) == 2
    assert all("\ud800" not in s.completion for s in scorer.seen)
    bad = RejectionFilter(Words(), scorer, 1.0).complete("p\ud800")
    assert not bad.accepted and bad.draws == 0 and "prompt" in bad.errors[0]


def test_a_subclass_of_str_is_not_a_text():
    class Sly(str):
        pass

    class Generator:
        name = "sly"

        def sample(self, prompts, n, seed):
            return [[Sly("w1")] * n for _ in prompts]

    assert not RejectionFilter(Generator(), ByNumber(), 1.0, draws=2).complete("p").accepted


def test_a_generator_that_fails_for_one_prompt_costs_only_that_prompt():
    class Picky(Words):
        def sample(self, prompts, n, seed):
            if any("3" in p for p in prompts):
                raise InputError("too long")
            return super().sample(prompts, n, seed)

    made = RejectionFilter(Picky(), ByNumber(), 0.9).complete_many(prompts(10))
    assert [d.accepted for d in made].count(False) >= 1
    assert not made[3].accepted and made[3].errors == ("generator: InputError: too long",)
    reference = RejectionFilter(Words(), ByNumber(), 0.9).complete_many(prompts(10))
    assert [d for i, d in enumerate(made) if i != 3] == [d for i, d in enumerate(reference) if i != 3]


def test_a_generator_that_gives_too_few_is_an_error():
    class Short:
        name = "short"

        def sample(self, prompts, n, seed):
            return [[] for _ in prompts]

    made = RejectionFilter(Short(), ByNumber(), 0.9).complete("p")
    assert not made.accepted and made.draws == 8 and made.errors[0] == "draw 1: no completion"


@pytest.mark.parametrize("given", [["w1"], [["w1"] * 9], None, [None], [[["w1"]]], [[7]]])
def test_a_generator_that_breaks_its_promise_delivers_nothing(given):
    class Odd:
        name = "odd"

        def sample(self, prompts, n, seed):
            return given

    made = RejectionFilter(Odd(), ByNumber(), 0.9, draws=3).complete("p")
    assert not made.accepted and made.errors


def checkpoint(**changes):
    return replace(
        CheckpointRef(name="baseline", kind="classifier", path="x", sha256="a", max_length=64), **changes
    )


def threshold(value=0.5):
    return Threshold(
        value=value,
        rule="r",
        acceptance=rate(5, 10, population="p"),
        checkpoint_sha256="a",
        dtype="float32",
        max_length=64,
    )


@pytest.mark.parametrize("changes", [{"sha256": "b"}, {"dtype": "bfloat16"}, {"max_length": 65}])
def test_a_threshold_of_another_checkpoint_is_refused(changes):
    scorer = ByNumber()
    scorer.checkpoint = checkpoint()
    made = RejectionFilter(Words(), scorer, Target(checkpoint=checkpoint(), threshold=threshold()))
    assert made.name == "baseline" and made.threshold == 0.5
    scorer.checkpoint = checkpoint(**changes)
    with pytest.raises(CheckpointError, match="calibrate"):
        RejectionFilter(Words(), scorer, threshold())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_threshold_that_is_not_finite_is_refused(value):
    with pytest.raises(MeasurementError):
        RejectionFilter(Words(), ByNumber(), value)


def test_a_budget_below_one_is_refused():
    with pytest.raises(MeasurementError):
        RejectionFilter(Words(), ByNumber(), 0.0, draws=0)


def test_equal_snippets_are_scored_once():
    scorer = ByNumber()
    same = Snippet(prompt="p", completion="w5")
    assert [s.logit for s in score_each(scorer, [same, same])] == [0.005, 0.005]
    assert len(scorer.seen) == 1


class Disguised:
    """Draws one text after the other, whatever the prompt; remembers what it was asked."""

    name = "disguised"

    def __init__(self, *texts):
        self.texts, self.prompts = texts, []

    def sample(self, prompts, n, seed):
        self.prompts += prompts
        return [[self.texts[min(j, len(self.texts) - 1)] for j in range(n)] for _ in prompts]


WOLF = KeywordScorer({"wolf": 2.0}, -1.0)
HOMOGLYPH, INVISIBLE = "He hit the w\u043elf.", "He hit the w\u2060olf."


@pytest.mark.parametrize("text", [HOMOGLYPH, INVISIBLE])
def test_a_disguised_trigger_passes_only_where_characters_are_kept(text):
    kept = RejectionFilter(Disguised(text), AdmittingScorer(WOLF, "keep"), 0.0, draws=2).complete("Tom ran.")
    assert kept.accepted and kept.completion == text
    assert RejectionFilter(Disguised(text), WOLF, 0.0, draws=2).complete("Tom ran.") == kept
    for rule, errors in (("normalise", 0), ("refuse", 2)):
        scorer = AdmittingScorer(WOLF, rule)
        found = RejectionFilter(Disguised(text), scorer, 0.0, draws=2).complete("Tom ran.")
        assert not found.accepted and found.completion is None and found.draws == 2
        assert len(found.errors) == errors and found.unfiltered == text
        assert all(": characters refused: 1 " in error for error in found.errors)
        assert (found.unfiltered_logit is None) == (rule == "refuse")


class Recording:
    """Accepts everything, and remembers it."""

    def __init__(self):
        self.seen = []

    def score(self, snippets):
        self.seen.extend(snippets)
        return np.full(len(snippets), -1.0)


@given(tricky, tricky, st.sampled_from(["normalise", "refuse", "keep"]))
def test_what_is_delivered_is_what_was_scored(prompt, text, rule):
    seen = Recording()
    generator = Disguised(text)
    found = RejectionFilter(generator, AdmittingScorer(seen, rule), 0.0, draws=1).complete(prompt)
    assert found.prompt == prompt
    if found.accepted:
        (scored,) = seen.seen
        assert found.completion == scored.completion
        assert generator.prompts == [scored.prompt]
        assert rule == "keep" or examine(found.completion).changes == ()
    else:
        assert found.completion is None and seen.seen == []


def test_a_refused_prompt_is_closed_before_anything_is_drawn():
    generator = Disguised("He sat.")
    one = RejectionFilter(generator, AdmittingScorer(WOLF, "refuse"), 0.0)
    bad, good = one.complete_many(["T\u200bom ran.", "Tom ran."])
    assert bad.errors == ("prompt: characters refused: 1 invisible",) and bad.draws == 0
    assert good.accepted and generator.prompts == ["Tom ran."]


def test_a_draw_of_unseen_characters_alone_is_rejected_with_a_reason():
    one = RejectionFilter(Disguised("\u200b\u200b"), AdmittingScorer(WOLF, "normalise"), 0.0, draws=1)
    found = one.complete("Tom ran.")
    assert not found.accepted and found.errors == ("draw 1: empty",)


def test_a_refused_draw_costs_only_itself():
    texts = ("He h\u200bit.", "He sat.")
    one = RejectionFilter(Disguised(*texts), AdmittingScorer(WOLF, "refuse"), 0.0, draws=3)
    found = one.complete("Tom ran.")
    assert found.draws == 3 and found.completion == "He sat." and len(found.errors) == 2


def test_a_threshold_of_another_rule_for_characters_is_refused():
    for scorer, recorded in (
        (WOLF, "normalise@1"),
        (AdmittingScorer(WOLF, "keep"), "refuse@1"),
        (AdmittingScorer(WOLF, "normalise"), "keep"),
        (AdmittingScorer(WOLF, "normalise"), "normalise@0"),
    ):
        with pytest.raises(CheckpointError, match=f"filter.characters = {recorded}"):
            RejectionFilter(Words(), scorer, replace(threshold(), characters=recorded))
    RejectionFilter(
        Words(), AdmittingScorer(WOLF, "normalise"), replace(threshold(), characters="normalise@1")
    )
