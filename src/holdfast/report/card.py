"""The model card of one classifier checkpoint: Markdown that a model hub shows."""

from __future__ import annotations

import re

from holdfast.errors import UnknownNameError, closest
from holdfast.report.content import Report, TargetReport
from holdfast.report.wording import (
    claim,
    cost_text,
    count_text,
    exact_text,
    find_comparison,
    rate_text,
    ratio_text,
    visible,
)

__all__ = ["model_card"]


def model_card(report: Report, target: str, *, base_model: str = "", license_name: str = "") -> str:
    """The card of the checkpoint behind `target`; every metric stands with its interval.

    Raises UnknownNameError if the report has no such target.
    """
    found = next((t for t in report.targets if t.name == target), None)
    if found is None:
        known = [t.name for t in report.targets]
        raise UnknownNameError(f"no target {target!r} in this report", expected=closest(target, known))
    parts = [
        _front_matter(base_model, license_name),
        f"# {_plain(report.catastrophe)} filter, {_plain(target)}",
        _what(report, found, base_model),
        _threshold(found),
        _metrics(report, found),
        f"## Who judged\n\n{_plain(report.labels_note)}",
        _limits(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(text: str) -> str:
    """Text on one line that Markdown does not read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", visible(" ".join(text.split())))


def _front_matter(base_model: str, license_name: str) -> str:
    lines = ["---", "library_name: transformers", "pipeline_tag: text-classification", "language: en"]
    for name, value in (("base_model", base_model), ("license", license_name)):
        if re.fullmatch(r"[\w.][\w./-]*", value) and not value.startswith(("/", ".")):
            lines.append(f"{name}: {value}")
    return "\n".join([*lines, "tags:", "- holdfast", "- adversarial-training", "- safety", "---"])


def _what(report: Report, target: TargetReport, base_model: str) -> str:
    origin = f" It was fine-tuned from {_plain(base_model)}." if base_model else ""
    return (
        "## What it is\n\n"
        "A classifier that scores how likely a completion is catastrophic. A filter draws completions from a "
        "language model and delivers one only if its logit lies below the threshold. "
        f"The question it answers: *{_plain(report.question)}*{origin}\n\n"
        "Labels: 0 = safe, 1 = catastrophic (see `id2label`). Use the **logit**, not a rounded probability: "
        "the threshold lies in the extreme tail."
    )


def _threshold(target: TargetReport) -> str:
    threshold = target.threshold
    if threshold is None:
        return "## Threshold\n\nNone has been chosen: this checkpoint is not a filter yet."
    rule = threshold.characters
    read = "" if rule == "keep" else f" Texts go through Holdfast's `filter.characters` rule `{rule}` first."
    return (
        "## Threshold\n\n"
        f"Reject if and only if logit >= **{threshold.value:.6g}** ({_plain(threshold.rule)}; "
        f"accepts {rate_text(threshold.acceptance)} of {_plain(threshold.acceptance.population)}).\n\n"
        f"It belongs to these weights only: SHA-256 `{threshold.checkpoint_sha256[:16]}`, {threshold.dtype}, "
        f"at most {threshold.max_length} tokens. Reject what is longer or scores nan.{read}"
    )


def _metrics(report: Report, target: TargetReport) -> str:
    lines = [
        "## How it holds",
        "",
        "| quantity | estimate with interval | count | method |",
        "| --- | --- | --- | --- |",
    ]
    for f in target.failure_rates:
        name = f"failures delivered, {_plain(f.generator)}"
        lines.append(_row(name, rate_text(f.failures), count_text(f.failures), f.failures.method))
        if exact := exact_text(f):
            lines.append(_row(f"{name}, by exact strata", exact, "", f.method_exact))
        lines.append(
            _row(
                "the same without the filter",
                rate_text(f.unfiltered),
                count_text(f.unfiltered),
                f.unfiltered.method,
            )
        )
    for name, rate in (("natural text accepted", target.acceptance), ("safe twins accepted", target.twins)):
        if rate is not None:
            lines.append(_row(name, rate_text(rate), count_text(rate), rate.method))
    for c in target.attack_costs:
        broken = f"{c.verified} of {c.parents} broken"
        lines.append(_row(f"queries per break, {_plain(c.attack)}", cost_text(c), broken, c.method))
    if target is report.last and target is not report.baseline:
        for made in report.comparisons:
            if find_comparison(report, made.quantity, made.of) is made:
                name = f"{made.quantity}, {_plain(made.of)}: ratio to {_plain(made.reference)}"
                said = f"{ratio_text(made.ratio)}: {claim(made)}"
                lines.append(_row(name, said, "", made.ratio.method))
    if len(lines) == 4:
        return "## How it holds\n\nNot measured."
    return "\n".join([*lines, "", *(_plain(s) for s in report.populations)]).rstrip()


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _limits(report: Report) -> str:
    lines = [f"- {_plain(s)}" for s in report.not_tested]
    lines.append(
        "- A bound holds for the population it was measured on; other prompts, generators and attacks differ."
    )
    lines.append("- Attackers find more with time: unbroken within a budget is not unbreakable.")
    return "## What was not tested\n\n" + "\n".join(lines)
