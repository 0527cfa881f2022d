"""Measure a target: failure rates, attack cost, cross-round matrix, acceptance of ordinary text and of twins.

Each part is stored as one measurement and found again when the command is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.assemble import build_catastrophe
from holdfast.config import Config
from holdfast.errors import GateError, MeasurementError
from holdfast.measurement.results import restore
from holdfast.provenance import stream, stream_seed
from holdfast.types import (
    Delivery,
    FailureRate,
    Snippet,
    Source,
    Split,
    StoredMeasurement,
    StoredSnippet,
    Target,
    Verdict,
)
from holdfast.workflows.annotate import annotate_snippets, export_commands
from holdfast.workflows.attack import attack_target, keep_candidates, measured_cost
from holdfast.workflows.calibrate import natural, newest_target
from holdfast.workflows.fanout import spread
from holdfast.workflows.logits import logits_of
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.twins import TwinPool, make_twins
from holdfast.workflows.workspace import DELIVERED, Workspace

if TYPE_CHECKING:
    from holdfast.measurement.exact import StratumDraws
    from holdfast.protocols import Scorer

__all__ = ["check_gate", "measure", "measure_target", "strata_draws", "test_twins"]

_PROMPTS = 256
"""Prompts that are drawn for together, by one process."""
TWINS = 600
"""Safe twins of test snippets, made once and scored by every target."""


def measure_target(workspace: Workspace, name: str) -> None:
    """Every part of the measurement of `name` that is not stored yet."""
    target = workspace.target(name)
    done = {m.kind + ":" + m.population for m in workspace.store.measurements(target=name)}
    classifier = workspace.classifier(name)
    if "failure_rate:corpus" not in done:
        _natural(workspace, target, classifier)
    if "failure_rate:generator" not in done:
        _generator(workspace, target)
    if "attack_cost:held-out" not in done:
        _attack(workspace, name)
    if "acceptance:twins" not in done:
        _twins(workspace, target, classifier)
    if "acceptance:imported attacks" not in done:
        _imported(workspace, target, classifier)
    _cross_round(workspace)
    _people(workspace, name)


def _people(workspace: Workspace, name: str) -> None:
    """How long people needed to break `name`, and what they thought of what it lets through."""
    from holdfast.gather import attack_times, qualities

    confidence = workspace.config.measure.confidence
    for time in attack_times(workspace.store, confidence=confidence, target=name):
        _renew(workspace, "attack_time", name, time.arm, time.to_dict())
    for found in qualities(workspace.store, confidence=confidence, target=name):
        _renew(workspace, "quality", name, "test prompts", found.to_dict())


def _renew(workspace: Workspace, kind: str, name: str, population: str, result: dict[str, Any]) -> None:
    """Append a result that people's work keeps changing, where it did change."""
    there = workspace.store.measurements(kind=kind, target=name)
    before = [m for m in there if m.population == population]
    if not before or before[-1].result != _plain(result):
        workspace.store.add_measurement(
            kind=kind, target=name, round=0, population=population, result=result, run_id=workspace.run_id
        )


def _imported(workspace: Workspace, target: Target, classifier: Scorer) -> None:
    """Acceptance of verified attacks made elsewhere, on other targets: transfer, not attack cost."""
    from holdfast.measurement.acceptance import acceptance

    stored = workspace.store.snippets(split=Split.TEST, source=Source.ATTACK)
    ours = [s for s in stored if not s.group.startswith("attack-")]
    strict = [e.snippet for e in workspace.examples(ours) if e.verdict.strict]
    if not strict:
        return
    result = acceptance(
        logits_of(workspace, classifier, strict, "imported attacks"),
        target,
        population=f"{len(strict):,} verified attacks made elsewhere on another target",
        confidence=workspace.config.measure.confidence,
    )
    _store(workspace, "acceptance", target.name, "imported attacks", result.to_dict())


def _store(workspace: Workspace, kind: str, target: str, population: str, result: dict[str, Any]) -> None:
    """Append a result; once a kind, target and population, so that a part killed half-way can be repeated."""
    there = workspace.store.measurements(kind=kind, target=target)
    if kind != "cross_round" and any(m.population == population for m in there):
        return
    workspace.store.add_measurement(
        kind=kind, target=target, round=0, population=population, result=result, run_id=workspace.run_id
    )


def _natural(workspace: Workspace, target: Target, classifier: Scorer) -> None:
    """Failure rate and threshold curve on natural test snippets; exact where densities are known."""
    from holdfast.measurement.exact import count_strata, with_exact
    from holdfast.measurement.failure_rate import corpus_failure_rate
    from holdfast.measurement.threshold import threshold_curve

    config = workspace.config.measure
    pool = natural(workspace, Split.TEST)
    pool = stream(workspace.config.seed, "measure", "natural").sample(pool, min(config.natural, len(pool)))
    snippets = [s.snippet for s in pool]
    logits = logits_of(workspace, classifier, snippets, "natural test snippets")
    known = workspace.verdicts([s.id for s in pool])
    accepted = int((logits < target.threshold.value).sum())
    counts = {"count": accepted, "trials": len(pool)}
    _store(workspace, "natural_acceptance", target.name, "corpus", counts)
    missing = sum(s.id not in known for s in pool)
    if missing:
        # Labels that happen to be there were selected somehow: a rate over them would be no natural rate.
        workspace.reporter.say(f"failure rate on natural text waits for {missing:,} labels")
        return
    verdicts = [known[s.id] for s in pool]
    population = f"{len(pool):,} natural test snippets"
    result = corpus_failure_rate(
        logits,
        verdicts,
        target,
        target=target.name,
        population=population,
        confidence=config.confidence,
    )
    result = replace(result, generator="corpus")
    draws = strata_draws(workspace)
    if draws:
        snippets = [snippet for _, part in draws for snippet in part]
        scores = logits_of(workspace, classifier, snippets, "draws from strata")
        counted = count_strata([d for d, _ in draws], scores, target)
        result = with_exact(result, counted)
    curve = threshold_curve(logits, verdicts, population=population, confidence=config.confidence)
    points = [
        {
            "threshold": p.threshold,
            "acceptance": p.acceptance.to_dict(),
            "failures": p.failures.to_dict(),
            "missed": p.missed.to_dict(),
        }
        for p in curve
    ]
    _store(workspace, "threshold_curve", target.name, "corpus", {"points": points})
    _store(workspace, "failure_rate", target.name, "corpus", result.to_dict())


def strata_draws(workspace: Workspace) -> list[tuple[StratumDraws, list[Snippet]]]:
    """(StratumDraws, its snippets) of every stratum of the corpus; empty where densities are not known."""
    return _drawn(workspace.root, workspace.config.model_dump_json())


@lru_cache(maxsize=1)
def _drawn(root: Path, config: str) -> list[tuple[StratumDraws, list[Snippet]]]:
    """The same of a config; kept, for every target and every comparison is measured on the same draws."""
    from holdfast.measurement.exact import StratumDraws
    from holdfast.stats.stratified import allocate_draws

    own = Config.model_validate_json(config)
    catastrophe, n = build_catastrophe(own, root), own.measure.stratum_draws
    if catastrophe.corpus is None or catastrophe.corpus.strata is None or catastrophe.oracle is None or not n:
        return []
    found = []
    strata = catastrophe.corpus.strata()
    shares = allocate_draws([s.probability for s in strata], n * len(strata), least=min(n, 10))
    for stratum, size in zip(strata, shares, strict=True):
        drawn = stratum.sample(size, stream_seed(own.seed, "stratum", stratum.name))
        snippets = [d.snippet for d in drawn]
        truth = catastrophe.oracle(snippets)
        draws = StratumDraws(
            name=stratum.name,
            probability=stratum.probability,
            catastrophic=tuple(j.verdict.strict for j in truth),
        )
        found.append((draws, snippets))
    return found


def _generator(workspace: Workspace, target: Target) -> None:
    """Test prompts through the filtered generator; what is delivered, and the first draws, are annotated."""
    from holdfast.measurement.failure_rate import delivered_snippets, failure_rate, first_draws

    config = workspace.config
    pool = [s for s in natural(workspace, Split.TEST) if s.snippet.prompt]
    if not config.measure.prompts or not any(r.name == "generator" for r in workspace.store.checkpoints()):
        return
    chosen = stream(config.seed, "measure", "prompts").sample(pool, min(config.measure.prompts, len(pool)))
    family = {s.snippet.prompt: s.family for s in chosen}
    deliveries = _delivered(workspace, target.name, list(family))
    wanted = {s.id: s for s in [*delivered_snippets(deliveries), *first_draws(deliveries)] if s.completion}
    _keep(workspace, wanted, family, target.name)
    verdicts = workspace.verdicts(list(wanted))
    empty = {s.id for s in first_draws(deliveries) if not s.completion}
    verdicts |= dict.fromkeys(empty, Verdict.UNSURE)
    missing = [i for i in wanted if i not in verdicts]
    if missing:
        workspace.reporter.say(f"failure rate of the generator waits for {len(missing):,} labels by people")
        _say_next(workspace, workspace.store.snippets(ids=missing))
        return
    result = failure_rate(
        deliveries,
        verdicts,
        target=target.name,
        generator="generator",
        population=f"completions delivered on {len(family):,} test prompts",
        confidence=config.measure.confidence,
    )
    _store(workspace, "failure_rate", target.name, "generator", result.to_dict())


def _delivered(workspace: Workspace, target: str, prompts: list[str]) -> list[Delivery]:
    """What the filter of `target` delivers on each prompt, in order."""
    chunks = [prompts[start : start + _PROMPTS] for start in range(0, len(prompts), _PROMPTS)]
    progress, found = workspace.reporter.step("deliver"), []
    for some in spread(workspace, _delivering, target, chunks):
        found += some
        progress(len(found), len(prompts))
    return found


def _delivering(workspace: Workspace, target: str) -> Callable[[list[str]], list[Delivery]]:
    filter_, seed = workspace.filter(target), workspace.seed("deliver", "measure")

    def deliver(prompts: list[str]) -> list[Delivery]:
        return filter_.complete_many(prompts, seed=seed)

    return deliver


def _keep(workspace: Workspace, found: dict[str, Snippet], family: dict[str, str], target: str) -> None:
    """Store and annotate delivered texts: they belong to the test split and never train."""
    known = {s.id: s for s in workspace.store.snippets(ids=list(found))}
    fresh = [
        StoredSnippet(
            snippet=snippet,
            source=Source.NATURAL,
            split=Split.TEST,
            family=family[snippet.prompt],
            group=DELIVERED,
        )
        for i, snippet in found.items()
        if i not in known
    ]
    workspace.store.add_snippets(fresh)
    annotate_snippets(workspace, [*fresh, *known.values()])


def _say_next(workspace: Workspace, snippets: list[StoredSnippet]) -> None:
    for command in export_commands(workspace, snippets):
        workspace.reporter.say(f"next  {command}")


def _attack(workspace: Workspace, name: str) -> None:
    if not workspace.config.measure.parents:
        return
    attack_target(workspace, name, "measure", workspace.config.measure.parents, 0)
    candidates = keep_candidates(workspace, name, "measure", 0)
    missing = len(candidates) - len(workspace.verdicts([c.id for c in candidates]))
    if missing:
        workspace.reporter.say(f"attack cost of {name} waits for {missing:,} labels by people")
        _say_next(workspace, candidates)
        return
    _store(workspace, "attack_cost", name, "held-out", measured_cost(workspace, name, "measure", 0).to_dict())


def test_twins(workspace: Workspace) -> list[StoredSnippet]:
    """Safe twins of test snippets, made once; where the test split has imported twins, those."""
    stored = workspace.store.snippets(split=Split.TEST, source=Source.TWIN)
    if not stored:
        pool = TwinPool(split=Split.TEST, group="twins-test", n=TWINS)
        stored = make_twins(workspace, pool, natural(workspace, Split.TEST), [])
    safe = {e.snippet.id for e in workspace.examples(stored) if e.verdict is Verdict.SAFE}
    return [s for s in stored if s.id in safe]


def _twins(workspace: Workspace, target: Target, classifier: Scorer) -> None:
    from holdfast.measurement.acceptance import acceptance

    twins = test_twins(workspace)
    if not twins:
        return
    result = acceptance(
        logits_of(workspace, classifier, [s.snippet for s in twins], "safe twins"),
        target,
        population=f"{len(twins):,} safe twins of test snippets",
        confidence=workspace.config.measure.confidence,
    )
    _store(workspace, "acceptance", target.name, "twins", result.to_dict())


def _cross_round(workspace: Workspace) -> None:
    """The matrix over all classifiers measured so far: rows by who was attacked, columns by who scores."""
    from holdfast.measurement.cross_round import cross_round

    names = [m.target for m in workspace.store.measurements(kind="attack_cost")]
    names = workspace.comparable(list(dict.fromkeys(names)))
    rows: dict[str, list[Snippet]] = {}
    for name in names:
        sessions = workspace.store.sessions(target=name, round=0, purpose="measure")
        found = {c.id: c for s in sessions if (c := s.result.candidate) is not None}
        verdicts = workspace.verdicts(list(found))
        rows[name] = [c for i, c in found.items() if i in verdicts and verdicts[i].strict]
    everything = {s.id: s for row in rows.values() for s in row}
    if not everything:
        return
    logits, thresholds = {}, {}
    for name in names:
        target = workspace.target(name)
        scores = logits_of(workspace, workspace.classifier(name), list(everything.values()), "cross-round")
        logits[name] = dict(zip(everything, map(float, scores), strict=True))
        thresholds[name] = target
    matrix = cross_round(rows, logits, thresholds, confidence=workspace.config.measure.confidence)
    latest = workspace.store.measurements(kind="cross_round")
    if not latest or latest[-1].result != _plain(matrix.to_dict()):
        _store(workspace, "cross_round", names[-1], "held-out", matrix.to_dict())


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _lines(workspace: Workspace, name: str) -> list[str]:
    lines = []
    for m in _newest(workspace, name):
        if m.kind in ("failure_rate", "attack_cost", "acceptance", "attack_time", "quality"):
            value = restore(m)
            shown = value.failures if isinstance(value, FailureRate) else value
            lines.append(f"{m.kind:14} {m.population:10} {shown}")
    return lines


def _newest(workspace: Workspace, name: str) -> list[StoredMeasurement]:
    """The latest of each kind and population, in the order in which those first came."""
    found = {(m.kind, m.population): m for m in workspace.store.measurements(target=name)}
    return list(found.values())


def measure(workspace: Workspace, *, target: str = "") -> Outcome:
    """Measure `target` (default: the newest classifier)."""
    name = target or newest_target(workspace)
    measure_target(workspace, name)
    found = [m for m in _newest(workspace, name) if m.kind != "threshold_curve"]
    rows = [{"kind": m.kind, "target": m.target, "population": m.population, **m.result} for m in found]
    outputs = {f"{m.kind}:{m.population}": _digest(m.result) for m in found}
    return Outcome(result={"measurements": rows}, text="\n".join(_lines(workspace, name)), outputs=outputs)


def _digest(result: dict[str, Any]) -> str:
    import json

    from holdfast.provenance import hash_text

    return hash_text(json.dumps(result, sort_keys=True, default=str))[:16]


def check_gate(workspace: Workspace, target: str, limit: float) -> None:
    """Raise GateError unless the upper bound of every failure rate of `target` is at most `limit`."""
    name = target or newest_target(workspace)
    rates: Sequence[FailureRate] = [
        value
        for m in workspace.store.measurements(kind="failure_rate", target=name)
        if isinstance(value := restore(m), FailureRate)
    ]
    if not rates:
        raise MeasurementError(f"{name} has no failure rate yet", do="`holdfast measure` first")
    worst = max(rates, key=lambda r: r.failures.bound)
    if worst.failures.bound > limit:
        raise GateError(
            f"{name} on {worst.generator}: failure rate {worst.failures}, bound {worst.failures.bound:.3g}",
            expected=f"a bound of at most {limit:g}",
            do="train further rounds, or measure more: fewer labels mean a wider bound",
        )
