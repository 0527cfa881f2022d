import math
from dataclasses import replace

import pytest
from scipy.stats import spearmanr

from holdfast.attacks.assist import EditAssistant, _corrected, _in_turn
from holdfast.attacks.firstorder import WordVectors
from holdfast.attacks.saliency import METHODS, saliency_map
from holdfast.config import ClassifierConfig
from holdfast.edits.text import apply, invert
from holdfast.edits.words import words
from holdfast.errors import InputError, TextTooLongError, UnknownNameError
from holdfast.models.classifier import new_classifier
from holdfast.models.tokenizer import train_tokenizer
from holdfast.protocols import Assistant
from holdfast.testing import CountingScorer, KeywordScorer, check_assistant
from holdfast.types import Edit, EditRequest, RankedEdit, Snippet
from tests.attacks.toy import EMPTY, EmbeddedToy, ToyClassifier
from tests.edits.little import proposer, snippets

ONE = Snippet(prompt="", completion="Run")
PROSE = Snippet(
    prompt="“It’s only a wolf,” said Zoë—half-asleep. The old\n\nlamp went out.",
    completion=" Tom's knife fell; an hour later, the WOLF was gone.",
)
SNIPPET = Snippet(prompt="Ann saw the wolf.", completion="Tom hit the old wolf quickly.")


@pytest.fixture(scope="module")
def real():
    """Random weights, with embeddings large enough for words to matter."""
    tokenizer = train_tokenizer([s.text for s in snippets(100)], 400)
    config = ClassifierConfig(base="scratch", layers=1, width=32, heads=2, max_length=128)
    made = new_classifier(config, tokenizer=tokenizer, device="cpu", seed=1)
    made.model.get_input_embeddings().weight.data.mul_(20)
    return made


def test_an_assistant():
    assert isinstance(EditAssistant(ToyClassifier(), proposer()), Assistant)


def test_one_value_a_word():
    spans = [(s, SNIPPET.prompt[a:b] if s == "prompt" else SNIPPET.completion[a:b]) for s, a, b, _ in
             EditAssistant(ToyClassifier(), proposer()).saliency(SNIPPET)]  # fmt: skip
    assert [w for _, w in spans] == "Ann saw the wolf Tom hit the old wolf quickly".split()


def test_a_target_without_gradients_gets_the_deletion_map():
    target = KeywordScorer({"old": 2.0, "quickly": -1.0})
    found = EditAssistant(target, proposer()).saliency(SNIPPET)
    values = {SNIPPET.completion[a:b]: v for side, a, b, v in found if side == "completion"}
    assert values == {"Tom": 0.0, "hit": 0.0, "the": 0.0, "old": 2.0, "wolf": 0.0, "quickly": -1.0}


def test_ranked_edits_have_exact_logits_lowest_first():
    target = CountingScorer(ToyClassifier())
    assistant = EditAssistant(target, proposer())
    at = SNIPPET.completion.index("old")
    for start, stop in ((at, at + 3), (at, at)):
        ranked = assistant.ranked_edits(SNIPPET, "completion", start, stop, 10)
        assert len(ranked) >= 5 and [z for _, z in ranked] == sorted(z for _, z in ranked)
        for edit, z in ranked:
            assert z == pytest.approx(target.score([apply(SNIPPET, edit)])[0])
    before = target.queries
    assistant.ranked_edits(SNIPPET, "completion", at, at, 10)
    assert target.queries == before


def test_what_cannot_be_scored_is_left_out_or_refused():
    assistant = EditAssistant(ToyClassifier(longest=10), proposer())
    assert assistant.ranked_edits(SNIPPET, "completion", 4, 4, 8) == []
    assert assistant.score(SNIPPET) == pytest.approx(float(ToyClassifier().score([SNIPPET])[0]))
    with pytest.raises(TextTooLongError):
        assistant.score(Snippet(prompt=SNIPPET.prompt, completion=SNIPPET.completion * 2))


class ScoresOnly:
    """A target behind an interface that gives nothing but scores."""

    def __init__(self, target):
        self.score = target.score


TARGET = EmbeddedToy(bias=1.0)
OLD = SNIPPET.completion.index("old")
FULL = EditRequest(exact=400)


def at(assistant, request=None, word="old", **kinds):
    start = SNIPPET.completion.index(word)
    return assistant.edits_at(SNIPPET, "completion", start, start + len(word), request, **kinds)


def test_contract(real):
    for target in (KeywordScorer({"old": 2.0}), ToyClassifier(), TARGET, real):
        check_assistant(EditAssistant(target, proposer()), [SNIPPET, PROSE, EMPTY, ONE])


def test_maps_by_method():
    assistant = EditAssistant(TARGET, proposer())
    for method in METHODS:
        assert assistant.saliency(SNIPPET, method) == list(saliency_map(SNIPPET, TARGET, method).words)
    assert assistant.saliency(SNIPPET) == assistant.saliency(SNIPPET, "gradient")
    assert assistant.deletion_map(SNIPPET) == assistant.saliency(SNIPPET, "deletion")
    with pytest.raises(InputError, match="use method 'deletion'"):
        EditAssistant(KeywordScorer({}), proposer()).saliency(SNIPPET, "mask")
    with pytest.raises(UnknownNameError):
        assistant.saliency(SNIPPET, "attention")


def test_queries_are_counted():
    counted = CountingScorer(TARGET)
    assistant = EditAssistant(counted, proposer())
    for method in ("gradient", "mask", "deletion", "deletion"):
        assistant.saliency(SNIPPET, method)
    assert assistant.meter.spent == counted.spent == 3 + 3 + 11
    at(assistant)
    assert assistant.meter.spent == counted.spent
    spent = counted.spent
    at(assistant)
    # The same menu again: exact scores and the gradient of the text are remembered.
    assert counted.queries - spent <= 0 and assistant.meter.spent == counted.spent


def test_a_click_on_a_mapped_text_takes_one_more_gradient():
    counted = CountingScorer(TARGET)
    assistant = EditAssistant(counted, proposer())
    assert assistant.saliency(SNIPPET) == TARGET.saliency(SNIPPET)
    assert counted.spent == 3
    assert len(at(assistant, EditRequest(exact=8))) == 8
    assert assistant.meter.spent == counted.spent == 3 + 1 + 3 + 8


def test_every_kind_of_edit_is_offered_and_scored_exactly():
    ranked = at(EditAssistant(TARGET, proposer()), FULL)
    assert {r.edit.operation for r in ranked} == {"substitute", "insert", "delete", "span"}
    assert [r.gain for r in ranked] == sorted((r.gain for r in ranked), reverse=True)
    before = float(TARGET.score([SNIPPET])[0])
    for r in ranked:
        after = float(TARGET.score([apply(SNIPPET, r.edit)])[0])
        assert r.logit == pytest.approx(after) and r.before == pytest.approx(before)
        assert r.drop == pytest.approx(before - after, abs=1e-6) and r.plausible == 1.0
    texts = [apply(SNIPPET, r.edit) for r in ranked]
    assert len(set(texts)) == len(texts) and SNIPPET not in texts
    completions = {t.completion for t in texts}
    assert {"Tom hit the wolf quickly.", "Tom hit the quickly."} <= completions
    spans = [r.edit for r in ranked if r.edit.operation == "span"]
    assert {len(words(e.old)) for e in spans} == {2, 3}
    assert any(len(words(e.new)) == 2 for e in spans) and any(len(words(e.new)) == 1 for e in spans)


def test_only_what_was_asked_for():
    assistant = EditAssistant(TARGET, proposer())
    for operation in ("substitute", "insert", "delete", "span"):
        found = at(assistant, EditRequest(operations=(operation,)))
        # A run of words left out is a rewritten span too; it is written down as the deletion it is.
        allowed = {operation} | ({"delete"} if operation == "span" else set())
        assert found and {r.edit.operation for r in found} <= allowed
    assert len(at(assistant, EditRequest(propose=7, exact=100))) <= 7
    assert at(assistant, EditRequest(propose=0)) == []
    assert all(len(words(r.edit.old)) <= 2 for r in at(assistant, EditRequest(exact=400, longest=2)))


@pytest.mark.parametrize("target", ["embeddings", "tokens", "none", "real"])
def test_no_more_is_scored_than_was_asked_for(target, real):
    made = {
        "embeddings": TARGET,
        "tokens": ToyClassifier(bias=1.0),
        "none": KeywordScorer({"old": 2.0}),
        "real": real,
    }
    counted = CountingScorer(made[target])
    assistant = EditAssistant(counted, proposer())
    found = at(assistant, EditRequest(exact=6))
    assert len(found) == 6 and counted.queries == 7
    assert any(r.estimate is not None for r in found) == (target != "none")
    assert {r.edit.operation for r in found} > {"delete"}


def kept(target, *operations, exact):
    """Share of what scoring everything gains that the best of few exact scores keeps."""
    gained = [0.0, 0.0]
    for snippet in snippets(25, seed=8):
        assistant = EditAssistant(target, proposer())
        word = words(snippet.completion)[-1]
        request = EditRequest(operations=operations, exact=400)
        place = (snippet, "completion", word.start, word.stop)
        every = assistant.edits_at(*place, request)
        few = assistant.edits_at(*place, replace(request, exact=exact))
        gained[0] += max(few[0].gain, 0.0)
        gained[1] += max(every[0].gain, 0.0)
    return gained[0] / gained[1]


def test_first_order_finds_the_best_with_few_scores():
    """Better than the proposer's order; insertions are reached only where the target takes embeddings."""
    plain = ToyClassifier(bias=1.0)
    targets = (TARGET, plain, ScoresOnly(plain))
    masked, tokens, none = [kept(t, "substitute", "insert", exact=3) for t in targets]
    assert masked > 0.95 and masked > tokens + 0.1 and tokens > none + 0.1


def test_words_in_pieces_have_places_of_their_own():
    """Their guesses, on a mean of embeddings, never come first; exact scores decide on the rest."""
    base = Edit(side="prompt", start=0, stop=1, old="x", new="", operation="substitute")
    entries = [
        RankedEdit(edit=replace(base, new=f"{kind}{n}"), before=1.0, logit=None, estimate=level + n / 100)
        for kind, level in (("whole", 0.0), ("pieced", 0.9))
        for n in range(20)
    ]
    kinds = {e.edit: ("here", e.edit.new.startswith("pieced")) for e in entries}
    first = _in_turn(entries, 12, 0.0, kinds)
    assert [e.edit.new for e in first if kinds[e.edit][1]] == ["pieced0", "pieced1"]
    assert [e.edit.new for e in first if not kinds[e.edit][1]] == [f"whole{n}" for n in range(10)]
    scored = [replace(e, logit=-2.0 if kinds[e.edit][1] else 0.5) for e in first]
    rest = _corrected([e for e in entries if e not in first], scored, kinds)
    best = sorted(rest, key=lambda e: e.estimate)[:4]
    assert [e.edit.new for e in best] == [f"pieced{n}" for n in range(2, 6)]


def test_a_word_counts_its_pieces(real):
    vectors = WordVectors(real, real.token_gradients(SNIPPET).matrix)
    assert vectors.pieces("wolf") == 1 and vectors.pieces("wolfzqxwolf") > 1 and vectors.pieces("") == 0


def test_few_scores_find_the_best_of_all_kinds_of_edits():
    """What one kind's exact scores say of its guesses decides where the last of them go."""
    every = ("delete", "substitute", "insert", "span")
    assert kept(TARGET, *every, exact=16) > 0.9


def test_guesses_at_the_masked_word_follow_exact_scores(real):
    assistant = EditAssistant(real, proposer())
    correlations = []
    for snippet in snippets(8, seed=3):
        word = words(snippet.completion)[-1]
        for operation in ("substitute", "insert"):
            request = EditRequest(operations=(operation,), exact=400)
            found = assistant.edits_at(snippet, "completion", word.start, word.stop, request)
            pairs = [(r.estimate, r.logit) for r in found if r.estimate is not None]
            assert len(pairs) >= 8
            correlations.append(spearmanr(*zip(*pairs, strict=True))[0])
    assert sum(correlations) / len(correlations) > 0.8


def test_a_list_of_estimates_comes_without_scores():
    counted = CountingScorer(TARGET)
    found = at(EditAssistant(counted, proposer()), EditRequest(exact=0))
    assert counted.queries == 1 and len(found) > 30 and all(r.logit is None for r in found)
    known = [r.gain for r in found if r.estimate is not None]
    assert known == sorted(known, reverse=True)
    assert [r.gain for r in found[len(known) :]] == [0.0] * (len(found) - len(known))


def test_a_screen_orders_by_drop_and_by_what_stays_catastrophic():
    asked = []

    def still(texts):
        asked.append(len(texts))
        return [0.9 if "wolf" in t.completion else 0.2 for t in texts]

    assistant = EditAssistant(TARGET, proposer(), plausible=still)
    found = at(assistant, EditRequest(exact=12, screen=40))
    assert asked == [40] and assistant.meter.screened == 40 and len(found) == 12
    for r in found:
        assert r.plausible == (0.9 if "wolf" in apply(SNIPPET, r.edit).completion else 0.2)
        assert r.gain == pytest.approx(r.drop * r.plausible if r.drop > 0 else r.drop)
    assert [r.gain for r in found] == sorted((r.gain for r in found), reverse=True)
    best = assistant.best_edit_map(SNIPPET)
    assert len(asked) == 2 and len(best) == 10


def test_a_screen_may_say_yes_or_no():
    def keeps_the_noun(texts):
        return ["wolf" in t.completion for t in texts]

    found = at(EditAssistant(TARGET, proposer(), plausible=keeps_the_noun), EditRequest(exact=10))
    kept = [r for r in found if r.plausible]
    assert kept and all("wolf" in apply(SNIPPET, r.edit).completion for r in kept)
    assert all(r.gain <= 0 for r in found if not r.plausible)


@pytest.mark.parametrize(
    "answers", [lambda t: [1.0], lambda t: [2.0] * len(t), lambda t: [math.nan] * len(t)]
)
def test_a_screen_that_answers_nonsense_is_refused(answers):
    with pytest.raises(InputError, match="answers"):
        at(EditAssistant(TARGET, proposer(), plausible=answers))


def test_edits_leave_everything_else_as_it_was():
    assistant = EditAssistant(TARGET, proposer())
    for side in ("prompt", "completion"):
        text = getattr(PROSE, side)
        for word in words(text):
            for r in assistant.edits_at(PROSE, side, word.start, word.stop, FULL):
                after = apply(PROSE, r.edit)
                assert apply(after, invert(r.edit)) == PROSE
                new = getattr(after, side)
                assert new.startswith(text[: r.edit.start]) and new.endswith(text[r.edit.stop :])
                assert sum(not c.isalnum() and not c.isspace() for c in r.edit.old) == sum(
                    not c.isalnum() and not c.isspace() for c in r.edit.new
                ) + sum(c in "-'’" for c in r.edit.old) - sum(c in "-'’" for c in r.edit.new)
                assert "  " not in new
                # A deleted word before a break takes the first character of the break with it.
                assert r.edit.operation == "delete" or new.count("\n\n") == text.count("\n\n")
                assert new[:1].isupper() == text[:1].isupper()


def test_a_part_of_a_word_means_the_word():
    assistant = EditAssistant(TARGET, proposer())
    whole = at(assistant)
    for start, stop in ((OLD + 1, OLD + 2), (OLD + 1, OLD + 1), (OLD, OLD + 2)):
        assert assistant.edits_at(SNIPPET, "completion", start, stop) == whole
    caret = assistant.edits_at(SNIPPET, "completion", OLD, OLD, FULL)
    assert len(caret) > 5 and {r.edit.operation for r in caret} == {"insert"}
    end = len(SNIPPET.completion)
    marks = assistant.edits_at(SNIPPET, "completion", end - 1, end, FULL)
    assert marks and all(
        apply(SNIPPET, r.edit).completion.startswith("Tom hit the old wolf quickly ") for r in marks
    )


def test_a_selection_of_several_words_is_rewritten_as_one():
    assistant = EditAssistant(TARGET, proposer())
    found = assistant.edits_at(SNIPPET, "completion", OLD, OLD + len("old wolf"), FULL)
    assert {r.edit.operation for r in found} == {"insert", "delete", "span"}
    for r in found:
        assert r.edit.operation == "insert" or {"old", "wolf"} <= set(r.edit.old.split())
    over_a_mark = Snippet(prompt="", completion="Tom ran, Ann hit Ben.")
    only = assistant.edits_at(over_a_mark, "completion", 4, 12, FULL)
    assert {r.edit.operation for r in only} == {"insert"}


def test_short_texts():
    assistant = EditAssistant(TARGET, proposer())
    assert assistant.edits_at(EMPTY, "completion", 0, 0) == [] and assistant.best_edit_map(EMPTY) == []
    found = assistant.edits_at(ONE, "completion", 0, 3, FULL)
    assert "delete" not in {r.edit.operation for r in found}
    assert [b.start for b in assistant.best_edit_map(ONE)] == [0]


def test_places_and_requests_that_make_no_sense():
    assistant = EditAssistant(TARGET, proposer())
    for start, stop in ((-1, 2), (3, 2), (0, 99)):
        with pytest.raises(InputError, match="place within"):
            assistant.edits_at(SNIPPET, "completion", start, stop)
    with pytest.raises(InputError, match="prompt or completion"):
        assistant.edits_at(SNIPPET, "title", 0, 1)
    for wrong in ({"operations": ("swap",)}, {"exact": -1}, {"explore": 2.0}, {"longest": 1}):
        with pytest.raises(InputError):
            EditRequest(**wrong)
    with pytest.raises(TextTooLongError):
        EditAssistant(EmbeddedToy(longest=5), proposer()).edits_at(SNIPPET, "completion", OLD, OLD + 3)


def test_a_text_at_its_longest_can_still_be_shortened():
    found = at(EditAssistant(EmbeddedToy(longest=10), proposer()), FULL)
    assert {r.edit.operation for r in found} == {"substitute", "delete", "span"}


def test_the_best_edit_of_every_word():
    counted = CountingScorer(TARGET)
    assistant = EditAssistant(counted, proposer())
    found = assistant.best_edit_map(SNIPPET)
    texts = [getattr(SNIPPET, b.side)[b.start : b.stop] for b in found]
    assert texts == "Ann saw the wolf Tom hit the old wolf quickly".split()
    assert counted.gradients == 1 and counted.queries <= 1 + 4 * 10
    request = EditRequest(propose=40, exact=400, operations=("substitute", "delete"))
    every = assistant.best_edit_map(SNIPPET, request)
    for few, all_of_them in zip(found, every, strict=True):
        assert few.best.logit == pytest.approx(float(TARGET.score([apply(SNIPPET, few.best.edit)])[0]))
        assert few.best.gain <= all_of_them.best.gain + 1e-9
    gains = [sum(max(b.best.gain, 0) for b in m) for m in (found, every)]
    assert gains[0] > 0.85 * gains[1]


def test_the_best_edit_of_a_word_nobody_proposes_anything_for():
    class Mute:
        def propose(self, snippet, side, start, stop, n, seed):
            return []

    found = EditAssistant(TARGET, Mute()).best_edit_map(ONE)
    assert [b.best for b in found] == [None]
    deletions = EditAssistant(KeywordScorer({"old": 2.0}), Mute()).best_edit_map(SNIPPET)
    assert {b.best.edit.operation for b in deletions} == {"delete"} and max(
        b.best.gain for b in deletions
    ) == 2.0
