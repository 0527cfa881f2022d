import time

import pytest

from holdfast.edits.contexts import BOUNDARY, ContextIndex
from holdfast.edits.proposals import ContextProposer, UnionProposer
from holdfast.edits.text import apply
from holdfast.testing import check_proposer
from holdfast.types import Edit, Snippet
from tests.edits.little import ADJECTIVES, ADVERBS, NOUNS, VERBS, proposer, snippets

SNIPPET = Snippet(prompt="Tom saw the cup.", completion="Ann quickly hit the old wolf.")


def news(edits):
    return [e.new.strip() for e in edits]


def test_contract():
    check_proposer(proposer(), snippets(4, seed=5))


def test_substitutions_come_from_the_same_contexts():
    at = SNIPPET.completion.index("wolf")
    edits = proposer().propose(SNIPPET, "completion", at, at + 4, 8, 0)
    assert len(edits) == 8 and set(news(edits)) <= set(NOUNS)
    at = SNIPPET.completion.index("hit")
    edits = proposer().propose(SNIPPET, "completion", at, at + 3, 5, 0)
    assert set(news(edits)) & set(VERBS)


def test_droppable_words_are_offered_for_deletion_and_others_are_not():
    at = SNIPPET.completion.index("old")
    assert proposer().propose(SNIPPET, "completion", at, at + 3, 8, 0)[0].operation == "delete"
    at = SNIPPET.completion.index("hit")
    assert all(e.operation != "delete" for e in proposer().propose(SNIPPET, "completion", at, at + 3, 8, 0))


def test_insertions_are_fillers_and_words_seen_there():
    found = proposer().index
    assert {found.vocabulary[i] for i in found.fillers} == {*ADVERBS, *ADJECTIVES}
    at = SNIPPET.completion.index("wolf")
    edits = proposer().propose(SNIPPET, "completion", at, at, 6, 0)
    assert all(e.operation == "insert" for e in edits) and set(news(edits)) & set(ADJECTIVES)


def test_names_keep_their_capital_and_first_words_lose_theirs():
    index = ContextIndex(["The dog saw Tom. The cat saw Tom.", "A dog bit the cat. Tom ran to the dog."])
    assert index.id("The") == index.id("the") and "The" not in index.vocabulary
    assert "Tom" in index.vocabulary and "tom" not in index.vocabulary
    assert index.id("nobody") == -1


def test_the_index_counts_exactly():
    index = ContextIndex(["a b c.", "a d c.", "a b c."])
    ids, counts = index.between(index.id("a"), index.id("c"))
    assert {index.vocabulary[i]: n for i, n in zip(ids, counts, strict=True)} == {"b": 2, "d": 1}
    assert (
        index.adjacent(index.id("a"), index.id("b")) == 2
        and index.adjacent(index.id("b"), index.id("a")) == 0
    )
    after, _ = index.after(index.id(BOUNDARY))
    assert [index.vocabulary[i] for i in after] == ["a"]
    similar, _ = index.similar(index.id("b"))
    assert [index.vocabulary[i] for i in similar] == ["d"]


@pytest.mark.parametrize("texts", [[], [""], ["..."], ["one"]])
def test_next_to_no_text(texts):
    check_proposer(ContextProposer(texts), [Snippet(prompt="", completion="One two."), SNIPPET])


def test_without_exploration_the_best_known_words_come_first():
    plain = ContextProposer(["k b c", "k b c", "k d c", "k b c", "k e c", "k e c"], exploration=0)
    snippet = Snippet(prompt="", completion="k x c")
    orders = {tuple(news(plain.propose(snippet, "completion", 2, 3, 3, seed))) for seed in range(5)}
    assert orders == {("b", "e", "d")}


def test_the_completion_sees_the_end_of_the_prompt():
    plain = ContextProposer(["x y z", "q r z"], exploration=0)
    edits = plain.propose(Snippet(prompt="x", completion="m z"), "completion", 0, 1, 1, 0)
    assert news(edits) == ["y"]


class Fixed:
    def __init__(self, *words):
        self.words = words

    def propose(self, snippet, side, start, stop, n, seed):
        return [
            Edit(side=side, start=start, stop=stop, old=snippet.completion[start:stop], new=w)
            for w in self.words[:n]
        ]


def test_a_union_keeps_quotas_and_fills_up():
    union = UnionProposer([(Fixed("a", "b", "c", "d"), 1), (Fixed("a", "x"), 1)])
    assert news(union.propose(SNIPPET, "completion", 0, 3, 4, 0)) == ["a", "b", "x", "c"]
    assert len(union.propose(SNIPPET, "completion", 0, 3, 1, 0)) == 1
    with pytest.raises(ValueError, match="shares"):
        UnionProposer([])


def test_every_proposal_applies_at_every_place_of_odd_texts():
    odd = Snippet(prompt="", completion="“Zoë—oh!” said—I. An hour,\n(An) x")
    check_proposer(proposer(), [odd])


def test_building_is_fast():
    texts = [s.text for s in snippets(3000, seed=1)]
    start = time.process_time()
    built = ContextProposer(texts)
    assert time.process_time() - start < 0.5
    assert apply(SNIPPET, built.propose(SNIPPET, "completion", 0, 3, 1, 0)[0]) != SNIPPET
