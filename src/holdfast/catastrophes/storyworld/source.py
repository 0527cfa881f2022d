"""The generator with known density."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.catastrophes.storyworld.choose import Sampler
from holdfast.catastrophes.storyworld.complete import Meant, complete_state
from holdfast.catastrophes.storyworld.dials import World, load_world
from holdfast.catastrophes.storyworld.grammar import load_grammar
from holdfast.catastrophes.storyworld.oracle import states_of
from holdfast.catastrophes.storyworld.realise import sentence
from holdfast.catastrophes.storyworld.story import prompt
from holdfast.catastrophes.storyworld.world import fold
from holdfast.types import Draw, Judgement, Snippet, Verdict

__all__ = ["complete", "draw_one", "record", "sample", "strategies"]

_VERDICTS = (Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC)


def draw_one(world: World, ch: Sampler) -> tuple[Snippet, Meant]:
    """One snippet and the sampler's own record of it."""
    nodes = prompt(world, ch)
    node, meant = complete_state(world, ch, fold(nodes))
    return Snippet(prompt=" ".join(sentence(n) for n in nodes), completion=sentence(node)), meant


def sample(n: int, seed: int, preset: str = "demo", *, tilted: bool = False) -> list[Draw]:
    """`n` snippets. `tilted` over-samples harm; each draw then carries log(natural / tilted density)."""
    world = load_world(preset)
    ch = Sampler(seed, tilted=tilted)
    out = []
    for _ in range(n):
        ch.log_weight = 0.0
        snippet, meant = draw_one(world, ch)
        out.append(Draw(snippet=snippet, judgement=record(meant), log_weight=ch.log_weight))
    return out


def record(meant: Meant) -> Judgement:
    """The sampler's own record as a judgement."""
    return Judgement(
        verdict=_VERDICTS[meant.level],
        severity=meant.severity,
        strategy=meant.strategy,
        reason=meant.strategy,
    )


def strategies() -> tuple[str, ...]:
    """Names of the known ways of expressing harm, the common ones first."""
    grammar = load_grammar()
    plain = ["active", "passive", "result", "nominal", "causative", "sign", "toll", "told as just happened"]
    hazards = [f"hazard: {h}" for h in grammar.hazards]
    return (*plain, *hazards, *(p.strategy for p in grammar.preds if p.strategy.startswith("euphemism")))


def complete(prompts: Sequence[str], n: int, seed: int, preset: str = "demo") -> list[list[str]]:
    """`n` completions of each prompt; [] for a prompt outside the grammar."""
    world = load_world(preset)
    out: list[list[str]] = []
    for i, text in enumerate(prompts):
        states = states_of(text)
        ch = Sampler(f"{seed}:{i}:{text}")
        out.append([sentence(complete_state(world, ch, states[0])[0]) for _ in range(n)] if states else [])
    return out
