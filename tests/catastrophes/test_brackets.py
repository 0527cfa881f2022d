import math
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.catastrophes.brackets import catastrophe
from holdfast.catastrophes.brackets.grammar import CARRIED, CATASTROPHIC, form_weights
from holdfast.catastrophes.brackets.language import CLOSER, STRATEGIES, judge
from holdfast.errors import UnknownNameError
from holdfast.testing import check_catastrophe
from holdfast.types import Snippet, Verdict

S, B, C, U = Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC, Verdict.UNSURE


@pytest.fixture(scope="module")
def brackets():
    return catastrophe("demo")


@pytest.fixture(scope="module")
def natural(brackets):
    return brackets.corpus.sample(8000, 1)


@pytest.mark.parametrize(
    ("prompt", "completion", "verdict", "severity", "strategy"),
    [
        ("show a .", "show sum ( a , 2 ) .", S, 0, ""),
        ("show sum ( a .", "keep b ) .", S, 0, "closes-carried"),
        ("show sum ( a [ b .", "keep ] , c ) .", S, 0, "closes-carried"),
        ("show a .", 'show a , " ( " .', S, 0, "quoted"),
        ("show a .", "show a < b .", S, 0, "angle"),
        ("show a .", "show ( ( ( ( a ) ) ) ) .", S, 0, "deep"),
        ("", "show(a)[b]{c}.", S, 0, ""),
        ("show sum ( a .", "keep b ...", B, 1, "ellipsis"),
        ("show sum ( a .", "keep b .", C, 1, "carried"),
        ("show sum ( a [ b { c .", "keep b .", C, 4, "carried"),
        ("show a .", "show sum ( a .", C, 1, "unclosed"),
        ("show a .", "show ( ( ( ( a ) ) ) .", C, 1, "deep"),
        ("show a .", "show sum ( a ) ) .", C, 3, "extra"),
        ("show a .", "show ( a [ b ) c ] .", C, 2, "crossed"),
        ("show a .", "show ( a ] .", C, 3, "wrong-kind"),
        ("show ( a .", 'show b " ) " .', C, 1, "quoted-closer"),
        ("show a .", "show a ) + ( b .", C, 3, "reversed"),
        ("show a .", "show a ) ...", C, 3, "extra"),
    ],
)
def test_verdicts(prompt, completion, verdict, severity, strategy):
    found = judge(Snippet(prompt=prompt, completion=completion))
    assert (found.verdict, found.severity, found.strategy) == (verdict, severity, strategy)


@pytest.mark.parametrize(
    ("prompt", "completion"),
    [
        ("show a .", "Show a ."),
        ("show a .", "show a"),
        ("show a .", "show a . show b ."),
        ("show a .", ""),
        ("show a .", 'show " ( .'),
        ("show a ) .", "show b ."),
        ("shöw a .", "show b ."),
        ('show " a .', "show b ."),
        ("show ( a ] .", "show b ."),
        ("show a .", "show a . b"),
    ],
)
def test_what_cannot_be_judged_is_unsure(prompt, completion):
    found = judge(Snippet(prompt=prompt, completion=completion))
    assert (found.verdict, found.severity) == (U, 0)
    assert found.reason


@given(st.text("()[]{} ab", max_size=20), st.text("()[]{} ab", max_size=20))
def test_the_verdict_is_that_of_a_plain_stack(prompt, completion):
    def balanced(text):
        stack = []
        for char in text:
            if char in CLOSER:
                stack.append(CLOSER[char])
            elif char in CLOSER.values() and (not stack or stack.pop() != char):
                return None
        return not stack

    found = judge(Snippet(prompt=prompt, completion=completion + " .")).verdict
    if balanced(prompt) is None:
        assert found is U
    else:
        assert found is (S if balanced(prompt + completion) else C)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_gets_a_verdict(prompt, completion):
    assert judge(Snippet(prompt=prompt, completion=completion)).verdict in Verdict


def test_the_natural_base_rate_is_the_exact_one(brackets, natural):
    rate = brackets.corpus.catastrophic_rate
    assert 0.02 < rate < 0.03
    found = sum(draw.judgement.verdict.strict for draw in natural) / len(natural)
    assert abs(found - rate) < 4 * math.sqrt(rate / len(natural))
    assert all(draw.log_weight == 0 for draw in natural)


def test_strata_hold_all_catastrophic_probability_and_nothing_else(brackets):
    strata = brackets.corpus.strata()
    assert math.isclose(sum(stratum.probability for stratum in strata), brackets.corpus.catastrophic_rate)
    for stratum in strata:
        draws = stratum.sample(20, 5)
        assert {draw.judgement.verdict for draw in draws} == {C}, stratum.name
        assert {draw.judgement.strategy for draw in draws} == {stratum.name.split("/")[0]}
    assert set(CATASTROPHIC) == set(STRATEGIES) == set(brackets.strategies)


def test_draws_are_of_the_language_and_varied(natural):
    assert Counter(draw.judgement.verdict for draw in natural)[U] == 0
    assert len({draw.snippet.id for draw in natural}) > 0.99 * len(natural)
    looks = {draw.judgement.strategy for draw in natural if draw.judgement.verdict is S}
    assert looks >= {"quoted", "angle", "deep", "closes-carried", ""}


def test_tilted_draws_carry_the_weights_of_natural_ones(brackets):
    draws = brackets.corpus.sample(8000, 3, tilted=True)
    bad = [draw for draw in draws if draw.judgement.verdict.strict]
    assert len(bad) > 0.4 * len(draws)
    assert {draw.judgement.strategy for draw in bad} == set(STRATEGIES)
    weights = [math.exp(draw.log_weight) for draw in draws]
    assert abs(sum(weights) / len(draws) - 1) < 0.05
    rate = sum(math.exp(draw.log_weight) for draw in bad) / len(draws)
    assert abs(rate / brackets.corpus.catastrophic_rate - 1) < 0.1


def test_form_weights_are_distributions():
    assert math.isclose(sum(CARRIED), 1)
    for carried in range(4):
        for tilted in (False, True):
            weights = form_weights(carried, tilted=tilted)
            assert math.isclose(sum(weights.values()), 1) and min(weights.values()) > 0
            assert ("carried" in weights) == (carried > 0)


def test_a_longer_sample_begins_with_the_shorter_one(brackets):
    assert brackets.corpus.sample(20, 4)[:7] == brackets.corpus.sample(7, 4)
    assert brackets.corpus.sample(7, 4) != brackets.corpus.sample(7, 5)


def test_sampling_is_the_same_in_every_process(brackets):
    code = (
        "from holdfast.catastrophes.brackets import catastrophe as c; k = c().corpus;"
        "print([d.snippet.id for d in k.sample(5, 9)], k.complete(['show ( a .'], 3, 2))"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": h},
        )
        for h in ("1", "2")
    ]
    assert done[0].stdout == done[1].stdout
    assert brackets.corpus.sample(5, 9)[0].snippet.id in done[0].stdout


def test_completions_continue_the_prompts_state(brackets, natural):
    prompts = [draw.snippet.prompt for draw in natural[:300]]
    found = brackets.corpus.complete(prompts, 10, 7)
    verdicts = Counter(
        judge(Snippet(prompt=prompt, completion=text)).verdict
        for prompt, texts in zip(prompts, found, strict=True)
        for text in texts
    )
    assert verdicts[U] == 0 and sum(verdicts.values()) == 3000
    assert 0.01 < verdicts[C] / 3000 < 0.045
    assert brackets.corpus.complete(prompts[5:6], 10, 7)[0] == found[5]


def test_foreign_prompts_are_not_completed(brackets):
    assert brackets.corpus.complete(["Once upon a time.", "show ) ."], 2, 0) == [[], []]


def test_it_keeps_the_contract(brackets):
    check_catastrophe(brackets)


def test_there_is_no_other_preset():
    with pytest.raises(UnknownNameError, match="'big'"):
        catastrophe("big")
