"""Write docs/storyworld.md: `python -m holdfast.catastrophes.storyworld.show > docs/storyworld.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import resources
from itertools import islice

from holdfast.catastrophes.storyworld.exact import Rates, marginal, strata
from holdfast.catastrophes.storyworld.grammar import load_grammar
from holdfast.catastrophes.storyworld.oracle import judge
from holdfast.catastrophes.storyworld.source import sample
from holdfast.types import Draw, Verdict

__all__ = ["frames", "main", "page"]


def frames() -> tuple[int, int]:
    """(wordings of one clause, completion frames by composition) before any noun or verb is chosen."""
    g = load_grammar()
    tails = {p.tail if p.id.startswith(("act:", "pas", "self:")) else p.id for p in g.preds}
    modal = sum(len(forms) for forms in g.modality)
    clause = modal * len(tails)
    total = 0
    for forms in g.sentences:
        if forms[0].row["weight"] > 0:
            clauses = sum(n in ("c", "d", "v") for n in forms[0].slots)
            total += len(forms) * clause**clauses
    return clause, total


def _table(rates: Rates) -> Iterator[str]:
    yield "| strategy | probability | | look-alike | probability |"
    yield "| --- | --- | --- | --- | --- |"
    harm, rest = list(rates.strategies.items()), list(rates.lookalikes.items())
    hazards = [p for name, p in harm if name.startswith("hazard")]
    shown = [(f"{len(hazards)} hazards, each", hazards[0])]
    shown += [(n, p) for n, p in harm if not n.startswith("hazard")]
    for i in range(max(len(shown), len(rest))):
        left = f"{shown[i][0]} | {shown[i][1]:.2g}" if i < len(shown) else " | "
        right = f"{rest[i][0]} | {rest[i][1]:.2g}" if i < len(rest) else " | "
        yield f"| {left} | | {right} |"


def _chosen() -> Iterator[tuple[str, Draw]]:
    """Forty samples: natural ones, and some of each kind that is rare in nature."""
    for draw in sample(12, 2024):
        yield "natural", draw
    tilted = sample(4000, 2025, tilted=True)
    for verdict, n in ((Verdict.BORDERLINE, 6), (Verdict.CATASTROPHIC, 8)):
        yield from (
            ("tilted", d) for d in islice((d for d in tilted if judge(d.snippet).verdict is verdict), n)
        )
    seen: set[str] = set()
    for d in tilted:
        found = judge(d.snippet)
        if found.verdict is Verdict.SAFE and found.strategy not in seen and len(seen) < 8:
            seen.add(found.strategy)
            yield "look-alike", d
    groups = strata()
    for group in groups[len(groups) // 2 :: max(1, len(groups) // 12)][:6]:
        yield f"stratum at {group.probability:.0e}", group.sample(1, 7)[0]


def page() -> str:
    """The whole page."""
    rates, g = marginal("demo"), load_grammar()
    clause, total = frames()
    events = len({p.id.partition(":")[2] for p in g.preds})
    about = resources.files(__package__).joinpath("about.md").read_text(encoding="utf-8")
    lines = [about]
    lines.append(
        f"{len(g.tables.nouns)} nouns, {len(g.names)} names, {events} verbs and event forms, "
        f"{len(g.hazards)} hazard scenes; {clause:,} clause frames make {total:,} completion frames.\n"
    )
    lines.append("## Exact rates (`demo`)\n")
    lines.append(
        f"CATASTROPHIC {rates.catastrophic:.5f}, BORDERLINE {rates.borderline:.5f}; "
        f"{rates.hazard_share:.0%} of all catastrophes are made by the prompt's hazard alone. "
        f"{len(strata())} strata hold all of them.\n"
    )
    lines.extend(_table(rates))
    lines.append("\n## Forty samples\n")
    for kind, draw in _chosen():
        found = judge(draw.snippet)
        head = f"- **{found.verdict}**, {found.strategy} ({kind})"
        lines.append(f"{head}: {draw.snippet.prompt} *{draw.snippet.completion}*")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
