import math
from dataclasses import FrozenInstanceError

import pytest

from holdfast.attacks.diversity import Find, changes, clusters, coverage, finds, masked, near_pairs, validity
from holdfast.types import AttackResult, AttackStep, Judgement, Outcome, Snippet, Verdict

LONG = "The old man went down to the harbour at dawn and looked for the boat that his brother had left there."
OTHER = "Nobody in the village could say why the bells were ringing, for the church had burnt a year before."


def snip(completion, prompt="Once upon a time there was a man."):
    return Snippet(prompt=prompt, completion=completion)


PARENT = snip(LONG + " He drowned.")
SECOND = snip(OTHER + " It fell on him.")


def find(snippet, parent=PARENT, queries=1, strategy=""):
    return Find(snippet=snippet, parent=parent, queries=queries, strategy=strategy)


def changed(parent, *pairs):
    text = parent.completion
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return Snippet(prompt=parent.prompt, completion=text)


def result(parent, candidate, queries):
    steps = [AttackStep(snippet=parent, logit=1.0)]
    if candidate is not None:
        steps.append(AttackStep(snippet=candidate, logit=-1.0))
    outcome = Outcome.FAILED if candidate is None else Outcome.CANDIDATE
    return AttackResult(attack="a@1", parent=parent, steps=tuple(steps), outcome=outcome, queries=queries)


def judged(verdict, strategy="", severity=0):
    return Judgement(verdict=verdict, strategy=strategy, severity=severity)


def test_names_and_numbers_are_masked():
    texts = ["Then Tom met Ann-Marie at 7.", "Tom ran. He saw Ann's 21st cat; I’m sure I did."]
    assert masked(texts) == [
        "Then Name met Name at 0.",
        "Name ran. He saw Name 0 cat; I’m sure I did.",
    ]
    # A word that is seen in lower case is no name, nor is one that only opens sentences.
    assert masked(["We saw the Old boat. Rope it!", "an old man"]) == [
        "We saw the Old boat. Rope it!",
        "an old man",
    ]
    assert masked([]) == []


def test_changes_are_read_off_the_texts():
    after = Snippet(
        prompt="Once upon a Time there was a girl.", completion=PARENT.completion + " At once, now."
    )
    assert changes(PARENT, after) == {("prompt", "man", "girl"), ("completion", "", "at once now")}
    assert changes(PARENT, PARENT) == frozenset()
    assert changes(PARENT, snip(PARENT.completion.upper())) == frozenset()


def test_texts_that_differ_in_names_are_one():
    a = snip("Down by the river Tom pushed Ann and so she fell into the cold water and never came up again.")
    b = snip("Down by the river Ben pushed Eva and so she fell into the cold water and never came up again.")
    (pair,) = near_pairs([find(a, SECOND), find(b, PARENT)])
    assert (pair.first, pair.second, pair.similarity, pair.reason) == (0, 1, 1.0, "text")


def test_one_parent_and_most_edits_in_common():
    swaps = [
        ("old", "young"),
        ("harbour", "market"),
        ("dawn", "noon"),
        ("boat", "cart"),
        ("brother", "uncle"),
    ]
    more = [("left", "hidden"), ("looked", "asked"), ("drowned", "choked")]
    a = find(changed(PARENT, *swaps, *more[:2]))
    b = find(changed(PARENT, *swaps, *more[1:]))
    far = find(changed(PARENT, ("old", "poor"), ("harbour", "well"), ("dawn", "dusk"), ("boat", "sack")))
    shared = len(changes(PARENT, a.snippet) & changes(PARENT, b.snippet))
    assert shared == 6
    pairs = near_pairs([a, far, b])
    assert [(p.first, p.second) for p in pairs] == [(0, 2)]
    assert pairs[0].reason in ("text", "edits") and pairs[0].similarity >= 0.7


def test_one_change_in_two_parents_is_one_hole():
    parents = [snip(LONG + " He hit the wolf."), snip(OTHER + " He hit the wolf.")]
    pairs = near_pairs([find(changed(p, ("wolf", "lamp")), p) for p in parents])
    assert [(p.similarity, p.reason) for p in pairs] == [(1.0, "change")]
    two = near_pairs([find(changed(parents[0], ("wolf", "lamp")), parents[0]),
                      find(changed(parents[1], ("wolf", "cup")), parents[1])])  # fmt: skip
    assert two == []


def test_clusters_are_chains_in_order_of_their_first_members():
    a = find(changed(PARENT, ("old", "young")), queries=10, strategy="water")
    b = find(changed(SECOND, ("bells", "dogs")), SECOND, queries=20)
    c = find(changed(PARENT, ("old", "young"), ("dawn", "noon")), queries=30, strategy="night")
    found = clusters([a, b, c])
    assert [(g.members, g.queries, g.strategies) for g in found] == [
        ((0, 2), 10, ("night", "water")),
        ((1,), 20, ()),
    ]
    assert clusters([]) == [] and len(clusters([a])) == 1
    assert clusters([a, b, c]) == found
    assert [len(g.members) for g in clusters([c, b, a])] == [2, 1]
    assert len(clusters([a, b, c], near=1.0)) == 3
    with pytest.raises(ValueError, match="near"):
        clusters([a], near=0.0)
    with pytest.raises(FrozenInstanceError):
        found[0].queries = 1


def test_coverage_grows_with_queries():
    a = find(changed(PARENT, ("old", "young")), queries=10, strategy="water")
    b = find(changed(SECOND, ("bells", "dogs")), SECOND, queries=250, strategy="fall")
    c = find(changed(PARENT, ("old", "young"), ("dawn", "noon")), queries=250, strategy="water")
    found = coverage([a, b, c], 1000, known=["water", "fire", "fall", "cold"])
    assert [(p.queries, p.finds, p.clusters, p.strategies) for p in found.points] == [
        (10, 1, 1, 1),
        (250, 3, 2, 2),
    ]
    assert (found.finds, found.clusters, found.per_thousand) == (3, 2, 2.0)
    assert found.missed == ("cold", "fire") and found.share == 0.5
    assert found.singletons == 1 and found.unseen == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="250 queries of 200"):
        coverage([a, b, c], 200)


def test_coverage_of_nothing():
    found = coverage([], 0)
    assert found.points == () and found.clusters == found.finds == 0
    assert math.isnan(found.per_thousand) and math.isnan(found.unseen) and math.isnan(found.share)
    assert coverage([], 500).per_thousand == 0.0


def test_finds_are_verified_and_carry_all_queries_before_them():
    one, two, three = (snip(f"Number {n} fell.") for n in "abc")
    results = [
        result(PARENT, None, 400),
        result(SECOND, one, 20),
        result(PARENT, two, 30),
        result(PARENT, three, 40),
        result(SECOND, one, 7),
    ]
    judgements = {
        one.id: judged(Verdict.CATASTROPHIC, "fall", 2),
        two.id: judged(Verdict.BORDERLINE),
    }
    (found,) = finds(results, judgements)
    assert (found.snippet, found.queries, found.strategy, found.severity) == (one, 420, "fall", 2)
    assert found.parent == SECOND


def test_validity_is_verified_over_distinct_candidates():
    texts = [snip(f"Number {n} fell.") for n in "abcd"]
    results = [result(PARENT, t, 5) for t in (*texts, texts[0])] + [result(PARENT, None, 5)]
    judgements = {
        texts[0].id: judged(Verdict.CATASTROPHIC),
        texts[1].id: judged(Verdict.SAFE),
        texts[2].id: judged(Verdict.UNSURE),
    }
    share = validity(results, judgements, population="candidates of a@1")
    assert (share.count, share.trials, share.estimate) == (1, 4, 0.25)
    # Clopper and Pearson, 1 of 4 at 95 %.
    assert share.lower == pytest.approx(0.0063, abs=1e-4) and share.upper == pytest.approx(0.8059, abs=1e-4)
    nothing = validity([], {}, population="none")
    assert (nothing.trials, nothing.lower, nothing.upper) == (0, 0.0, 1.0)
