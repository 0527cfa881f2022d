"""The page once more as JSON: every number, no text of any snippet, no path and no secret."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any

from holdfast.report.content import Report, TargetReport
from holdfast.report.passages import worst_first
from holdfast.report.wording import claim
from holdfast.types import RunRecord

__all__ = ["numbers", "numbers_json", "run_row"]

_SHOWN_ARGUMENTS = ("target", "name", "attack", "rounds", "generator")


def numbers(report: Report, *, failures: int) -> dict[str, Any]:
    """Plain values; the first `failures` of the worst by id and margin only."""
    return {
        "workspace": report.workspace,
        "catastrophe": report.catastrophe,
        "question": report.question,
        "generated": report.generated.isoformat(),
        "labels": report.labels_note,
        "populations": list(report.populations),
        "targets": [_target(t) for t in report.targets],
        "cross_round": None if report.cross_round is None else asdict(report.cross_round),
        "comparisons": [{**asdict(c), "claim": claim(c)} for c in report.comparisons],
        "worst": [
            {
                "id": f.snippet.id,
                "target": f.target,
                "margin": f.margin,
                "verdict": str(f.judgement.verdict),
                "severity": f.judgement.severity,
                "strategy": f.judgement.strategy,
                "annotator": f.annotator,
                "origin": f.origin,
            }
            for f in worst_first(report.worst)[:failures]
        ],
        "attacks": [{**asdict(a), "reached": a.reached} for a in report.attacks],
        "not_tested": list(report.not_tested),
        "data": [{**asdict(r), "unlabelled": r.unlabelled} for r in report.data],
        "runs": [run_row(r) for r in report.provenance],
    }


def _target(target: TargetReport) -> dict[str, Any]:
    """Results with the estimates written out."""
    made = asdict(target)
    made["curve"] = [
        {
            "acceptance": p.acceptance,
            "logit": p.logit,
            "count": p.failures.count,
            "trials": p.failures.trials,
            "lower": p.failures.lower,
            "upper": p.failures.upper,
            "bound": p.failures.bound,
        }
        for p in target.curve
    ]
    return made


def run_row(run: RunRecord) -> dict[str, Any]:
    """What a page may say of a run: no paths (file names only), no messages, no free arguments."""
    seconds = (run.finished - run.started).total_seconds() if run.started and run.finished else None
    return {
        "id": run.id,
        "command": run.command,
        "arguments": {k: v for k, v in run.arguments.items() if _plain(k, v)},
        "seed": run.seed,
        "revision": run.revision,
        "status": str(run.status),
        "started": run.started.isoformat(timespec="seconds") if run.started else None,
        "seconds": seconds,
        "cpu_seconds": run.cpu_seconds,
        "platform": run.platform,
        "packages": dict(sorted(run.packages.items())),
        "inputs": {re.split(r"[/\\]", name)[-1]: digest for name, digest in sorted(run.inputs.items())},
    }


def _plain(name: str, value: object) -> bool:
    """Counts and switches, and the few names that say what was run."""
    if isinstance(value, bool | int | float):
        return True
    return (
        name in _SHOWN_ARGUMENTS and isinstance(value, str) and bool(re.fullmatch(r"[\w.@ -]{1,60}", value))
    )


def _finite(value: Any) -> Any:
    """JSON has neither nan nor inf: null, and `inf` or `-inf` as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def numbers_json(report: Report, *, failures: int) -> str:
    """ASCII JSON that may stand inside a script element."""
    text = json.dumps(_finite(numbers(report, failures=failures)), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
