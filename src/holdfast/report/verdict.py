"""The page's first sentences: what can be claimed, with its interval, and nothing more."""

from __future__ import annotations

from holdfast.report.content import Report, TargetReport
from holdfast.report.wording import (
    claim,
    cost_text,
    count_text,
    exact_text,
    find_comparison,
    percent,
    plural,
    rate_text,
    ratio_text,
)
from holdfast.types import AttackCost, FailureRate

__all__ = ["graphic_texts", "verdict_sentences", "warning_line"]


def verdict_sentences(report: Report) -> list[str]:
    """One sentence per generator and attack of the last target, each with its interval and its comparison."""
    last = report.last
    if last is None or not (last.failure_rates or last.attack_costs):
        return ["Nothing has been measured yet: this page makes no claim."]
    sentences = [_failures(report, last, rate) for rate in last.failure_rates]
    sentences += [_cost(report, last, cost) for cost in last.attack_costs]
    if last.acceptance is not None and last.acceptance.trials:
        sentences.append(f"It accepts {rate_text(last.acceptance)} of natural text.")
    return sentences


def _failures(report: Report, last: TargetReport, rate: FailureRate) -> str:
    """What is delivered with one generator."""
    failures, source = rate.failures, f"with {rate.generator}"
    if failures.trials == 0:
        return f"Failures delivered {source} were not measured."
    if failures.count == 0:
        level = f"{100 * failures.confidence:g} % confidence"
        below = f"the rate is below {percent(failures.bound)} at {level}"
        said = f"0 of {plural(failures.trials, 'text')} delivered {source} were catastrophic: {below}"
    else:
        said = f"{rate_text(failures)} of what {last.name} delivers {source} is catastrophic"
        said += f" ({count_text(failures)})"
    if exact := exact_text(rate):
        said += f"; by exact strata {exact}"
    comparison = find_comparison(report, "failures", rate.generator)
    if comparison is not None:
        ratio = f"{ratio_text(comparison.ratio)} times {comparison.reference}"
        said += f"; {ratio}: {claim(comparison)}"
    return said + "."


def _cost(report: Report, last: TargetReport, cost: AttackCost) -> str:
    """What breaking costs with one attack."""
    if cost.parents == 0:
        return f"The attack {cost.attack} was not measured."
    broken = f"{cost.verified:,} of {plural(cost.parents, 'parent')} broken"
    if cost.verified == 0:
        said = f"{cost.attack} found no break of {last.name}: {cost_text(cost)} queries each ({broken})"
    else:
        said = f"{cost.attack} breaks {last.name} in {cost_text(cost)} queries ({broken})"
    comparison = find_comparison(report, "cost", cost.attack)
    if comparison is not None:
        said += f"; {ratio_text(comparison.ratio)} times {comparison.reference}: {claim(comparison)}"
    return said[0].upper() + said[1:] + "."


def graphic_texts(report: Report) -> int:
    """How many different catastrophic texts a page of this report would quote."""
    ids = {f.snippet.id for f in report.worst if f.judgement.verdict.strict}
    ids |= {f.parent.id for f in report.worst if f.parent is not None}
    if report.saliency is not None:
        ids.add(report.saliency.snippet.id)
    return len(ids)


def warning_line(report: Report, *, redacted: bool) -> str:
    """Said at the top of the page, before any text is shown."""
    count = graphic_texts(report)
    if redacted:
        return f"Texts are withheld: {plural(count, 'text')} replaced by id and length."
    if count == 0:
        return "This page quotes no catastrophic text."
    return (
        f"This page quotes {plural(count, 'catastrophic text')} in full. "
        "Make a copy without them by: holdfast report --redact"
    )
