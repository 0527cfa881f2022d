"""The fixed suite of attacks against one target: resumable, one table, curves, and a log of every hit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import ConfigError
from holdfast.provenance import hash_file, hash_text
from holdfast.types import (
    SUITE_ROUND,
    AttackResult,
    AttackSession,
    Judgement,
    Snippet,
    Source,
    Split,
    StoredSnippet,
    Suite,
    SuiteResult,
    SuiteRow,
    Target,
)
from holdfast.workflows.annotate import export_commands
from holdfast.workflows.attack import keep_found
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.estimate import OVERHEAD, announce, scoring_rate
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.starting import Start, parents_by_strategy
from holdfast.workflows.workspace import Workspace

if TYPE_CHECKING:
    from holdfast.measurement.suite import Evidence

__all__ = ["suite", "suite_proposals"]


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What was asked for."""

    suite: Suite
    target: Target
    budget: int
    seeds: int
    start: Start

    @property
    def parents(self) -> tuple[StoredSnippet, ...]:
        """What is attacked."""
        return self.start.parents

    @property
    def name(self) -> str:
        """For files."""
        return f"{self.suite.name}-{self.target.name}-{self.budget}"

    def attackers(self) -> list[tuple[str, str]]:
        """(method with version, name under which its searches are stored), seeds outermost."""
        from holdfast.attacks.suite import attacker_name

        return [
            (version, attacker_name(self.suite, version, seed, self.budget))
            for seed in range(self.seeds)
            for version in self.suite.versions
        ]


def suite(
    workspace: Workspace, *, target: str = "", queries: int = 300, seeds: int = 1, parents: int = 0
) -> Outcome:
    """Run what is missing of the suite on `target` (default: the newest classifier), and tell its figures.

    queries: one of the suite's budgets. parents: how many to start from (0: as configured for measuring);
    with more of them, or more seeds, what is stored already stays and counts.
    """
    run = _asked(workspace, target, queries, seeds, parents)
    _search(workspace, run)
    sessions = _sessions(workspace, run)
    found = keep_found(workspace, sessions, _like(run))
    judgements = _judgements(workspace, found)
    folder = workspace.root / "reports"
    folder.mkdir(exist_ok=True)
    log = folder / f"{run.name}-hits.jsonl"
    _write_hits(log, sessions, run.target, judgements)
    waiting = len(found) - len(judgements)
    if waiting:
        lines = [f"{run.name}: {waiting:,} of {len(found):,} candidates wait for labels by people"]
        lines += [f"next  {command}" for command in export_commands(workspace, found)]
        result: dict[str, Any] = {"candidates": len(found), "waiting": waiting, "hits": str(log)}
        return Outcome(result=result, text="\n".join(lines), outputs={"hits": hash_file(log)})
    return _tell(workspace, run, sessions, judgements, log)


def _asked(workspace: Workspace, target: str, queries: int, seeds: int, n: int) -> _Run:
    """The run. Raises ConfigError for a budget or a number of seeds that the suite does not have."""
    from holdfast.attacks.suite import SUITE

    if queries not in SUITE.budgets:
        raise ConfigError(f"--queries {queries}", expected=f"one of {', '.join(map(str, SUITE.budgets))}")
    if not 1 <= seeds <= SUITE.seeds:
        raise ConfigError(f"--seeds {seeds}", expected=f"1 to {SUITE.seeds}")
    against = workspace.target(target or newest_target(workspace))
    return _Run(
        suite=SUITE,
        target=against,
        budget=queries,
        seeds=seeds,
        start=parents_by_strategy(workspace, against.name, n or workspace.config.measure.parents),
    )


def _search(workspace: Workspace, run: _Run) -> None:
    """Every search that is not stored yet."""
    from holdfast.assemble import build_suite
    from holdfast.attacks.suite import run_suite

    name = run.target.name
    ids = {s.id for s in run.parents}
    done = {
        attacker: ids
        & workspace.store.attacked_parents(attacker, target=name, round=SUITE_ROUND, purpose="measure")
        for _, attacker in run.attackers()
    }
    finished, total = sum(map(len, done.values())), len(done) * len(ids)
    if finished == total:
        return
    classifier = workspace.classifier(name)
    snippets = [s.snippet for s in run.parents]
    work = OVERHEAD * (total - finished) * run.budget
    announce(workspace, f"{run.name}, at most", work, scoring_rate(classifier, snippets))
    progress = workspace.reporter.step(run.name)
    progress(finished, total)

    def keep(attacker: str, result: AttackResult) -> None:
        nonlocal finished
        workspace.store.add_session(
            AttackSession(attacker=attacker, target=name, round=SUITE_ROUND, purpose="measure", result=result)
        )
        finished += 1
        progress(finished, total)

    run_suite(
        run.suite,
        build_suite(run.suite, suite_proposals(workspace, run.suite), workspace.annotator),
        snippets,
        target=classifier,
        threshold=run.target.threshold.value,
        budget=run.budget,
        seeds=run.seeds,
        on_result=keep,
        done=done.__getitem__,
    )


def suite_proposals(workspace: Workspace, suite: Suite) -> Any:
    """The suite's own proposals, from held-out text, whatever the workspace is configured for."""
    own = workspace.config.attack.model_copy(update={"proposals": dict(suite.proposals)})
    config = workspace.config.model_copy(update={"attack": own})
    return replace(workspace, config=config).proposer(Split.TEST)


def _sessions(workspace: Workspace, run: _Run) -> list[AttackSession]:
    """The stored searches of this run, in the order in which an unbroken run has them."""
    place = {s.id: n for n, s in enumerate(run.parents)}
    found: list[AttackSession] = []
    for _, attacker in run.attackers():
        stored = workspace.store.sessions(
            target=run.target.name, round=SUITE_ROUND, purpose="measure", attacker=attacker
        )
        own = [s for s in stored if s.result.parent.id in place]
        found += sorted(own, key=lambda s: place[s.result.parent.id])
    return found


def _like(run: _Run) -> StoredSnippet:
    """How candidates are stored: on the test side, in a group of their own."""
    return StoredSnippet(
        snippet=Snippet(prompt="", completion=""),
        source=Source.ATTACK,
        split=Split.TEST,
        family="",
        group=f"attack-suite-{run.target.name}",
    )


def _judgements(workspace: Workspace, found: list[StoredSnippet]) -> dict[str, Judgement]:
    """Snippet id -> the judgement that stands, of those that have one."""
    return {
        e.snippet.id: Judgement(verdict=e.verdict, severity=e.severity, strategy=e.strategy)
        for e in workspace.examples(found)
    }


def _write_hits(
    path: Path, sessions: Sequence[AttackSession], target: Target, judgements: dict[str, Judgement]
) -> None:
    from holdfast.attacks.hits import hit_record
    from holdfast.data.writers import write_records

    hits = [(s, c) for s in sessions if (c := s.result.candidate) is not None]
    write_records(path, [hit_record(s, target, judgements.get(c.id)) for s, c in hits])


def _evidence(
    workspace: Workspace, run: _Run, sessions: Sequence[AttackSession], judgements: dict[str, Judgement]
) -> Evidence:
    """Judgements, and which verified finds count as one."""
    from holdfast.attacks.diversity import clusters, finds
    from holdfast.measurement.suite import Evidence

    found = finds([s.result for s in sessions], judgements)
    groups = {found[i].snippet.id: n for n, group in enumerate(clusters(found)) for i in group.members}
    noun = "seed" if run.seeds == 1 else "seeds"
    return Evidence(
        target=run.target.name,
        population=f"{len(run.parents):,} held-out parents (strategies in turn, half of them nearest to the "
        f"threshold), {run.seeds} {noun}",
        judgements=judgements,
        groups=groups,
        families={s.id: s.family for s in run.parents},
        strategies_known=len(workspace.catastrophe.strategies),
        seeds=run.seeds,
        confidence=workspace.config.measure.confidence,
    )


def _tell(
    workspace: Workspace,
    run: _Run,
    sessions: Sequence[AttackSession],
    judgements: dict[str, Judgement],
    log: Path,
) -> Outcome:
    """The table, the figure, and where they are."""
    from holdfast.assemble import build_screen
    from holdfast.measurement.suite import suite_curves, suite_rows
    from holdfast.report.suite import suite_figure

    evidence = _evidence(workspace, run, sessions, judgements)
    searches: dict[str, list[AttackResult]] = {version: [] for version in run.suite.versions}
    for session in sessions:
        searches[session.result.attack].append(session.result)
    rows = suite_rows(searches, evidence, [b for b in run.suite.budgets if b <= run.budget])
    result = SuiteResult(
        suite=run.suite.name,
        target=run.target.name,
        checkpoint_sha256=run.target.checkpoint.sha256,
        threshold=run.target.threshold.value,
        budget=run.budget,
        seeds=run.seeds,
        parents_sha256=hash_text("\n".join(sorted(s.id for s in run.start.pool))),
        screened=build_screen(workspace.annotator) is not None,
        choosing=run.start.queries,
        held_out=run.suite.held_out,
        rows=tuple(rows),
        curves=tuple(suite_curves(searches, evidence, run.budget)),
        population=evidence.population,
    )
    figure = log.with_name(f"{run.name}.svg")
    figure.write_text(suite_figure(result) + "\n", encoding="utf-8")
    table = [_flat(row) for row in rows]
    files = {"figure": str(figure), "hits": str(log)}
    outputs = {"finds": hash_text(json.dumps([_plain(r) for r in table])), "hits": hash_file(log)}
    text = "\n".join([*_lines(result), f"curves  {figure}", f"hits    {log}"])
    return Outcome(result={"table": table, **asdict(result), **files}, text=text, outputs=outputs)


def _flat(row: SuiteRow) -> dict[str, Any]:
    """One row of the table, without nesting."""
    return {
        "method": row.method,
        "budget": row.budget,
        "parents": row.parents,
        "broken": row.broken.count,
        "candidates": row.candidates,
        "verified": row.verified,
        "validity": row.validity.estimate,
        "validity_lower": row.validity.lower,
        "validity_upper": row.validity.upper,
        "distinct": row.distinct,
        "distinct_severe": row.distinct_severe,
        "strategies": len(row.strategies),
        "strategies_known": row.strategies_known,
        "queries": row.cost.queries,
        "queries_per_verified": row.cost.per_success,
        "queries_per_verified_lower": row.cost.lower,
        "queries_per_verified_upper": row.cost.upper,
        "distinct_per_1000": row.per_thousand.estimate,
        "distinct_per_1000_lower": row.per_thousand.lower,
        "distinct_per_1000_upper": row.per_thousand.upper,
        "cpu_seconds": row.cpu_seconds,
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What comes out the same each time: no seconds, and counts only (limits follow from them)."""
    return {k: v for k, v in row.items() if isinstance(v, int | str)}


HEAD = (
    *("method", "parents", "broken", "cand.", "verified", "validity", "distinct", "strategies"),
    *("queries / verified", "distinct / 1,000 queries", "CPU s"),
)


def _lines(result: SuiteResult) -> list[str]:
    """The tables for the terminal, one a budget."""
    held = ", ".join(result.held_out)
    lines = [f"{result.suite} on {result.target}: {result.population}; held out from training: {held}"]
    lines.append(f"choosing the parents took {result.choosing:,} scores, not counted below")
    if result.screened:
        lines.append("an oracle screens texts before they are scored: validity is 1 by construction")
    for budget in dict.fromkeys(row.budget for row in result.rows):
        cells = [HEAD, *(_cells(row) for row in result.rows if row.budget == budget)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
        lines += ["", f"{budget:,} queries a search"]
        for row in cells:
            first = row[0].ljust(widths[0])
            lines.append("  ".join([first, *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]))
    return [*lines, ""]


def _cells(row: SuiteRow) -> tuple[str, ...]:
    valid = row.validity
    share = f"{valid.estimate:.2f} [{valid.lower:.2f}, {valid.upper:.2f}]" if valid.trials else "-"
    cost = row.cost
    spent = f"> {cost.lower:,.0f}"
    if row.cost.verified:
        spent = f"{cost.per_success:,.0f} [{cost.lower:,.0f}, {cost.upper:,.0f}]"
    gain = row.per_thousand
    known = f" of {row.strategies_known}" if row.strategies_known else ""
    return (
        row.method,
        f"{row.parents:,}",
        f"{row.broken.count:,}",
        f"{row.candidates:,}",
        f"{row.verified:,}",
        share,
        f"{row.distinct:,}",
        f"{len(row.strategies)}{known}",
        spent,
        f"{gain.estimate:.2f} [{gain.lower:.2f}, {gain.upper:.2f}]",
        "" if row.cpu_seconds is None else f"{row.cpu_seconds:,.1f}",
    )
