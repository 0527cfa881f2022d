"""The one self-contained HTML page: no request leaves it, and all of it can be read with scripts off."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from holdfast.report.content import MOST_FAILURES, Report, WorstFailure
from holdfast.report.numbers import numbers_json, run_row
from holdfast.report.panels import Panel, attack_table, comparison_table, data_table, panels
from holdfast.report.passages import failure_view, saliency_view, worst_first
from holdfast.report.verdict import verdict_sentences, warning_line
from holdfast.report.wording import glue, logit_text, plural, rate_text, visible

__all__ = ["HARD_CAP", "render", "save"]

HARD_CAP = 1_500_000
"""Bytes a page may have; rows of the worst failures are dropped until it has fewer."""

_OPEN_FAILURES = 10
_MOST_RUNS = 100


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What is the same however many failures the page shows."""

    report: Report
    redact: bool
    panels: list[Panel]
    worst: list[WorstFailure]
    style: str
    script: str


def render(report: Report, *, redact: bool = False) -> str:
    """The page as text, the same for the same report; `redact`: every snippet becomes its id and length.

    Raises ValueError if the page is above HARD_CAP bytes without a single failure on it.
    """
    parts = _Parts(
        report=report,
        redact=redact,
        panels=panels(report),
        worst=worst_first(report.worst),
        style=_packaged("report.css"),
        script=_packaged("report.js"),
    )
    shown = min(MOST_FAILURES, len(parts.worst))
    while True:
        page = _fill(parts, shown)
        size = len(page.encode("utf-8", "replace"))
        if size <= HARD_CAP:
            return page
        if shown == 0:
            raise ValueError(f"the page has {size:,} bytes without any failure shown; at most {HARD_CAP:,}")
        shown = shown // 2


def save(report: Report, path: Path, *, redact: bool = False) -> None:
    """Write the page to `path`, whose folder is made; a half-written page is never left there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(render(report, redact=redact), encoding="utf-8", newline="\n")
    part.replace(path)


def _packaged(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    """The hash by which a content policy lets exactly this text through."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _fill(parts: _Parts, shown: int) -> str:
    """The page with the `shown` worst failures."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("holdfast.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.finalize = _readable
    return environment.get_template("report.html.j2").render(
        **_context(parts, shown),
        trusted=Markup,
        glue=glue,
        policy=_policy(parts.style, parts.script),
        numbers=Markup(numbers_json(parts.report, failures=shown)),
    )


def _readable(value: Any) -> Any:
    """Whatever is printed and is not markup already: nothing hidden in it."""
    return visible(value) if type(value) is str else value


def _context(parts: _Parts, shown: int) -> dict[str, Any]:
    """Every value that the template names."""
    report, redact = parts.report, parts.redact
    views = [failure_view(f, i, redact=redact) for i, f in enumerate(parts.worst[:shown], 1)]
    runs = [run_row(r) for r in report.provenance[-_MOST_RUNS:]]
    return {
        "report": report,
        "redact": redact,
        "style": parts.style,
        "script": parts.script,
        "warning": warning_line(report, redacted=redact),
        "verdict": verdict_sentences(report),
        "comparisons": comparison_table(report),
        "panels": parts.panels,
        "first": views[:_OPEN_FAILURES],
        "rest": views[_OPEN_FAILURES:],
        "left_out": len(parts.worst) - shown,
        "saliency": saliency_view(report, redact=redact),
        "attacks": attack_table(report.attacks),
        "data": data_table(report.data),
        "acceptance": _acceptance(report),
        "runs": runs,
        "runs_left_out": len(report.provenance) - len(runs),
        "generated": report.generated.strftime("%Y-%m-%d %H:%M %Z").strip(),
        "facts": _facts(report),
    }


def _acceptance(report: Report) -> list[tuple[str, str, str, str]]:
    """Per target: natural text and safe twins accepted, and the threshold."""
    rows = []
    for target in report.targets:
        chosen = target.threshold
        threshold = f"{logit_text(chosen.value)}: {chosen.rule}" if chosen else "none"
        rows.append((target.name, rate_text(target.acceptance), rate_text(target.twins), threshold))
    return rows


def _facts(report: Report) -> list[tuple[str, str]]:
    """The strip of figures under the verdict: what, and how much."""
    last, facts = report.last, []
    if last is None:
        return []
    facts.append((plural(len(report.targets), "target"), ", ".join(t.name for t in report.targets)))
    if last.acceptance is not None and last.acceptance.trials:
        facts.append((rate_text(last.acceptance), "of natural text accepted"))
    if last.twins is not None and last.twins.trials:
        facts.append((rate_text(last.twins), "of safe twins accepted"))
    if last.transfer is not None and last.transfer.trials:
        facts.append((rate_text(last.transfer), "of attacks accepted that were made on another target"))
    for attack in report.attacks[-1:]:
        if attack.strategies:
            facts.append((f"{attack.reached} of {len(attack.strategies)}", "known strategies reached"))
    return facts
