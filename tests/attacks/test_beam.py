import math

import pytest

from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.random_edits import RandomRewriting
from holdfast.edits.words import words
from holdfast.errors import ConfigError
from holdfast.registry import attacks
from holdfast.testing import CountingScorer, KeywordScorer, check_attack, timeless
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.toy import EMPTY, ToyClassifier, threshold_for
from tests.edits.little import NOUNS, proposer, snippets

KEYWORDS = KeywordScorer({"wolf": 2.0, "knife": 1.0, "old": -1.5, "quickly": -1.0, "lamp": -2.5}, 4.0)
PARENTS = snippets(40, seed=3)


def run(parents=PARENTS, target=KEYWORDS, threshold=0.0, queries=150, method=BeamRewriting, **settings):
    attack = method(proposer=proposer(), **settings)
    return [attack.run(p, target, threshold, AttackBudget(queries=queries), seed=5) for p in parents]


@pytest.mark.parametrize("method", [BeamRewriting, RandomRewriting])
@pytest.mark.parametrize("target", [KEYWORDS, ToyClassifier()], ids=["keywords", "differentiable"])
def test_contract(method, target):
    parents = [*PARENTS[:5], EMPTY, Snippet(prompt="", completion="Run!")]
    threshold = threshold_for(target, PARENTS, 0.2)
    check_attack(lambda: method(proposer=proposer()), target, parents, threshold)


def test_registered_under_its_name():
    assert attacks().load("beam") is BeamRewriting and attacks().load("random") is RandomRewriting


def test_beam_beats_random_edits():
    found = {}
    for method in (BeamRewriting, RandomRewriting):
        found[method] = sum(r.outcome is Outcome.CANDIDATE for r in run(method=method))
    assert found[BeamRewriting] >= 0.6 * len(PARENTS) and found[BeamRewriting] > 3 * found[RandomRewriting]


def test_gradients_beat_none():
    target = ToyClassifier()
    target.direction = target.direction * 0.3
    threshold = threshold_for(target, PARENTS, 0.02) - 2.0
    plain = run(target=target, threshold=threshold, saliency=False, queries=80)
    guided = run(target=target, threshold=threshold, queries=80)
    broken = [sum(r.outcome is Outcome.CANDIDATE for r in results) for results in (plain, guided)]
    spent = [sum(r.queries for r in results) for results in (plain, guided)]
    assert broken[1] > 1.2 * broken[0] and spent[1] < 0.8 * spent[0]


def test_only_the_allowed_side_is_edited():
    for result in run(PARENTS[:8], sides=["completion"]):
        assert all(s.snippet.prompt == result.parent.prompt for s in result.steps)
    for result in run(PARENTS[:8], sides=["prompt"]):
        assert all(s.snippet.completion == result.parent.completion for s in result.steps)


def test_a_screen_is_asked_first_and_its_use_is_logged():
    asked, scored = [], []

    def keeps_a_noun_of_its_own(texts):
        asked.extend(texts)
        return ["cup" not in s.completion for s in texts]

    class Recorder(ToyClassifier):
        def score(self, texts):
            scored.extend(texts)
            return super().score(texts)

    results = run(PARENTS[:10], Recorder(bias=3.0), plausible=keeps_a_noun_of_its_own)
    assert sum(r.screens for r in results) == len(asked) > 0
    parents = {r.parent for r in results}
    assert all("cup" not in s.completion for s in scored if s not in parents)
    assert {s for s in scored if s not in parents} <= set(asked)


def test_a_screen_that_refuses_everything_ends_the_search():
    results = run(PARENTS[:3], plausible=lambda texts: [False] * len(texts))
    assert all(r.outcome is Outcome.FAILED and len(r.steps) == 1 and r.queries < 60 for r in results)


def test_polishing_undoes_needless_edits():
    def net_words(result):
        before, after = result.parent.text.split(), result.steps[-1].snippet.text.split()
        return sum(w not in before for w in after) + abs(len(before) - len(after))

    rough, polished = run(PARENTS[:20], polish=0), run(PARENTS[:20])
    pairs = [
        (a, b) for a, b in zip(rough, polished, strict=True) if a.outcome is b.outcome is Outcome.CANDIDATE
    ]
    assert sum(net_words(b) for _, b in pairs) < sum(net_words(a) for a, _ in pairs)
    for _, result in pairs:
        assert result.steps[-1].logit < 0.0
    undone = [s for r in polished for s in r.steps if s.edit is not None and s.edit.source == "undo"]
    assert undone


def test_texts_the_target_refuses_count_as_rejected():
    short = [s for s in PARENTS if len(words(s.text)) <= 17]
    target = ToyClassifier(longest=17)
    for result in run(short[:6], target, threshold=-50.0, queries=80):
        assert result.queries == 80 and all(math.isfinite(s.logit) for s in result.steps)
        assert len(words(result.steps[-1].snippet.text)) <= 17
    too_long = run([Snippet(prompt="Tom ran. " * 20, completion="Ann sat.")], target)[0]
    assert too_long.outcome is Outcome.FAILED and too_long.queries == 1


def test_accepted_parents_are_skipped_for_one_query():
    result = run(PARENTS[:1], threshold=100.0)[0]
    assert result.outcome is Outcome.SKIPPED and result.queries == 1 and len(result.steps) == 1


def test_real_prose():
    prompt = "“It’s only a wolf,” said Zoë—half-asleep. The old\n\nlamp went out, as it’d done before."
    parent = Snippet(prompt=prompt, completion=" Tom's knife fell; an hour later, the WOLF was gone.")
    target = CountingScorer(KEYWORDS)
    result = run([parent], target, threshold=1.5)[0]
    assert result.outcome is Outcome.CANDIDATE and target.spent == result.queries
    assert result.steps[-1].snippet.prompt.count("\n\n") == 1
    assert result.steps[-1].snippet.completion.startswith(" ")


def test_the_seed_decides():
    one, two = (
        BeamRewriting(proposer=proposer()).run(PARENTS[1], ToyClassifier(), -9.0, AttackBudget(queries=60), s)
        for s in (1, 2)
    )
    assert timeless(one) != timeless(two)


def test_a_deadline_alone_is_a_budget():
    result = BeamRewriting(proposer=proposer()).run(
        PARENTS[0], KeywordScorer({}, 5.0), 0.0, AttackBudget(queries=None, seconds=0.1), 1
    )
    assert result.outcome is Outcome.FAILED and result.seconds < 2


def test_unknown_settings_are_refused():
    with pytest.raises(ConfigError, match="width"):
        BeamRewriting(proposer=proposer(), widht=3)


def test_no_proposal_no_candidate():
    class Mute:
        def propose(self, snippet, side, start, stop, n, seed):
            return []

    attack = BeamRewriting(proposer=Mute(), saliency=False)
    result = attack.run(PARENTS[0], KEYWORDS, 0.0, AttackBudget(queries=50), 0)
    assert result.outcome is Outcome.FAILED and result.queries == 1
    assert NOUNS
