"""What holds for every snippet of the world, whatever the seed."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.catastrophes.storyworld import judge, judge_many, log_prob, marginal, sample, strata
from holdfast.catastrophes.storyworld.choose import ForcedSampler, Sampler, Table
from holdfast.catastrophes.storyworld.complete import complete_state
from holdfast.catastrophes.storyworld.dials import load_world
from holdfast.catastrophes.storyworld.grammar import load_grammar
from holdfast.catastrophes.storyworld.parse import split_sentences
from holdfast.catastrophes.storyworld.realise import sentence
from holdfast.catastrophes.storyworld.story import prompt
from holdfast.catastrophes.storyworld.world import fold
from holdfast.types import Snippet, Verdict

PRESETS = ("tiny", "demo", "lab", "shifted")


# 1. The sampler's own record and the parser agree; no sampled text is UNSURE.
@pytest.mark.parametrize("preset", PRESETS)
def test_sampler_and_parser_agree(preset):
    draws = sample(1500, 11, preset) + sample(1500, 12, preset, tilted=True)
    for draw, found in zip(draws, judge_many([d.snippet for d in draws]), strict=True):
        assert found == draw.judgement, draw.snippet.text


@pytest.mark.slow
@pytest.mark.parametrize("tilted", [False, True])
def test_sampler_and_parser_agree_on_many(tilted):
    draws = sample(100_000, 13, tilted=tilted)
    bad = [d for d in draws if judge(d.snippet) != d.judgement]
    assert not bad, bad[0].snippet.text


# 2. No word stands in two classes whose verdicts differ; no two hazards share an act.
def test_no_word_in_two_classes():
    classes: dict[str, set[str]] = {}
    for noun in (*load_grammar().tables.nouns, *load_grammar().tables.names):
        kind = "living" if noun.kind in ("person", "beast", "group") else noun.kind
        classes.setdefault(noun.text + (" (name)" if noun.proper else ""), set()).add(kind)
    assert not {w: k for w, k in classes.items() if len(k) > 1}
    acts = [p.heads["past"] + " " + p.tail for p in load_grammar().preds]
    hazard = [p.heads["past"] + " " + p.tail for p in load_grammar().preds if p.hazard]
    assert [a for a in hazard if acts.count(a) > 1] == []


def test_every_harm_verb_has_things_to_do_it_to():
    from holdfast.catastrophes.storyworld.lexical import things_for

    for pred in load_grammar().preds:
        if pred.id.startswith(("act:", "pas")) and pred.cls != "neutral":
            assert things_for(pred.patients, "kitchen") is not None, pred.id


# 3. Inert choices never change verdict, severity or strategy.
class _Recorder(Sampler):
    """A sampler that notes its live choices."""

    def __init__(self, seed):
        super().__init__(seed, tilted=True)
        self.answers = {}

    def live(self, key, table):
        self.answers[key] = found = super().live(key, table)
        return found


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_inert_choices_never_matter(seed):
    world = load_world("demo")
    recorder = _Recorder(seed)
    _, meant = complete_state(world, recorder, fold(prompt(world, recorder)))
    for other in range(3):
        ch = ForcedSampler(f"{seed}:{other}")
        ch.forced = recorder.answers
        nodes = prompt(world, ch)
        node, again = complete_state(world, ch, fold(nodes))
        assert again == meant
        text = Snippet(prompt=" ".join(map(sentence, nodes)), completion=sentence(node))
        found = judge(text)
        assert (found.severity, found.strategy) == (meant.severity, meant.strategy), text.text


# 4. Enumerated mass is one; rates agree with draws.
@pytest.mark.parametrize("preset", PRESETS)
def test_mass(preset):
    rates = marginal(preset)
    assert abs(rates.catastrophic + rates.borderline + rates.safe - 1) < 1e-9
    assert 0.005 < rates.catastrophic < 0.03
    assert abs(sum(s.probability for s in strata(preset)) - rates.catastrophic) < 1e-12


def test_rates_agree_with_draws():
    n = 30_000
    draws = sample(n, 14)
    rates = marginal("demo")
    for verdict, p in ((Verdict.CATASTROPHIC, rates.catastrophic), (Verdict.BORDERLINE, rates.borderline)):
        seen = sum(d.judgement.verdict is verdict for d in draws)
        assert abs(seen - n * p) < 4 * math.sqrt(n * p * (1 - p))
    for name, p in {**rates.strategies, **rates.lookalikes}.items():
        if p > 1e-3 and name != "told as just happened":
            seen = sum(d.judgement.strategy == name for d in draws)
            assert abs(seen - n * p) < 4.5 * math.sqrt(n * p * (1 - p)), name


# 5. The probability of a text is that of its runs.
class _Tracing(Sampler):
    """A sampler that adds up the log probability of its own run."""

    def __init__(self, seed):
        super().__init__(seed)
        self.total = 0.0

    def pick(self, key, table):
        i = table.at(self._random())
        self.total += math.log(table.probs[i])
        return table.items[i]

    live = pick

    def mix(self, key, share, few, table):
        found = super().mix(key, share, few, table)
        p = sum(q for x, q in zip(table.items, table.probs, strict=True) if x is found)
        if few:
            p = p * (1 - share) + share * sum(x is found for x in few) / len(few)
        self.total += math.log(p)
        return found


def test_log_prob():
    world, ch = load_world("demo"), _Tracing(15)
    equal = 0
    for _ in range(40):
        ch.total = 0.0
        nodes = prompt(world, ch)
        node, _ = complete_state(world, ch, fold(nodes))
        text = Snippet(prompt=" ".join(map(sentence, nodes)), completion=sentence(node))
        found = log_prob(text)
        assert found >= ch.total - 1e-9
        equal += abs(found - ch.total) < 1e-9
    assert equal >= 24  # the others can be written in more than one way
    assert log_prob(Snippet(prompt="No such world.", completion="Tom sang.")) == -math.inf


# 6. Strata: every draw is what its stratum says; tilted weights give the exact rate.
def test_strata_hold_catastrophes_only():
    found = strata()
    assert 20 <= len(found) <= 500
    assert found[-1].probability < 1e-8 < 1e-3 < found[0].probability
    for stratum in found:
        for draw in stratum.sample(2, 16):
            assert judge(draw.snippet) == draw.judgement
            assert draw.judgement.verdict is Verdict.CATASTROPHIC
            assert stratum.name.startswith(draw.judgement.strategy + " / ")


def test_tilted_estimates_contain_the_truth():
    exact, inside, runs, n = marginal("demo").catastrophic, 0, 40, 500
    draws = sample(runs * n, 17, tilted=True)
    for i in range(runs):
        values = [
            math.exp(d.log_weight) * (d.judgement.verdict is Verdict.CATASTROPHIC)
            for d in draws[i * n : (i + 1) * n]
        ]
        mean = sum(values) / n
        error = math.sqrt(sum((v - mean) ** 2 for v in values) / n / (n - 1))
        inside += abs(mean - exact) <= 2.6 * error
    assert inside >= 0.85 * runs


# 7. The judge does not care about case, spaces, quotes, commas or fillers, and never raises.
FILLERS = ("quietly", "slowly", "then", "of course", "in silence", "suddenly")


def _variants(text: str):
    yield text.upper()
    yield text.replace(" ", "  ")
    yield text.replace(",", "")
    if text.count('"') == 2:
        yield text.replace('"', "\u201c", 1).replace('"', "\u201d", 1)


def test_surface_changes_nothing():
    for draw in sample(150, 18, tilted=True):
        for prompt_text in _variants(draw.snippet.prompt):
            assert judge(Snippet(prompt=prompt_text, completion=draw.snippet.completion)) == draw.judgement
        for completion in _variants(draw.snippet.completion):
            assert judge(Snippet(prompt=draw.snippet.prompt, completion=completion)) == draw.judgement


def test_fillers_change_nothing():
    total = same = 0
    for i, draw in enumerate(sample(250, 19, tilted=True)):
        words = draw.snippet.completion.split(" ")
        at = 1 + i % max(1, len(words) - 1)
        words.insert(at, FILLERS[i % len(FILLERS)])
        found = judge(Snippet(prompt=draw.snippet.prompt, completion=" ".join(words)))
        total += 1
        same += found.verdict == draw.judgement.verdict
        assert found.verdict in (draw.judgement.verdict, Verdict.UNSURE)
    assert same >= 0.99 * total


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_judged(prompt_text, completion):
    judge(Snippet(prompt=prompt_text, completion=completion))


WORDS = sorted({w for d in sample(60, 20) for w in re.findall(r"\w+|[.,!?\"]", d.snippet.text)})


@given(st.lists(st.sampled_from(WORDS), max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_words_of_the_world_are_judged_at_once(words):
    start = time.process_time()
    judge(Snippet(prompt=" ".join(words), completion=" ".join(words)))
    assert time.process_time() - start < 1.0


# 8. An unknown word is UNSURE.
def test_an_unknown_word_is_unsure():
    for i, draw in enumerate(sample(100, 21)):
        words = draw.snippet.completion.split(" ")
        words.insert(i % len(words), "zorgle")
        assert (
            judge(Snippet(prompt=draw.snippet.prompt, completion=" ".join(words))).verdict is Verdict.UNSURE
        )
        words = draw.snippet.prompt.split(" ")
        words.insert(i % len(words), "zorgle")
        assert judge(Snippet(prompt=" ".join(words), completion=draw.snippet.completion)).reason == "prompt"


# 9. Same seed, same bytes, in another process too.
def test_same_seed_same_bytes():
    code = (
        "import hashlib;from holdfast.catastrophes.storyworld import sample;"
        "print(hashlib.sha256(''.join(d.snippet.text for d in sample(300,22)).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": h},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for h in ("1", "2")
    }
    assert len(seen) == 1
    assert sample(5, 22)[0].snippet == sample(50, 22)[0].snippet


# 11. Edit closure.
def test_edits_that_fit_are_judged():
    import random

    draws = sample(4000, 23)
    between: dict[tuple[str, str], set[str]] = {}
    for d in draws:
        w = ["^", *d.snippet.completion.rstrip(".").split(" "), "$"]
        for a, x, b in zip(w, w[1:], w[2:], strict=False):
            between.setdefault((a, b), set()).add(x)
    rng, judged, tried = random.Random(0), 0, 0
    for d in draws[:1500]:
        w = d.snippet.completion.rstrip(".").split(" ")
        i = rng.randrange(len(w))
        near = (["^", *w][i], [*w, "$"][i + 1])
        options = sorted(between[near] - {w[i]})
        if options:
            w[i] = rng.choice(options)
            tried += 1
            found = judge(Snippet(prompt=d.snippet.prompt, completion=" ".join(w) + "."))
            judged += found.verdict is not Verdict.UNSURE
    assert judged >= 0.45 * tried, judged / tried


# Shape of what is sampled.
def test_three_sentences_and_one():
    for draw in sample(500, 24, "shifted"):
        assert len(split_sentences(draw.snippet.prompt)) == 3
        assert len(split_sentences(draw.snippet.completion)) == 1
        assert draw.snippet.completion[:1] in '"ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        assert not re.search(r"\ba [aeio]|  | ,|[{}_|]", draw.snippet.text), draw.snippet.text


def test_size_of_the_world():
    g = load_grammar()
    assert len(g.names) + sum(n.kind == "beast" for n in g.tables.nouns) >= 40
    assert len({p.id.partition(":")[2] for p in g.preds}) >= 150
    assert len(g.tables.nouns) >= 400
    assert len(g.hazards) >= 40


def test_a_table_refuses_no_options():
    with pytest.raises(ValueError, match="empty"):
        Table([])
