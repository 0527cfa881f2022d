"""A generator that writes sentences of the little language, for methods that draw from one."""

from holdfast.provenance import stream
from tests.edits.little import sentence


class LittleGenerator:
    """Each draw depends on (seed, prompt, index); `habit` may say what a prompt makes it write instead."""

    name = "little"

    def __init__(self, habit=lambda prompt, rng: None):
        self.habit = habit
        self.drawn = 0

    def sample(self, prompts, n, seed):
        self.drawn += n * len(prompts)
        return [[self._one(prompt, stream(seed, prompt, i)) for i in range(n)] for prompt in prompts]

    def _one(self, prompt, rng):
        habit = self.habit(prompt, rng)
        return sentence(rng) if habit is None else habit
