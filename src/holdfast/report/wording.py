"""Numbers and claims in words: intervals in the same cell as the estimate, no zero without its bound."""

from __future__ import annotations

import math
import re
import unicodedata

from holdfast.report.content import Comparison, Report
from holdfast.types import AttackCost, FailureRate, Rate, Ratio

__all__ = [
    "claim",
    "cost_text",
    "count_text",
    "exact_text",
    "find_comparison",
    "glue",
    "logit_text",
    "number",
    "percent",
    "plural",
    "rate_text",
    "ratio_text",
    "share_text",
    "shorten",
    "visible",
]

_MOST_DECIMALS = 4


def _decimals(share: float) -> int:
    """Decimals of a per cent figure for two significant digits of the share or of its complement."""
    rest = float(f"{max(0.0, min(share, 1 - share)):.1e}")
    return 0 if not rest > 0 else max(0, 1 - math.floor(math.log10(100 * rest)))


def percent(share: float) -> str:
    """A share as per cent, two significant digits; below 1e-5 in scientific notation; nan is `n/a`."""
    if not math.isfinite(share):
        return "n/a"
    decimals = _decimals(share)
    if decimals > _MOST_DECIMALS and share < 0.5:
        return f"{share:.1e}"
    return f"{100 * share:.{min(decimals, 8)}f} %"


def share_text(estimate: float, lower: float, upper: float) -> str:
    """`0.41 % [0.33, 0.50]`: three shares to the same number of decimals."""
    if not math.isfinite(estimate):
        return "n/a"
    shown = next((x for x in (estimate, lower, upper) if 0 < x < 1), 0.5)
    decimals = _decimals(shown)
    if decimals > _MOST_DECIMALS and shown < 0.5:
        return f"{estimate:.1e} [{lower:.1e}, {upper:.1e}]"
    decimals = min(decimals, 8)
    values = ("n/a" if not math.isfinite(x) else f"{100 * x:.{decimals}f}" for x in (estimate, lower, upper))
    middle, low, high = values
    return f"{middle} % [{low}, {high}]"


def rate_text(rate: Rate | None, *, level: bool = True) -> str:
    """A rate with its interval; `0 of n: below x at 95 %` where nothing was found."""
    if rate is None or rate.trials == 0:
        return "not measured"
    if rate.count == 0:
        below = f"below {percent(rate.bound)}" if math.isfinite(rate.bound) else "no bound"
        at = f" at {100 * rate.confidence:g} %" if level else ""
        return f"0 of {rate.trials:,}: {below}{at}"
    return share_text(rate.estimate, rate.lower, rate.upper)


def exact_text(rate: FailureRate) -> str:
    """The figure by exact strata, or an empty string where densities are not known."""
    if rate.exact is None:
        return ""
    lower = rate.exact_lower if rate.exact_lower is not None else math.nan
    upper = rate.exact_upper if rate.exact_upper is not None else math.nan
    return share_text(rate.exact, lower, upper)


def number(value: float) -> str:
    """A quantity with thousands separated; three significant digits below 10; `n/a` for nan."""
    if math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "no limit" if value > 0 else "-inf"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def logit_text(value: float) -> str:
    """A logit to three decimals; a threshold of infinity accepts everything."""
    if math.isinf(value):
        return "accepts all" if value > 0 else "rejects all"
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def cost_text(cost: AttackCost | None) -> str:
    """Queries per verified break with its interval, or `more than` the lower limit where nothing broke."""
    if cost is None or cost.parents == 0:
        return "not measured"
    if cost.verified == 0 or not math.isfinite(cost.per_success):
        return f"more than {number(cost.lower)}"
    return f"{number(cost.per_success)} [{number(cost.lower)}, {number(cost.upper)}]"


def ratio_text(ratio: Ratio) -> str:
    """`8.6 [5.1, 15]`; `more than 5.1` where the estimate has no limit."""
    if math.isinf(ratio.estimate):
        return f"more than {number(ratio.lower)}"
    return f"{number(ratio.estimate)} [{number(ratio.lower)}, {number(ratio.upper)}]"


def claim(comparison: Comparison) -> str:
    """What the interval allows to be said, in words; `no claim` where it allows nothing."""
    low, high = comparison.ratio.lower, comparison.ratio.upper
    if math.isnan(low) or math.isnan(high):
        return "no claim"
    if comparison.quantity == "cost":
        return "harder to break" if low > 1 else "easier to break" if high < 1 else "no claim"
    if high < 1:
        return "fewer failures"
    if low > 1:
        return "more failures"
    return "no worse" if high <= comparison.margin else "no claim"


def find_comparison(report: Report, quantity: str, of: str) -> Comparison | None:
    """The comparison of the last target with the first for this generator or attack, if one was made."""
    if report.baseline is None or report.last is None:
        return None
    names = (report.last.name, report.baseline.name)
    for comparison in report.comparisons:
        made = (comparison.subject, comparison.reference)
        if made == names and comparison.quantity == quantity and comparison.of == of:
            return comparison
    return None


def plural(count: int, one: str, many: str = "") -> str:
    """`1 text`, `2 texts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def count_text(rate: Rate | None) -> str:
    """`38 of 10,000`."""
    return "" if rate is None else f"{rate.count:,} of {rate.trials:,}"


def glue(text: str) -> str:
    """`text` with no line break inside an interval, a count or before a per cent sign."""
    text = re.sub(r"(?<=\d) (?=%)", "\u00a0", text)
    text = re.sub(r"\b(below|more than) (?=\d)", "\\1\u00a0", text)
    text = re.sub(r"(?<=\d) of (?=\d)", "\u00a0of\u00a0", text)
    return re.sub(r"\[[^\]]{1,40}\]", lambda m: m.group().replace(" ", "\u00a0"), text)


def visible(text: str) -> str:
    """`text` with control, direction-changing, zero-width and broken characters spelled out: `⟨U+202E⟩`."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if c not in "\n\t" and unicodedata.category(c) in hidden else c for c in text
    )


def shorten(text: str, most: int) -> str:
    """At most `most` characters; an ellipsis says that some are missing."""
    return text if len(text) <= most else text[: max(0, most - 1)].rstrip() + "…"
