"""Gather what is stored into one Report, write reports/index.html and print the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from holdfast.errors import MeasurementError
from holdfast.measurement.results import latest
from holdfast.report.content import (
    AttackSummary,
    Comparison,
    CurvePoint,
    DataRow,
    Report,
    Saliency,
    SalientSpan,
    TargetReport,
    WorstFailure,
)
from holdfast.types import AttackSession, Judgement, Rate, Source, Split, Verdict
from holdfast.workflows.logits import logits_of
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import DELIVERED, Workspace

__all__ = ["gather", "report"]


def _targets(workspace: Workspace) -> list[str]:
    """Classifiers measured under the present rule for characters, in the order of their training."""
    measured = {m.target for m in workspace.store.measurements()}
    names = [r.name for r in workspace.store.checkpoints("classifier") if r.name in measured]
    return workspace.comparable(names)


def _target(workspace: Workspace, name: str) -> TargetReport:
    found = workspace.store.measurements(target=name)
    rates = [latest(found, "failure_rate", name, population) for population in ("corpus", "generator")]
    cost = latest(found, "attack_cost", name, "held-out")
    natural = latest(found, "natural_acceptance", name, "corpus")
    curve = latest(found, "threshold_curve", name, "corpus")
    return TargetReport(
        name=name,
        threshold=workspace.store.threshold(name),
        failure_rates=tuple(r for r in rates if r is not None),
        attack_costs=() if cost is None else (cost,),
        acceptance=_rate(natural, workspace) if natural else None,
        twins=latest(found, "acceptance", name, "twins"),
        transfer=latest(found, "acceptance", name, "imported attacks"),
        curve=tuple(_point(p) for p in curve["points"]) if curve else (),
    )


def _rate(counts: dict[str, Any], workspace: Workspace) -> Rate:
    from holdfast.stats.binomial import rate

    return rate(
        counts["count"],
        counts["trials"],
        confidence=workspace.config.measure.confidence,
        population="natural test snippets",
    )


def _point(values: dict[str, Any]) -> CurvePoint:
    accepted = Rate(**values["acceptance"])
    return CurvePoint(
        acceptance=accepted.estimate, failures=Rate(**values["failures"]), logit=values["threshold"]
    )


def _sessions(workspace: Workspace, name: str) -> list[AttackSession]:
    return workspace.store.sessions(target=name, round=0, purpose="measure")


def _judgements(workspace: Workspace, ids: Sequence[str]) -> dict[str, tuple[Judgement, str]]:
    """Snippet id -> last judgement and its annotator."""
    marks = workspace.store.annotations(ids)
    return {i: (a[-1].judgement, a[-1].annotator) for i, a in marks.items() if a}


def _attack_summary(workspace: Workspace, name: str) -> AttackSummary | None:
    sessions = _sessions(workspace, name)
    if not sessions:
        return None
    found = {c.id for s in sessions if (c := s.result.candidate) is not None}
    judged = [j for j, _ in _judgements(workspace, sorted(found)).values()]
    reached = Counter(j.strategy for j in judged if j.verdict.strict and j.strategy)
    known = dict.fromkeys(workspace.catastrophe.strategies, 0) | dict(reached)
    return AttackSummary(
        target=name,
        attack=", ".join(sorted({s.attacker for s in sessions})),
        outcomes=dict(Counter(s.result.outcome.value for s in sessions)),
        strategies=known if workspace.catastrophe.strategies else {},
        candidates=len(found),
        unsure=sum(j.verdict is Verdict.UNSURE for j in judged),
    )


def _comparisons(workspace: Workspace, names: list[str]) -> tuple[Comparison, ...]:
    """Last against baseline: attack cost on the same parents, failures on the same draws."""
    if len(names) < 2:
        return ()
    from holdfast.measurement.attack_cost import candidates, cost_ratio
    from holdfast.measurement.exact import exact_ratio, pair_strata
    from holdfast.workflows.measure import strata_draws

    first, last = names[0], names[-1]
    found: list[Comparison] = []
    before, after = _sessions(workspace, first), _sessions(workspace, last)
    ids = [*candidates(before), *candidates(after)]
    verdicts = workspace.verdicts(ids)
    if before and after and all(i in verdicts for i in ids):
        ratio = cost_ratio(before, after, verdicts, population=f"{len(after):,} held-out parents")
        shown = ratio.clustered if ratio.clustered.count and ratio.clustered.trials else ratio.poisson
        found.append(
            Comparison(quantity="cost", of=after[0].attacker, subject=last, reference=first, ratio=shown)
        )
    draws = strata_draws(workspace)
    if draws:
        texts = [s for _, part in draws for s in part]
        scored = [
            (logits_of(workspace, workspace.classifier(n), texts, n), workspace.target(n))
            for n in (first, last)
        ]
        pairs = pair_strata([d for d, _ in draws], scored[0], scored[1])
        ratio_exact = exact_ratio(pairs, population=f"{len(draws)} strata, {len(texts):,} draws")
        found.append(
            Comparison(quantity="failures", of="corpus", subject=last, reference=first, ratio=ratio_exact)
        )
    return tuple(found)


def _worst(workspace: Workspace, name: str) -> list[WorstFailure]:
    """Verified failures of `name`: found by the attacks, and delivered by the filter."""
    threshold = workspace.target(name).threshold.value
    rows = []
    sessions = {c.id: s for s in _sessions(workspace, name) if (c := s.result.candidate) is not None}
    delivered = workspace.store.snippets(group=DELIVERED)
    judged = _judgements(workspace, [*sessions, *(s.id for s in delivered)])
    for snippet_id, session in sessions.items():
        judgement, annotator = judged.get(snippet_id, (None, ""))
        if judgement is None or not judgement.verdict.strict:
            continue
        last = session.result.steps[-1]
        rows.append(
            WorstFailure(
                target=name,
                snippet=last.snippet,
                margin=last.logit - threshold,
                judgement=judgement,
                annotator=annotator,
                origin=session.attacker,
                parent=session.result.parent,
                steps=session.result.steps,
            )
        )
    catastrophic = [s for s in delivered if s.id in judged and judged[s.id][0].verdict.strict]
    if catastrophic:
        texts = [s.snippet for s in catastrophic]
        logits = logits_of(workspace, workspace.classifier(name), texts, "delivered failures")
        rows += [
            WorstFailure(
                target=name,
                snippet=stored.snippet,
                margin=float(logit) - threshold,
                judgement=judged[stored.id][0],
                annotator=judged[stored.id][1],
                origin="generator",
            )
            for stored, logit in zip(catastrophic, logits, strict=True)
            if logit < threshold
        ]
    return sorted(rows, key=lambda r: r.margin)


def _saliency(workspace: Workspace, worst: list[WorstFailure]) -> Saliency | None:
    if not worst:
        return None
    from holdfast.attacks.assist import EditAssistant

    shown = worst[0]
    assistant = EditAssistant(workspace.classifier(shown.target), workspace.proposer(Split.TEST))
    spans = assistant.deletion_map(shown.snippet)
    return Saliency(
        target=shown.target,
        snippet=shown.snippet,
        method="change of the logit when the word is deleted, sign reversed",
        spans=tuple(SalientSpan(side=s, start=a, stop=b, value=v) for s, a, b, v in spans),  # type: ignore[arg-type]
    )


def _data(workspace: Workspace) -> tuple[DataRow, ...]:
    stored = workspace.store.snippets()
    verdicts = workspace.verdicts([s.id for s in stored])
    rows = []
    for split in Split:
        for source in Source:
            part = [s for s in stored if s.split is split and s.source is source]
            if not part:
                continue
            counts = Counter(verdicts[s.id] for s in part if s.id in verdicts)
            rows.append(
                DataRow(
                    split=split.value,
                    source=source.value,
                    snippets=len(part),
                    families=len({s.family for s in part}),
                    safe=counts[Verdict.SAFE],
                    borderline=counts[Verdict.BORDERLINE],
                    catastrophic=counts[Verdict.CATASTROPHIC],
                    unsure=counts[Verdict.UNSURE],
                )
            )
    return tuple(rows)


def _labels_note(workspace: Workspace) -> str:
    counts = workspace.store.annotation_counts()
    if not counts:
        return "Nobody has annotated anything yet."
    parts = []
    for name, n in islice(counts.items(), 8):
        kind = (
            "an oracle: exact by construction"
            if name.startswith("oracle:")
            else "a model, not a person"
            if name.startswith(("model:", "llm"))
            else "as the file says"
            if name.startswith("file:")
            else "a person"
        )
        parts.append(f"{name} ({kind}): {n:,}")
    return "Annotations: " + "; ".join(parts) + "."


def _not_tested(workspace: Workspace, names: list[str]) -> tuple[str, ...]:
    config = workspace.config
    sentences = [
        f"Attacks by people, and attacks of more than {config.attack.queries} queries a parent.",
        "Attackers who know more than the score: weights, training data, or the guidelines' edge cases.",
    ]
    if workspace.catastrophe.oracle is not None:
        sentences.append(
            "Text that the oracle cannot judge: it is counted as UNSURE, and a failure there is not seen."
        )
    if len(config.attack.methods) == 1:
        sentences.append(f"Every method but {next(iter(config.attack.methods))}.")
    if not any(latest(workspace.store.measurements(target=n), "failure_rate", n, "generator") for n in names):
        sentences.append("The trained generator behind the filter: not measured here.")
    sentences += _waiting(workspace, names)
    sentences.append("Quality of filtered text as raters see it.")
    return tuple(sentences)


def _waiting(workspace: Workspace, names: list[str]) -> list[str]:
    """Targets whose attack has candidates that nobody judged: no cost and no claim without them."""
    sentences = []
    for name in names:
        found = {c.id for s in _sessions(workspace, name) if (c := s.result.candidate) is not None}
        missing = len(found) - len(workspace.verdicts(sorted(found)))
        if missing:
            sentences.append(f"Attack on {name}: {missing:,} of {len(found):,} candidates have no label yet.")
    return sentences


def gather(workspace: Workspace) -> Report:
    """Everything stored, as one Report. Raises MeasurementError where nothing was measured."""
    names = _targets(workspace)
    if not names:
        raise MeasurementError("nothing has been measured yet", do="`holdfast measure` first")
    worst = [row for name in names for row in _worst(workspace, name)]
    targets = tuple(_target(workspace, name) for name in names)
    matrices = workspace.store.measurements(kind="cross_round")
    summaries = [_attack_summary(workspace, name) for name in names]
    populations = {r.failures.population for t in targets for r in t.failure_rates}
    return Report(
        workspace=workspace.root.name,
        catastrophe=workspace.catastrophe.name,
        question=workspace.catastrophe.question,
        generated=datetime.now(UTC),
        labels_note=_labels_note(workspace),
        populations=tuple(sorted(populations)),
        targets=targets,
        cross_round=latest(matrices, "cross_round", names[-1], "held-out"),
        comparisons=_comparisons(workspace, names),
        worst=tuple(worst),
        saliency=_saliency(workspace, [w for w in worst if w.target == names[-1]] or worst),
        attacks=tuple(s for s in summaries if s is not None),
        not_tested=_not_tested(workspace, names),
        data=_data(workspace),
        provenance=tuple(workspace.store.runs()),
    )


def report(workspace: Workspace, *, redact: bool = False) -> Outcome:
    """Write reports/index.html (reports/redacted.html with `redact`) and give the summary table.

    Beside it a model card for each target: Markdown without any snippet, as a model hub shows it.
    """
    from holdfast.report import model_card
    from holdfast.report.page import save
    from holdfast.report.tables import summary_rows, summary_text
    from holdfast.report.verdict import graphic_texts

    found = gather(workspace)
    path = workspace.root / "reports" / ("redacted.html" if redact else "index.html")
    path.parent.mkdir(exist_ok=True)
    save(found, path, redact=redact)
    base = workspace.config.classifier.base
    for target in found.targets:
        card = model_card(found, target.name, base_model="" if base in ("generator", "scratch") else base)
        path.with_name(f"card-{target.name}.md").write_text(card, encoding="utf-8")
    graphic = graphic_texts(found)
    if graphic and not redact:
        workspace.reporter.say(f"the report holds {graphic:,} graphic texts; --redact replaces them by ids")
    text = summary_text(found, page=str(path), redact=redact)
    data = {
        "report": str(path),
        "targets": [_numbers(t) for t in found.targets],
        "summary": summary_rows(found),
    }
    return Outcome(result=data, text=text, outputs={"summary": _digest(found)}, page=path)


def _numbers(target: TargetReport) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(replace(target, curve=()))


def _digest(found: Report) -> str:
    """Hash of the numbers alone: times and run ids differ between two runs of one thing."""
    import json

    from holdfast.provenance import hash_text

    numbers = [_numbers(t) for t in found.targets]
    return hash_text(json.dumps(numbers, default=str, sort_keys=True))[:16]
