"""What every search method promises: the contract, seeds, odd texts, screens, deadlines."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from holdfast.attacks.diversity import changes
from holdfast.attacks.genetic import GeneticRewriting
from holdfast.attacks.greedy import GreedyRewriting
from holdfast.attacks.hotflip import HotFlip
from holdfast.attacks.masked_lm import MaskedRewriting, MaskedSwapping
from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.edits.text import apply_all
from holdfast.edits.words import words
from holdfast.errors import ConfigError
from holdfast.protocols import Attack
from holdfast.testing import KeywordScorer, check_attack, timeless
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.toy import EMPTY, ToyClassifier, threshold_for
from tests.edits.little import proposer, snippets

METHODS = [HotFlip, GeneticRewriting, GreedyRewriting, MaskedRewriting, MaskedSwapping, ParaphraseRewriting]
GREEDY = (GreedyRewriting, MaskedSwapping)
KEYWORDS = KeywordScorer({"wolf": 2.0, "knife": 1.0, "old": -1.5, "quickly": -1.0, "lamp": -2.5}, 4.0)
PARENTS = snippets(40, seed=3)
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)


@every_method
@pytest.mark.parametrize("target", [KEYWORDS, ToyClassifier()], ids=["keywords", "differentiable"])
def test_contract(method, target):
    parents = [*PARENTS[:4], EMPTY, Snippet(prompt="", completion="Run!"), Snippet(prompt="", completion="…")]
    threshold = threshold_for(target, PARENTS, 0.2)
    assert isinstance(method(proposer=proposer()), Attack)
    check_attack(lambda: method(proposer=proposer()), target, parents, threshold)


@every_method
def test_the_same_attack_object_repeats_itself(method):
    attack, target = method(proposer=proposer()), ToyClassifier(bias=3.0)
    budget = AttackBudget(queries=60)
    first = [attack.run(p, target, 0.0, budget, 5) for p in PARENTS[:4]]
    again = [attack.run(p, target, 0.0, budget, 5) for p in PARENTS[3::-1]][::-1]
    assert [timeless(r) for r in first] == [timeless(r) for r in again]
    other = [attack.run(p, target, 0.0, budget, 6) for p in PARENTS[:4]]
    assert [timeless(r) for r in first] != [timeless(r) for r in other]


@every_method
def test_registered(method):
    listed = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    entries = listed["project"]["entry-points"]["holdfast.attacks"]
    module, name = entries[method.name.partition("@")[0]].split(":")
    assert getattr(import_module(module), name) is method


@every_method
def test_a_spent_budget(method):
    attack = method(proposer=proposer())
    for queries in (0, 1):
        result = attack.run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=queries), 1)
        assert (result.outcome, result.queries, len(result.steps)) == (Outcome.FAILED, queries, 1)
    accepted = attack.run(PARENTS[0], KEYWORDS, 99.0, AttackBudget(queries=1), 1)
    assert (accepted.outcome, accepted.queries) == (Outcome.SKIPPED, 1)
    late = attack.run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=None, seconds=0.1), 1)
    assert late.outcome is Outcome.FAILED and late.seconds < 2


@every_method
@pytest.mark.parametrize("text", ["", "Run!", "…!", "\n"])
def test_texts_with_next_to_nothing_in_them(method, text):
    class Target(KeywordScorer):
        def _logit(self, snippet):
            return 1.0

    attack = method(proposer=proposer())
    for parent in (Snippet(prompt=text, completion=""), Snippet(prompt="", completion=text)):
        result = attack.run(parent, Target({}), 0.0, AttackBudget(queries=50), 1)
        assert result.outcome is Outcome.FAILED and result.steps[0].snippet == parent


@every_method
def test_no_proposal_no_candidate(method):
    class Mute:
        def propose(self, snippet, side, start, stop, n, seed):
            return []

    result = method(proposer=Mute()).run(PARENTS[0], KEYWORDS, -99.0, AttackBudget(queries=400), 0)
    assert result.outcome is Outcome.FAILED and len(result.steps) <= 2 and result.queries < 400


@every_method
def test_only_the_allowed_side_is_edited(method):
    for side, other in (("completion", "prompt"), ("prompt", "completion")):
        attack = method(proposer=proposer(), sides=[side])
        for parent in PARENTS[:5]:
            result = attack.run(parent, KEYWORDS, 0.0, AttackBudget(queries=80), 2)
            assert all(getattr(s.snippet, other) == getattr(parent, other) for s in result.steps)


@every_method
def test_a_screen_is_asked_before_a_candidate_is_scored(method):
    asked, scored = set(), []

    def no_cup(texts):
        asked.update(texts)
        return ["cup" not in s.text for s in texts]

    class Recorder(ToyClassifier):
        def score(self, texts):
            scored.extend(texts)
            return super().score(texts)

    attack = method(proposer=proposer(), plausible=no_cup)
    parents = [p for p in PARENTS if "cup" not in p.text][:8]
    results = [attack.run(p, Recorder(bias=2.0), 0.0, AttackBudget(queries=100), 3) for p in parents]
    assert sum(r.screens for r in results) >= len(asked) > 0
    for result in results:
        assert all(s.snippet in asked for s in result.steps[1:])
        assert all("cup" not in s.snippet.text for s in result.steps)
    if method not in GREEDY:
        # Greedy's leave-one-out texts are measurements; with a gradient the others need none.
        assert all(s in asked or s in parents for s in scored)


@every_method
def test_a_screen_that_refuses_everything(method):
    attack = method(proposer=proposer(), plausible=lambda texts: [False] * len(texts))
    result = attack.run(PARENTS[0], KEYWORDS, 0.0, AttackBudget(queries=200), 3)
    assert result.outcome is Outcome.FAILED and len(result.steps) == 1 and result.queries < 200


@every_method
def test_texts_the_target_refuses_count_as_rejected(method):
    target = ToyClassifier(longest=17)
    # Hotflip would see that it does not get there, and give up.
    whole = {"pace": 0} if method is HotFlip else {}
    for parent in [s for s in PARENTS if len(words(s.text)) <= 17][:3]:
        result = method(proposer=proposer(), **whole).run(parent, target, -50.0, AttackBudget(queries=80), 1)
        assert result.queries == 80 and len(words(result.steps[-1].snippet.text)) <= 17
    too_long = Snippet(prompt="Tom ran. " * 20, completion="Ann sat.")
    result = method(proposer=proposer()).run(too_long, target, -50.0, AttackBudget(queries=80), 1)
    assert result.outcome is Outcome.FAILED and result.queries == 1


@every_method
def test_needless_edits_are_undone(method):
    counts = {}
    for queries in (0, 24):
        attack = method(proposer=proposer(), polish=queries)
        results = [attack.run(p, KEYWORDS, 1.0, AttackBudget(queries=200), 1) for p in PARENTS[:20]]
        broken = {r.parent: r for r in results if r.outcome is Outcome.CANDIDATE}
        for parent, result in broken.items():
            assert apply_all(parent, [s.edit for s in result.steps[1:]]) == result.candidate
            assert result.steps[-1].logit < 1.0
        counts[queries] = {p: len(changes(p, r.candidate)) for p, r in broken.items()}
    rough, polished = counts[0], counts[24]
    assert len(rough) >= 5 and rough.keys() == polished.keys()
    assert all(polished[p] <= rough[p] for p in rough)
    if method not in GREEDY:
        # Greedy has little to undo: each of its edits lowered the logit.
        assert sum(polished.values()) < sum(rough.values())


@every_method
def test_unknown_settings_are_refused(method):
    with pytest.raises(ConfigError, match="proposals"):
        method(proposer=proposer(), proposal=3)
