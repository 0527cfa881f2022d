"""The page's first sentences: what can be claimed, with its interval, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.report.content import Comparison, Report, TargetReport
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

__all__ = ["Sentence", "graphic_texts", "verdict_sentences", "warning_line"]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One finding, and the claim that its comparison with the baseline allows."""

    text: str
    claim: str = ""
    """Words such as `no worse`; empty where nothing was compared."""

    def __str__(self) -> str:
        return f"{self.text} {self.claim}.".strip() if self.claim else self.text


def verdict_sentences(report: Report) -> list[Sentence]:
    """One sentence per generator and attack of the last target, each with its interval and its comparison."""
    last = report.last
    if last is None or not (last.failure_rates or last.attack_costs):
        return [Sentence(text="Nothing has been measured yet: this page makes no claim.")]
    sentences = [_failures(report, last, rate) for rate in last.failure_rates]
    sentences += [_cost(report, last, cost) for cost in last.attack_costs]
    if last.acceptance is not None and last.acceptance.trials:
        text = f"{last.name} accepts {rate_text(last.acceptance)} of natural text."
        sentences.append(Sentence(text=_capital(text)))
    return sentences


def _failures(report: Report, last: TargetReport, rate: FailureRate) -> Sentence:
    """What is delivered with one generator."""
    failures, source = rate.failures, f"(generator: {rate.generator})"
    if failures.trials == 0:
        return Sentence(text=f"Failures delivered {source} were not measured.")
    if failures.count == 0:
        level = f"{100 * failures.confidence:g} % confidence"
        below = f"the rate is below {percent(failures.bound)} at {level}"
        said = f"0 of {plural(failures.trials, 'text')} delivered {source} were catastrophic: {below}"
    else:
        said = f"{rate_text(failures)} of what {last.name} delivers {source} is catastrophic: "
        said += count_text(failures)
    if exact := exact_text(rate):
        said += f". By exact strata: {exact}"
    comparison = find_comparison(report, "failures", rate.generator)
    if comparison is not None:
        return _compared(said, comparison)
    return Sentence(text=said + ".")


def _cost(report: Report, last: TargetReport, cost: AttackCost) -> Sentence:
    """What breaking costs with one attack."""
    if cost.parents == 0:
        return Sentence(text=f"The attack {cost.attack} was not measured.")
    broken = f"{cost.verified:,} of {plural(cost.parents, 'parent')} broken"
    if cost.verified == 0:
        said = f"{cost.attack} found no break of {last.name}: {cost_text(cost)} queries each ({broken})"
    else:
        said = f"{cost.attack} breaks {last.name} in {cost_text(cost)} queries ({broken})"
    comparison = find_comparison(report, "cost", cost.attack)
    if comparison is not None:
        return _compared(said, comparison)
    return Sentence(text=_capital(said) + ".")


def _compared(said: str, comparison: Comparison) -> Sentence:
    """The finding, then the ratio to the baseline, then the claim."""
    ratio = f"Ratio to {comparison.reference}: {ratio_text(comparison.ratio)}"
    return Sentence(text=f"{_capital(said)}. {ratio}:", claim=claim(comparison))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
        "To make a copy without them: holdfast report --redact."
    )
