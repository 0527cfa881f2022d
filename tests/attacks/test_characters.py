import re
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from holdfast.attacks.characters import CharacterRewriting
from holdfast.edits.admitting import AdmittingScorer
from holdfast.edits.characters import KINDS, kind_of
from holdfast.edits.lookalikes import script
from holdfast.edits.normalise import normalise
from holdfast.edits.words import words
from holdfast.errors import ConfigError
from holdfast.testing import CountingScorer, KeywordScorer, check_attack, timeless
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.planted import Planted
from tests.attacks.toy import EMPTY, ToyClassifier, threshold_for
from tests.edits.little import snippets

KEYWORDS = KeywordScorer({"wolf": 2.0, "knife": 1.0, "hit": 1.5, "tom": 0.5}, 1.0)
PARENTS = [
    Snippet(prompt=s.prompt, completion=f"{s.completion} Tom hit the wolf with a knife.")
    for s in snippets(20, seed=3)
]
DISGUISES = ["homoglyph", "invisible"]


def attack(parent, target, queries=200, threshold=0.0, seed=5, plausible=None, **settings):
    method = CharacterRewriting(plausible=plausible, **settings)
    return method.run(parent, target, threshold, AttackBudget(queries=queries), seed)


@pytest.mark.parametrize("target", [KEYWORDS, ToyClassifier()], ids=["keywords", "differentiable"])
def test_contract(target):
    parents = [*PARENTS[:3], EMPTY, Snippet(prompt="", completion="Run!"), Snippet(prompt="", completion="…")]
    check_attack(CharacterRewriting, target, parents, threshold_for(target, PARENTS, 0.2))


def test_registered_under_its_name():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    module, name = project["project"]["entry-points"]["holdfast.attacks"]["characters"].split(":")
    assert getattr(import_module(module), name) is CharacterRewriting


def planted(hole):
    return Planted(lambda s: hole(s.text))


def foreign(text):
    return any(script(c) in ("CYRILLIC", "GREEK") for c in text)


HOLES = {
    "another alphabet": foreign,
    "fullwidth": lambda text: any("ａ" <= c <= "ｚ" for c in text),
    "zero width": lambda text: "\u200b" in text,
    "a tag": lambda text: "\U000e0061" in text,
    "a tripled or doubled vowel": lambda text: re.search("aa|ii|uu", text) is not None,
    "lone consonant": lambda text: re.search(r"(?<!\w)[b-df-hj-np-tv-z](?!\w)", text) is not None,
    "five disguised letters": lambda text: sum(not c.isascii() for c in text) >= 5,
    "two disguised words": lambda text: sum(not w.isascii() for w in text.split()) >= 2,
    "nothing": lambda text: False,
}


def found_in(name, seeds, queries=300):
    results = []
    parents = [s for s in snippets(4 * seeds, seed=7) if not HOLES[name](s.text)][:seeds]
    for seed, parent in enumerate(parents):
        target = CountingScorer(planted(HOLES[name]))
        result = attack(parent, target, queries, seed=seed)
        assert target.queries == result.queries <= queries
        assert (result.outcome is Outcome.CANDIDATE) == HOLES[name](result.steps[-1].snippet.text)
        results.append(result)
    assert len(results) == seeds
    return results


@pytest.mark.parametrize("name", [name for name in HOLES if name != "nothing"])
def test_a_planted_hole_is_found(name):
    assert sum(r.outcome is Outcome.CANDIDATE for r in found_in(name, 5)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in HOLES if name != "nothing"])
def test_a_planted_hole_is_found_in_57_of_60_seeds(name):
    assert sum(r.outcome is Outcome.CANDIDATE for r in found_in(name, 60)) >= 57


@pytest.mark.parametrize("rule", ["normalise", "refuse"])
@pytest.mark.parametrize("name", ["another alphabet", "fullwidth", "zero width", "a tag"])
def test_a_hole_of_characters_is_closed_by_the_rule(name, rule):
    """The search goes through the defence: what it finds where characters are kept is not there any more."""
    parents = [s for s in snippets(12, seed=7) if not HOLES[name](s.text)][:3]
    for seed, parent in enumerate(parents):
        kept = attack(parent, AdmittingScorer(planted(HOLES[name]), "keep"), 300, seed=seed)
        assert kept.outcome is Outcome.CANDIDATE
        behind = attack(parent, AdmittingScorer(planted(HOLES[name]), rule), 300, seed=seed)
        assert behind.outcome is Outcome.FAILED and behind.queries == 300


def test_nothing_is_found_where_nothing_was_planted():
    results = found_in("nothing", 5, queries=100)
    assert all(r.outcome is Outcome.FAILED and r.queries == 100 for r in results)


def test_a_plateau_is_walked():
    """The hole needs two words: no single edit tells where it is."""
    needed = [len(r.steps) for r in found_in("two disguised words", 5)]
    assert min(needed) >= 3


def test_words_that_matter_are_disguised():
    results = [attack(p, KEYWORDS, threshold=3.0) for p in PARENTS]
    broken = [r for r in results if r.outcome is Outcome.CANDIDATE]
    assert len(broken) >= 0.7 * len(PARENTS)
    for result in broken:
        kept = {w.text.lower() for w in words(result.steps[-1].snippet.completion)}
        assert sum(w in kept for w in ("wolf", "knife", "hit", "tom")) < 3


def test_saliency_saves_queries():
    def spent(**settings):
        found = [attack(p, KEYWORDS, 300, threshold=1.2, **settings) for p in PARENTS[:10]]
        return sum(r.queries for r in found)

    assert spent() < spent(saliency=False, explore=1.0)


def test_only_the_kinds_asked_for_and_only_where_allowed():
    for kind in KINDS:
        result = attack(PARENTS[0], KEYWORDS, 60, threshold=-9.0, kinds=[kind], sides=["completion"])
        assert {kind_of(s.edit) for s in result.steps[1:]} == {kind}
        assert all(s.snippet.prompt == PARENTS[0].prompt for s in result.steps)


def test_a_word_is_edited_once():
    result = attack(PARENTS[1], ToyClassifier(bias=30.0), 300)
    places = [s.edit.old for s in result.steps[1:]]
    assert len(places) >= 2 and all(re.fullmatch(r"\w+", old, re.ASCII) for old in places)


def test_needless_edits_are_undone():
    def changed(result):
        pairs = zip(result.parent.text.split(), result.steps[-1].snippet.text.split(), strict=False)
        return sum(a != b for a, b in pairs)

    hole = planted(lambda text: "wolf" not in text and "knife" not in text)
    given_all = {"kinds": DISGUISES, "queries": 600, "depth": 12}
    rough = [attack(p, hole, polish=0, **given_all) for p in PARENTS[:6]]
    polished = [attack(p, hole, **given_all) for p in PARENTS[:6]]
    pairs = [(a, b) for a, b in zip(rough, polished, strict=True) if b.outcome is Outcome.CANDIDATE]
    assert pairs and sum(changed(b) for _, b in pairs) < sum(changed(a) for a, _ in pairs)
    assert any(s.edit is not None and s.edit.source == "undo" for _, b in pairs for s in b.steps)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(PARENTS))
def test_normalisation_undoes_every_disguise(seed, parent):
    result = attack(parent, KEYWORDS, 40, threshold=-9.0, seed=seed, kinds=DISGUISES)
    assume(len(result.steps) > 1)
    for step in result.steps:
        assert normalise(step.snippet.prompt) == parent.prompt
        assert normalise(step.snippet.completion) == parent.completion


def test_a_normalised_target_is_not_broken_by_disguises():
    class Normalising:
        def score(self, found):
            plain = [Snippet(prompt=normalise(s.prompt), completion=normalise(s.completion)) for s in found]
            return KEYWORDS.score(plain)

    broken = [attack(p, Normalising(), kinds=DISGUISES, threshold=4.0) for p in PARENTS[:5]]
    assert all(r.outcome is Outcome.FAILED for r in broken)
    assert all(attack(p, KEYWORDS, kinds=DISGUISES, threshold=4.0).candidate for p in PARENTS[:5])


def test_a_screen_is_asked_first():
    asked, scored = [], []

    def in_ascii(texts):
        asked.extend(texts)
        return [s.text.isascii() for s in texts]

    class Recorder(ToyClassifier):
        def score(self, texts):
            scored.extend(texts)
            return super().score(texts)

    results = [attack(p, Recorder(bias=30.0), 80, plausible=in_ascii) for p in PARENTS[:4]]
    assert sum(r.screens for r in results) == len(asked) > 0
    assert all(s.text.isascii() for s in scored) and set(scored) - set(PARENTS) <= set(asked)
    refused = attack(PARENTS[0], KEYWORDS, plausible=lambda texts: [False] * len(texts))
    assert refused.outcome is Outcome.FAILED and len(refused.steps) == 1 and refused.queries < 60


@pytest.mark.parametrize("queries", [0, 1])
def test_no_budget_no_candidate(queries):
    result = attack(PARENTS[0], KEYWORDS, queries)
    assert result.outcome is Outcome.FAILED and result.queries == queries and len(result.steps) == 1


def test_little_or_nothing_to_edit():
    assert attack(EMPTY, KeywordScorer({}, 5.0)).queries == 1
    one = Snippet(prompt="", completion="wolf")
    result = attack(one, KeywordScorer({"wolf": 3.0}, -1.0))
    assert result.outcome is Outcome.CANDIDATE and len(result.steps) == 2
    nothing = attack(one, KeywordScorer({}, 5.0), 3000)
    assert nothing.outcome is Outcome.FAILED and nothing.queries < 200


def test_accepted_parents_are_skipped():
    result = attack(PARENTS[0], KEYWORDS, threshold=100.0)
    assert result.outcome is Outcome.SKIPPED and result.queries == 1


def test_texts_the_target_refuses_are_never_kept():
    target = ToyClassifier(longest=len(words(PARENTS[0].text)), bias=30.0)
    result = attack(PARENTS[0], target, 80)
    assert all(np.isfinite(s.logit) for s in result.steps)


def test_the_seed_decides():
    one, two = (attack(PARENTS[1], ToyClassifier(bias=30.0), 60, seed=s) for s in (1, 2))
    assert timeless(one) != timeless(two)


def test_unknown_settings_and_kinds_are_refused():
    with pytest.raises(ConfigError, match="polish"):
        CharacterRewriting(pollish=3)
    with pytest.raises(ConfigError, match="homoglyph"):
        CharacterRewriting(kinds=["homoglyf"])
