"""Attack many parents with a mix of methods: resumable, and independent of the order of the work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from holdfast.attacks.search import Plausible
from holdfast.errors import ConfigError
from holdfast.protocols import Attack, Generator, Proposer, Scorer
from holdfast.provenance import stream_seed
from holdfast.registry import attacks
from holdfast.types import AttackBudget, AttackResult, Snippet

__all__ = ["AttackMix", "assign", "attack_one", "build_mix", "run_attacks"]

AttackMix = Sequence[tuple[Attack, float]]
"""Live attacks, each with its share of the parents."""


def build_mix(
    shares: Mapping[str, float],
    *,
    proposer: Proposer,
    plausible: Plausible | None = None,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    generator: Callable[[], Generator] | None = None,
) -> list[tuple[Attack, float]]:
    """The registered attacks of `{name: share}`, built with one proposer and screen.

    A class whose `access` is `generator` also gets the generator, which is asked for only then. Raises
    UnknownNameError for a name that is not registered, ConfigError for a setting it does not have, and where
    there is no generator for a method that draws from one.
    """
    given = settings or {}
    mix: list[tuple[Attack, float]] = []
    for name, share in shares.items():
        if share <= 0:
            continue
        kind = attacks().load(name)
        tools: dict[str, object] = {"proposer": proposer, "plausible": plausible}
        if getattr(kind, "access", "") == "generator":
            if generator is None:
                raise ConfigError(f"attack {name!r} draws from a generator", expected="one to draw from")
            tools["generator"] = generator()
        mix.append((kind(**tools, **given.get(name, {})), share))
    return mix


def assign(parents: Sequence[Snippet], mix: AttackMix, seed: int) -> list[tuple[Snippet, Attack]]:
    """Each distinct parent with its method: shares exact up to rounding, who gets which drawn by `seed`.

    The order of the parents is kept; which method a parent gets does not depend on that order.
    """
    total = sum(share for _, share in mix)
    if not mix or total <= 0:
        raise ValueError("an attack mix needs methods with shares above 0")
    distinct = {parent.id: parent for parent in parents}
    drawn = sorted(distinct, key=lambda i: (stream_seed(seed, "assign", i), i))
    chosen: dict[str, Attack] = {}
    begin, reached = 0, 0.0
    for attack, share in mix:
        reached += share
        end = round(len(drawn) * reached / total)
        chosen |= dict.fromkeys(drawn[begin:end], attack)
        begin = end
    return [(parent, chosen[key]) for key, parent in distinct.items()]


def attack_one(  # noqa: PLR0913
    attack: Attack, parent: Snippet, target: Scorer, threshold: float, budget: AttackBudget, seed: int
) -> AttackResult:
    """One attack; its own seed comes from (seed, method, parent), whatever else is attacked."""
    return attack.run(parent, target, threshold, budget, stream_seed(seed, "attack", attack.name, parent.id))


def run_attacks(  # noqa: PLR0913
    parents: Sequence[Snippet],
    attack_mix: AttackMix,
    target: Scorer,
    threshold: float,
    budget: AttackBudget,
    seed: int,
    on_result: Callable[[AttackResult], None] | None = None,
    skip: Collection[str] = frozenset(),
) -> list[AttackResult]:
    """Attack each parent once, under `budget` each; `on_result` is called after each one.

    `skip` holds ids of parents that are done. Give all parents again, and the rest have the results of an
    unbroken run: the method comes from (seed, all parents), an attack's own seed from (seed, method, parent).
    Returns the results of the parents that were not skipped, in order.
    """
    done = set(skip)
    results: list[AttackResult] = []
    for parent, attack in assign(parents, attack_mix, seed):
        if parent.id in done:
            continue
        result = attack_one(attack, parent, target, threshold, budget, seed)
        results.append(result)
        if on_result is not None:
            on_result(result)
    return results
