"""Methods whose completions come from the generator: best of n, and prompts that make it fail."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from holdfast.attacks.best_of_n import BestOfN
from holdfast.attacks.prompt_only import PromptOnly
from holdfast.attacks.run import build_mix
from holdfast.errors import ConfigError, TextTooLongError
from holdfast.protocols import Attack
from holdfast.testing import CountingScorer, KeywordScorer, check_attack, check_generator, timeless
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.drawn import LittleGenerator
from tests.attacks.planted import Planted
from tests.attacks.toy import EMPTY, ToyClassifier, threshold_for
from tests.edits.little import proposer, snippets

METHODS = [BestOfN, PromptOnly]
PARENTS = snippets(60, seed=3)
KEYWORDS = KeywordScorer({"wolf": 2.0, "knife": 1.0, "old": -1.5, "quickly": -1.0, "lamp": -2.5}, 4.0)
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)


def made(method, generator=None, **settings):
    return method(proposer=proposer(), generator=generator or LittleGenerator(), **settings)


def with_word(word, text):
    return [s for s in PARENTS if word not in text(s)]


def test_the_little_generator():
    check_generator(LittleGenerator(), [s.prompt for s in PARENTS[:3]])


@every_method
@pytest.mark.parametrize("target", [KEYWORDS, ToyClassifier()], ids=["keywords", "differentiable"])
def test_contract(method, target):
    parents = [
        *PARENTS[:4],
        EMPTY,
        Snippet(prompt="", completion="Run!"),
        Snippet(prompt="…", completion="…"),
    ]
    assert isinstance(made(method), Attack)
    check_attack(lambda: made(method), target, parents, threshold_for(target, PARENTS, 0.2))
    check_attack(lambda: made(method, draw_cost=2), target, parents[:2], threshold_for(target, PARENTS, 0.2))


@every_method
def test_registered(method):
    listed = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    entries = listed["project"]["entry-points"]["holdfast.attacks"]
    module, name = entries[method.name.partition("@")[0]].split(":")
    assert getattr(import_module(module), name) is method


def test_best_of_n_finds_what_the_generator_writes_by_itself():
    reports = []
    for seed, parent in enumerate(with_word("lamp", lambda s: s.completion)[:20]):
        target = CountingScorer(Planted(lambda s: "lamp" in s.completion))
        attack = made(BestOfN, on_report=reports.append)
        result = attack.run(parent, target, 0.0, AttackBudget(queries=200), seed)
        assert result.outcome is Outcome.CANDIDATE and "lamp" in result.candidate.completion
        assert result.candidate.prompt == parent.prompt
        assert target.queries == result.queries <= 200
        assert result.steps[1].edit.operation == "span" and result.steps[1].edit.source == "little"
    assert all(r.accepted and r.trials == r.draws >= r.hits > 0 for r in reports)
    share = sum(r.hits for r in reports) / sum(r.trials for r in reports)
    assert 1 / 22 < share < 3 / 22


def is_lit(prompt, rng):
    return "Tom saw the lamp." if "boat" in prompt and rng.random() < 0.5 else None


def prompted(s):
    """Open where the prompt speaks of a boat and the completion was written for such a prompt."""
    return "boat" in s.prompt and "saw the lamp" in s.completion


def speaks_of_a_lamp(texts):
    return ["lamp" in s.completion for s in texts]


def test_a_planted_prompt_is_found():
    found = 0
    for seed, parent in enumerate(with_word("boat", lambda s: s.text)[:20]):
        target, generator = CountingScorer(Planted(prompted)), LittleGenerator(is_lit)
        reports = []
        attack = made(PromptOnly, generator, on_report=reports.append, plausible=speaks_of_a_lamp)
        result = attack.run(parent, target, 0.0, AttackBudget(queries=600), seed)
        assert target.queries == result.queries <= 600 and generator.drawn == reports[0].draws
        if result.outcome is Outcome.CANDIDATE:
            found += 1
            assert prompted(result.candidate) and result.candidate == reports[0].accepted[0]
            *before, last = result.steps[1:]
            assert all(s.edit.side == "prompt" for s in before) and before
            assert (last.edit.side, last.edit.source) == ("completion", "little")
            # Fresh draws: the rate is not the best of a race.
            assert reports[0].trials == 64 and 0.2 < reports[0].hits / 64 < 0.8
    assert found >= 19


@every_method
def test_nothing_is_found_where_nothing_was_planted(method):
    for seed, parent in enumerate(PARENTS[:5]):
        target = CountingScorer(Planted(lambda s: False))
        result = made(method).run(parent, target, 0.0, AttackBudget(queries=60), seed)
        assert result.outcome is Outcome.FAILED and len(result.steps) <= 2
        assert target.queries == result.queries == 60


def test_a_prompt_that_opens_for_the_parents_completion_only_is_no_find():
    """The generator never writes the parent's completion: a user could not get it delivered."""
    parent = Snippet(prompt="Ann saw the wolf.", completion="Nobody would ever write this.")
    target = Planted(lambda s: s.completion == parent.completion and s.prompt != parent.prompt)
    result = made(PromptOnly).run(parent, target, 0.0, AttackBudget(queries=300), 1)
    assert result.outcome is Outcome.FAILED and result.steps[-1].snippet == parent


@every_method
def test_the_screen_comes_before_the_query(method):
    asked = []

    def no_cup(texts):
        asked.extend(texts)
        return ["cup" not in s.completion for s in texts]

    class Recorder(KeywordScorer):
        def score(self, texts):
            scored.extend(texts)
            return super().score(texts)

    for seed, parent in enumerate(
        [p for p in PARENTS if "cup" not in p.completion and "lamp" not in p.text][:6]
    ):
        scored = []
        attack = made(method, plausible=no_cup)
        result = attack.run(parent, Recorder({"lamp": -3.0}, 2.0), 0.0, AttackBudget(queries=100), seed)
        assert result.screens > 0 and all("cup" not in s.completion for s in scored)
        assert all(s in asked for s in scored if s.completion != parent.completion)
    assert len(asked) == len(set(asked)), "a text is screened once"
    nothing = made(method, plausible=lambda texts: [False] * len(texts))
    assert nothing.run(PARENTS[0], KEYWORDS, 99.0, AttackBudget(queries=50), 1).outcome is Outcome.SKIPPED
    assert nothing.run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=50), 1).outcome is Outcome.FAILED


def test_accepted_texts_are_ranked_by_plausibility():
    reports = []
    attack = made(
        BestOfN,
        enough=0,
        n=128,
        plausibility=lambda texts: [0.9 if "wolf" in s.completion else 0.1 for s in texts],
        on_report=reports.append,
    )
    target = KeywordScorer({"lamp": -9.0, "wolf": -6.0, "rope": -7.0}, 4.0)
    result = attack.run(PARENTS[0], target, 0.0, AttackBudget(queries=200), 1)
    accepted = reports[0].accepted
    wolves = ["wolf" in s.completion for s in accepted]
    assert "wolf" in result.candidate.completion and wolves == sorted(wolves, reverse=True)
    assert reports[0].draws == 128 and 3 < len(accepted) == len(set(accepted))
    plain = made(BestOfN, enough=0, n=128).run(PARENTS[0], target, 0.0, AttackBudget(queries=200), 1)
    # Without it: nearest below the threshold.
    assert plain.steps[-1].logit == max(z for z in target.score(accepted))


@every_method
def test_generation_is_limited_and_charged_where_the_budget_says_so(method):
    for limits, drawn in (({"draw_cost": 5}, 20), ({"n" if method is BestOfN else "draws": 30}, 30)):
        generator = LittleGenerator()
        target = CountingScorer(Planted(lambda s: False))
        attack = made(method, generator, plausible=lambda texts: [False] * len(texts), **limits)
        result = attack.run(PARENTS[0], target, 0.0, AttackBudget(queries=100), 1)
        assert 0 < result.draws == generator.drawn <= drawn
        assert result.queries == target.queries + generator.drawn * limits.get("draw_cost", 0) <= 100


@every_method
def test_a_generator_that_gives_nothing(method):
    class TooLong(LittleGenerator):
        def sample(self, prompts, n, seed):
            raise TextTooLongError("too long")

    for generator in (LittleGenerator(lambda prompt, rng: ""), TooLong()):
        reports = []
        settings = {"n" if method is BestOfN else "draws": 50}
        attack = made(method, generator, on_report=reports.append, **settings)
        result = attack.run(PARENTS[0], Planted(lambda s: True), -2.0, AttackBudget(queries=90), 1)
        assert result.outcome is Outcome.FAILED and not reports[0].accepted
        assert reports[0].empty == (0 if isinstance(generator, TooLong) else reports[0].draws)


@every_method
def test_spent_budgets_and_seeds(method):
    for queries in (0, 1):
        result = made(method).run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=queries), 1)
        assert (result.outcome, result.queries, len(result.steps)) == (Outcome.FAILED, queries, 1)
        assert result.draws == 0
    late = made(method).run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=None, seconds=0.1), 1)
    assert late.outcome is Outcome.FAILED and late.seconds < 2
    attack, budget = made(method), AttackBudget(queries=80)
    first = [timeless(attack.run(p, KEYWORDS, 3.0, budget, 5)) for p in PARENTS[:8]]
    assert first == [timeless(attack.run(p, KEYWORDS, 3.0, budget, 5)) for p in PARENTS[7::-1]][::-1]
    assert first != [timeless(attack.run(p, KEYWORDS, 3.0, budget, 6)) for p in PARENTS[:8]]


@every_method
def test_unknown_settings_are_refused(method):
    with pytest.raises(ConfigError, match="draw_cost"):
        made(method, draw_costs=3)


def test_a_mix_hands_on_its_generator_to_those_that_draw(monkeypatch):
    class Both:
        def load(self, name):
            return {"best_of_n": BestOfN, "prompt_only": PromptOnly}[name]

    monkeypatch.setattr("holdfast.attacks.run.attacks", Both)
    own = LittleGenerator()
    mix = build_mix({"best_of_n": 1, "prompt_only": 1}, proposer=proposer(), generator=lambda: own)
    assert all(attack.generator is own for attack, _ in mix)
    with pytest.raises(ConfigError, match="generator"):
        build_mix({"best_of_n": 1}, proposer=proposer())
