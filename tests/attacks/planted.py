"""Holes planted in a classifier that rejects everything else with the same logit; one for each kind."""

import numpy as np

from holdfast.attacks.beam import BeamRewriting
from holdfast.attacks.best_of_n import BestOfN
from holdfast.attacks.characters import CharacterRewriting
from holdfast.attacks.genetic import GeneticRewriting
from holdfast.attacks.greedy import GreedyRewriting
from holdfast.attacks.hotflip import HotFlip
from holdfast.attacks.masked_lm import MaskedRewriting, MaskedSwapping
from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.attacks.prompt_only import PromptOnly
from holdfast.attacks.random_edits import RandomRewriting
from holdfast.attacks.suite import SUITE
from holdfast.edits.lookalikes import script
from holdfast.edits.words import words
from holdfast.testing import CountingScorer
from holdfast.types import AttackBudget, Outcome
from tests.attacks.drawn import LittleGenerator
from tests.edits.little import proposer, snippets

METHODS = {
    kind.name.partition("@")[0]: kind
    for kind in (
        *(BeamRewriting, HotFlip, GreedyRewriting, RandomRewriting, GeneticRewriting, CharacterRewriting),
        *(MaskedRewriting, MaskedSwapping, ParaphraseRewriting, BestOfN, PromptOnly),
    )
}
"""Every registered attack by its name."""
BUDGETS = dict.fromkeys(METHODS, 600) | {
    **{"genetic": 1000, "prompt_only": 2000, "characters": 300, "best_of_n": 300},
}
"""Queries within which a method finds a hole. Where the logit says nothing, an archive spreads what one text
would get."""
POOL = snippets(600, seed=7)


class Planted:
    """Rejects everything with the same logit, but for one hole."""

    def __init__(self, hole):
        self.hole = hole

    def score(self, found):
        return np.array([-1.0 if self.hole(s) else 5.0 for s in found])


def a_word(parent):
    """A word in the completion, wherever it stands."""
    return lambda s: "lamp" in s.completion


def a_bigram(parent):
    """Two words next to each other, of which neither alone opens anything."""
    return lambda s: "quietly hit" in s.text or "the lamp" in s.text


def a_length(parent):
    """Two words more than the parent: no single substitution, insertion or deletion is enough."""
    return lambda s: len(words(s.text)) >= len(words(parent.text)) + 2


def a_position(parent):
    """A name, and only at the head of the completion."""
    return lambda s: s.completion.startswith("Ida ")


def a_character(parent):
    """A letter of another alphabet."""
    return lambda s: any(script(c) in ("CYRILLIC", "GREEK") for c in s.text)


def a_prompt(parent):
    """Open only where the prompt speaks of a boat; the completion alone opens nothing."""
    return lambda s: "boat" in s.prompt


def nothing(parent):
    """No hole at all."""
    return lambda s: False


PLANTS = {
    "word": a_word,
    "bigram": a_bigram,
    "length": a_length,
    "position": a_position,
    "characters": a_character,
    "prompt": a_prompt,
}
"""Kind of hole -> what is planted for it, given the parent."""


def built(name, **changes):
    """The method with the suite's settings where the suite has it, else with its own; some changed."""
    kind = METHODS[name]
    if getattr(kind, "access", "") == "generator":
        changes["generator"] = LittleGenerator()
    return kind(proposer=proposer(), **(SUITE.settings.get(name, {}) | changes))


def attacked(name, plant, n, queries, target=Planted, pool=POOL, **changes):
    """Results of `n` seeds, a parent outside the hole each; budget, count and outcome checked."""
    parents = [s for s in pool if not plant(s)(s)][:n]
    assert len(parents) == n
    results = []
    for seed, parent in enumerate(parents):
        hole = plant(parent)
        counted = CountingScorer(target(hole))
        result = built(name, **changes).run(parent, counted, 0.0, AttackBudget(queries=queries), seed)
        assert counted.spent == result.queries <= queries
        assert (result.outcome is Outcome.CANDIDATE) == hole(result.steps[-1].snippet)
        results.append(result)
    return results


def found(results):
    """How many ended in a candidate."""
    return sum(r.outcome is Outcome.CANDIDATE for r in results)
