"""Run the configured attacks on a target. What comes out are candidates; annotators decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from holdfast.errors import InputError
from holdfast.provenance import stream
from holdfast.types import (
    AttackBudget,
    AttackCost,
    AttackResult,
    AttackSession,
    Snippet,
    Source,
    Split,
    StoredSnippet,
)
from holdfast.types import Outcome as End
from holdfast.workflows.annotate import annotate_snippets, export_commands
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.estimate import OVERHEAD, announce, scoring_rate
from holdfast.workflows.fanout import spread
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = [
    "Purpose",
    "attack",
    "attack_target",
    "keep_candidates",
    "keep_found",
    "measured_cost",
    "parent_pool",
    "parents",
    "refuse_held_out",
]

Purpose = Literal["train", "measure"]
SPLITS: dict[str, Split] = {"train": Split.TRAIN, "measure": Split.TEST}


def parents(workspace: Workspace, purpose: Purpose, n: int, round_number: int) -> list[StoredSnippet]:
    """`n` catastrophic snippets to start from: others in each training round, the same for each measurement.

    Rounds take turns through the pool in one seeded order: none comes back before all were attacked. A
    training round and a measurement never share a parent: their splits differ. Drawn parents come first (but
    for those that annotations call something else), then the split's own snippets whose annotations say
    CATASTROPHIC (no attacks, nothing that was delivered).
    """
    order = parent_pool(workspace, purpose)
    n = min(n, len(order))
    first = max(0, round_number - 1) * n
    return [order[i % len(order)] for i in range(first, first + n)]


def parent_pool(workspace: Workspace, purpose: Purpose) -> list[StoredSnippet]:
    """All that `parents` has to choose from, in one seeded order."""
    split = SPLITS[purpose]
    drawn = workspace.store.snippets(split=split, group=f"parents-{split.value}")
    verdicts = workspace.verdicts([s.id for s in drawn])
    pool = [s for s in drawn if s.id not in verdicts or verdicts[s.id].strict]
    if not drawn:
        stored = {s.id: s for s in workspace.texts(split) if s.parent_id is None}
        strict = {e.snippet.id for e in workspace.examples(list(stored.values())) if e.verdict.strict}
        pool = [s for s in stored.values() if s.id in strict]
    if not pool:
        raise InputError(
            f"no catastrophic snippet in the {split.value} split to start from",
            do="label some (`holdfast import`), or `holdfast sample`",
        )
    return stream(workspace.config.seed, "parents", purpose).sample(pool, len(pool))


def refuse_held_out(workspace: Workspace) -> None:
    """Raise ConfigError where training would use a method that the suite holds out."""
    from holdfast.attacks.suite import check_trainable

    check_trainable(name for name, share in workspace.config.attack.methods.items() if share > 0)


@dataclass(frozen=True)
class _Work:
    """What every process that attacks for one purpose and round needs to know."""

    target: str
    purpose: Purpose
    round: int
    parents: tuple[Snippet, ...]


def attack_target(workspace: Workspace, name: str, purpose: Purpose, n: int, round_number: int) -> None:
    """Attack `n` parents of target `name` that have not been attacked for this purpose and round yet.

    Raises ConfigError where what training learns from would come from a method that is held out from it.
    """
    if purpose == "train":
        refuse_held_out(workspace)
    workspace.target(name)
    chosen = parents(workspace, purpose, n, round_number)
    done = workspace.store.attacked_parents(target=name, round=round_number, purpose=purpose)
    todo = [s.snippet for s in chosen if s.id not in done]
    if not todo:
        return
    config = workspace.config
    rate = scoring_rate(workspace.classifier(name), todo) * config.processes
    announce(workspace, f"attack on {name}", OVERHEAD * len(todo) * config.attack.queries, rate)
    progress = workspace.reporter.step(f"attack {name}")
    progress(len(done), len(chosen))
    work = _Work(name, purpose, round_number, tuple(s.snippet for s in chosen))
    for finished, result in enumerate(spread(workspace, _attacker, work, todo), len(done) + 1):
        workspace.store.add_session(
            AttackSession(
                attacker=result.attack, target=name, round=round_number, purpose=purpose, result=result
            )
        )
        progress(finished, len(chosen))


def _attacker(workspace: Workspace, work: _Work) -> Callable[[Snippet], AttackResult]:
    """What attacks one of the parents: its method and seed are those it has among all of them."""
    from holdfast.assemble import build_attacks
    from holdfast.attacks.run import assign, attack_one

    config = workspace.config
    proposer = workspace.proposer(SPLITS[work.purpose])
    mix = build_attacks(config, proposer, workspace.annotator, workspace.generator)
    seed = workspace.seed("attack", work.purpose, work.round)
    methods = {parent.id: method for parent, method in assign(work.parents, mix, seed)}
    target, threshold = workspace.classifier(work.target), workspace.target(work.target).threshold.value
    budget = AttackBudget(queries=config.attack.queries)

    def one(parent: Snippet) -> AttackResult:
        return attack_one(methods[parent.id], parent, target, threshold, budget, seed)

    return one


def keep_candidates(
    workspace: Workspace, name: str, purpose: Purpose, round_number: int
) -> list[StoredSnippet]:
    """Candidates of the sessions as stored snippets with their lineage, annotated where a program can."""
    sessions = workspace.store.sessions(target=name, round=round_number, purpose=purpose)
    return keep_found(
        workspace,
        sessions,
        StoredSnippet(
            snippet=Snippet(prompt="", completion=""),
            source=Source.ATTACK,
            split=SPLITS[purpose],
            family="",
            round=round_number,
            group=f"attack-{purpose}-{name}",
        ),
    )


def keep_found(
    workspace: Workspace, sessions: Sequence[AttackSession], like: StoredSnippet
) -> list[StoredSnippet]:
    """The sessions' candidates, stored (split, round and group as `like`) and annotated by a program."""
    lineage = {s.id: s for s in workspace.store.snippets(ids=[x.result.parent.id for x in sessions])}
    found: dict[str, StoredSnippet] = {}
    for session in sessions:
        candidate, origin = session.result.candidate, session.result.parent.id
        if candidate is None or candidate.id == origin:
            continue
        family = lineage[origin].family if origin in lineage else origin
        found.setdefault(candidate.id, replace(like, snippet=candidate, family=family, parent_id=origin))
    known = {s.id: s for s in workspace.store.snippets(ids=list(found))}
    workspace.store.add_snippets([s for i, s in found.items() if i not in known])
    kept = [known.get(i, s) for i, s in found.items()]
    annotate_snippets(workspace, kept)
    return kept


def attack(workspace: Workspace, *, target: str = "", purpose: str = "measure", parents: int = 0) -> Outcome:
    """Attack `target` (default: the newest classifier) and have the candidates annotated."""
    if purpose not in SPLITS:
        raise InputError(f"--purpose {purpose!r}", expected="train or measure")
    name = target or newest_target(workspace)
    kind: Purpose = "train" if purpose == "train" else "measure"
    config = workspace.config
    n = parents or (config.measure.parents if kind == "measure" else config.round.parents)
    attack_target(workspace, name, kind, n, 0)
    candidates = keep_candidates(workspace, name, kind, 0)
    waiting = len(candidates) - len(workspace.verdicts([c.id for c in candidates]))
    if waiting:
        lines = [f"{name}: {waiting:,} of {len(candidates):,} candidates wait for labels by people"]
        lines += _best(workspace, name, kind)
        lines += [f"next  {command}" for command in export_commands(workspace, candidates)]
        result = {"candidates": len(candidates), "waiting": waiting}
        return Outcome(result=result, text="\n".join(lines), outputs={"candidates": str(len(candidates))})
    cost = measured_cost(workspace, name, kind, 0)
    lines = [f"{name}: {cost}", *_best(workspace, name, kind)]
    return Outcome(
        result={"cost": cost.to_dict()}, text="\n".join(lines), outputs={"verified": str(cost.verified)}
    )


def measured_cost(workspace: Workspace, name: str, purpose: Purpose, round_number: int) -> AttackCost:
    """Queries per verified adversarial example over the stored sessions of programs against `name`."""
    from holdfast.measurement.attack_cost import attack_cost, candidates

    sessions = workspace.store.sessions(target=name, round=round_number, purpose=purpose)
    n = len(sessions)
    return attack_cost(
        sessions,
        workspace.verdicts(candidates(sessions)),
        target=name,
        population=f"{n:,} {SPLITS[purpose].value} parents, {workspace.config.attack.queries} queries each",
        confidence=workspace.config.measure.confidence,
    )


def _best(workspace: Workspace, name: str, purpose: Purpose) -> list[str]:
    """Up to three candidates, for the terminal."""
    sessions = workspace.store.sessions(target=name, round=0, purpose=purpose)
    broken = [s.result for s in sessions if s.result.outcome is End.CANDIDATE]
    shown: list[Snippet] = [r.steps[-1].snippet for r in broken[:3]]
    return [f"  accepted: ...{s.completion}" for s in shown]
