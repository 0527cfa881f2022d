from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.attacks.archive import Archive, edit_cell, judged_cell, text_cluster
from holdfast.attacks.genetic import GeneticRewriting, transplanted
from holdfast.attacks.positions import places
from holdfast.attacks.search import State
from holdfast.edits.text import apply, apply_all, rebase
from holdfast.testing import KeywordScorer
from holdfast.types import AttackBudget, Edit, Judgement, Outcome, Snippet, Verdict
from tests.attacks.toy import ToyClassifier
from tests.edits.little import proposer, snippets

KEYWORDS = KeywordScorer({"wolf": 2.0, "knife": 1.0, "old": -1.5, "quickly": -1.0, "lamp": -2.5}, 4.0)
PARENTS = snippets(30, seed=3)
PARENT = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf.")


def edit(old, new, start, side="completion", operation="substitute"):
    return Edit(side=side, start=start, stop=start + len(old), old=old, new=new, operation=operation)


def state(*net, logit=1.0, queries=1):
    return State(apply_all(PARENT, net), logit, net=net, queries=queries)


OLD = edit("old", "red", 12)
WOLF = edit("wolf", "boat", 16)
TOM = edit("Tom", "Benjamin", 0)


def drawn(parent, n, rng):
    """`n` edits of the little language, one after the other."""
    found = []
    for _ in range(n):
        place = rng.choice(places(parent, ("prompt", "completion")))
        edits = proposer().propose(parent, place.side, place.start, place.stop, 6, rng.getrandbits(30))
        if edits:
            found.append(rng.choice(edits))
            parent = apply(parent, found[-1])
    return found


def test_edits_move_from_one_text_to_another():
    after_old = apply(PARENT, OLD)
    assert transplanted([OLD], [TOM]) == [edit("old", "red", 17)]
    assert apply_all(PARENT, [TOM, *transplanted([OLD], [TOM])]).completion == "Benjamin hit the red wolf."
    # What both have is not made twice, and an edit of an edit does not move without it.
    assert transplanted([TOM, edit("old", "red", 17)], [TOM]) == [edit("old", "red", 17)]
    assert transplanted([OLD, edit("red", "small", 12)], [TOM]) == [edit("old", "red", 17)]
    assert after_old.completion == "Tom hit the red wolf."
    # The last of three does not depend on the first two, though the second builds on the first.
    three = [OLD, edit("red", "small", 12), edit("wolf", "boat", 18)]
    assert transplanted(three, [TOM]) == [edit("old", "red", 17), edit("wolf", "boat", 21)]
    assert transplanted([], [TOM]) == [] and transplanted([OLD], []) == [OLD]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 29), st.integers(0, 4), st.integers(0, 4), st.integers(0, 10**6))
def test_what_was_moved_applies(index, n, m, seed):
    rng = Random(seed)
    parent = PARENTS[index]
    ours, theirs = drawn(parent, n, rng), drawn(parent, m, rng)
    text = apply_all(parent, ours)
    for moved in transplanted(theirs, ours):
        assert apply(text, moved) != text


def sequence(edits):
    """Edits of one text as a sequence, each of the text the one before it left."""
    net = []
    for e in edits:
        for before in net:
            e = rebase(e, before)
        net.append(e)
    return net


@given(st.permutations([OLD, WOLF, TOM]), st.integers(0, 3), st.integers(0, 3))
def test_edits_that_do_not_touch_give_one_text_whichever_side_they_come_from(order, cut, start):
    """`ours` and `theirs` may share edits: those are made once."""
    ours, theirs = sequence(order[:cut]), sequence(order[min(start, cut) :])
    moved = transplanted(theirs, ours)
    assert len(moved) == 3 - cut
    assert apply_all(PARENT, [*ours, *sequence(moved)]).completion == "Benjamin hit the red boat."


def test_the_archive_keeps_the_best_of_each_kind():
    archive = Archive()
    assert archive.add(("a",), state(OLD, logit=2.0, queries=4))
    assert not archive.add(("a",), state(WOLF, logit=2.5, queries=5))
    assert archive.add(("b",), state(WOLF, logit=2.5, queries=6))
    assert archive.add(("a",), state(WOLF, logit=1.0, queries=9))
    assert [(e.cell, e.logit, e.queries) for e in archive.elites()] == [(("a",), 1.0, 9), (("b",), 2.5, 6)]
    assert archive.growth == [(4, 1), (6, 2)] and len(archive) == 2
    assert all(apply_all(PARENT, e.edits) == e.snippet for e in archive.elites())


def test_of_equals_the_one_with_fewer_edits_stays():
    archive = Archive()
    two, one = state(OLD, WOLF), state(OLD)
    assert archive.add(("a",), two) and archive.add(("a",), one) and not archive.add(("a",), two)


def test_selection_is_for_lower_logits_and_gives_thin_cells_their_turn():
    archive = Archive()
    for i in range(20):
        archive.add((str(i),), state(OLD, logit=float(i)))
    won = archive.select(200, best=1.0, size=3, rng=Random(1))
    mean = sum(s.logit for s in won) / len(won)
    assert mean < 6.5, "the mean of the smallest of three is 4.8, of the largest 14.3, without selection 9.5"
    fresh = Archive()
    for i in range(20):
        fresh.add((str(i),), state(OLD, logit=float(i)))
    turns = fresh.select(20, best=0.0, size=3, rng=Random(1))
    assert [s.logit for s in turns] == [float(i) for i in range(20)]
    assert Archive().select(3, best=0.5, size=3, rng=Random(1)) == []


def test_forgetting():
    archive = Archive()
    for i in range(10):
        archive.add((str(i),), state(OLD, logit=float(i)))
    archive.forget(0.5, Random(0))
    assert len(archive) == 5
    archive.forget(1.0, Random(0))
    assert len(archive) == 0 and archive.states == []


def test_cells_by_edits():
    assert edit_cell(state(), PARENT, 8) == ("none", "none", "none", "same")
    prompt = edit("Ann", "Eva", 0, side="prompt")
    cell = edit_cell(state(OLD, prompt), PARENT, 8)
    assert cell[:3] == ("completion+prompt", "substitute", "early")
    assert edit_cell(state(WOLF), PARENT, 8)[:3] == ("completion", "substitute", "late")
    assert cell[3] == edit_cell(state(prompt, OLD), PARENT, 8)[3]


def test_cells_by_a_judge():
    judgement = Judgement(verdict=Verdict.CATASTROPHIC, severity=3, strategy="fire")
    assert judged_cell(judgement, state(OLD), PARENT, 8)[:2] == ("fire", "3")
    assert judged_cell(Judgement(verdict=Verdict.UNSURE), state(OLD), PARENT, 8)[:2] == ("unknown", "0")


def test_text_clusters():
    found = {text_cluster(s, PARENT, 4) for s in snippets(60, seed=1)}
    assert found == {"c0", "c1", "c2", "c3"}
    assert text_cluster(PARENT, PARENT, 4) == "same"
    assert text_cluster(state(WOLF).snippet, PARENT, 4) == text_cluster(state(WOLF).snippet, PARENT, 4)


@pytest.mark.parametrize("judged", [False, True])
def test_the_archive_is_there_afterwards(judged):
    def judge(texts):
        return [
            Judgement(
                verdict=Verdict.CATASTROPHIC,
                severity=1 + ("old" in s.text),
                strategy="light" if "lamp" in s.text else "dark",
            )
            for s in texts
        ]

    seen = []
    attack = GeneticRewriting(
        proposer=proposer(),
        judge=judge if judged else None,
        on_archive=lambda parent, archive: seen.append((parent, archive)),
    )
    result = attack.run(PARENTS[0], KEYWORDS, -9.0, AttackBudget(queries=300), 1)
    assert seen == [(PARENTS[0], attack.archive)]
    elites = attack.archive.elites()
    assert elites[0].logit == min(e.logit for e in elites) == result.steps[-1].logit
    assert len({e.cell for e in elites}) == len(elites) == len(attack.archive) >= 6
    assert all(apply_all(PARENTS[0], e.edits) == e.snippet for e in elites)
    assert all(e.logit == pytest.approx(float(KEYWORDS.score([e.snippet])[0])) for e in elites)
    growth = attack.archive.growth
    assert growth == sorted(growth) and growth[-1][1] == len(elites)
    if judged:
        assert {e.cell[0] for e in elites} == {"light", "dark"} and {e.cell[1] for e in elites} == {"1", "2"}


def test_a_skipped_parent_leaves_an_empty_archive():
    attack = GeneticRewriting(proposer=proposer())
    attack.run(PARENTS[0], KEYWORDS, 0.0, AttackBudget(queries=50), 1)
    assert len(attack.archive) > 0
    result = attack.run(PARENTS[0], KEYWORDS, 99.0, AttackBudget(queries=50), 1)
    assert result.outcome is Outcome.SKIPPED and len(attack.archive) == 0


def test_crossing_helps():
    target = ToyClassifier(bias=2.0)
    lowest = {}
    for crosses in (0, 4):
        attack = GeneticRewriting(proposer=proposer(), crosses=crosses)
        results = [attack.run(p, target, -50.0, AttackBudget(queries=120), 5) for p in PARENTS[:12]]
        lowest[crosses] = sum(r.steps[-1].logit for r in results) / len(results)
    assert lowest[4] < lowest[0] - 0.5


def test_the_archive_keeps_more_kinds_than_a_search_for_the_best_alone():
    def kinds(**settings):
        attack = GeneticRewriting(proposer=proposer(), **settings)
        total = 0
        for parent in PARENTS[:5]:
            attack.run(parent, KEYWORDS, -9.0, AttackBudget(queries=150), 2)
            total += len(attack.archive)
        return total

    assert kinds(best=0.0) > kinds(best=1.0, tournament=50)
