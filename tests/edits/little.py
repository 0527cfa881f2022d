"""A little language for tests: short sentences with names, verbs, adjectives, nouns, adverbs."""

from functools import cache
from random import Random

from holdfast.edits.proposals import ContextProposer
from holdfast.types import Snippet

NAMES = "Tom Ann Ben Eva Sam Ida".split()
VERBS = "saw hit found pushed carried dropped cut held left watched".split()
NOUNS = "rope cart cup wolf chest lamp knife door stone boat apple".split()
ADJECTIVES = "old red heavy broken small bright".split()
ADVERBS = "slowly suddenly quietly quickly".split()


def sentence(rng):
    adverb = rng.choice(ADVERBS) + " " if rng.random() < 0.3 else ""
    adjective = rng.choice(ADJECTIVES) + " " if rng.random() < 0.5 else ""
    return f"{rng.choice(NAMES)} {adverb}{rng.choice(VERBS)} the {adjective}{rng.choice(NOUNS)}."


def snippets(n, seed=0):
    rng = Random(seed)
    return [Snippet(prompt=f"{sentence(rng)} {sentence(rng)}", completion=sentence(rng)) for _ in range(n)]


@cache
def proposer():
    return ContextProposer([s.text for s in snippets(1500, seed=99)])
