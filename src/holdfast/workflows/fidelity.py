"""Which saliency map and which prefilter to trust for a target: measured on its held-out parents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from holdfast.errors import ConfigError, InputError
from holdfast.provenance import hash_text
from holdfast.types import Split
from holdfast.workflows.attack import parents
from holdfast.workflows.calibrate import newest_target
from holdfast.workflows.estimate import announce, scoring_rate
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

if TYPE_CHECKING:
    from holdfast.types import StoredSnippet

__all__ = ["LEAST", "fidelity"]

LEAST = 30
"""Texts below which the tables are not made: maps that order one text's words well order another's badly."""
SUBSTITUTES = 16
"""Of each word, for the true change by its best substitute."""
CHANGES = {"deletion": "deleted", "mask": "masked", "substitution": "best substitute"}
"""What is done to a word, and the head of its column."""


def fidelity(
    workspace: Workspace, *, target: str = "", texts: int = 40, words: int = 8, proposals: int = 40
) -> Outcome:
    """Both tables for `target` (default: the newest classifier), from `texts` held-out parents.

    words, proposals: how many words of a text the prefilters are tried on, and substitutes of each at most.
    What was measured already is shown again. Raises ConfigError for too few, InputError where the workspace
    does not have so many.
    """
    if texts < LEAST or words < 1 or proposals < 2:
        raise ConfigError(
            f"--texts {texts} --words {words} --proposals {proposals}",
            expected=f"at least {LEAST} texts, one word and 2 proposals",
        )
    name = target or newest_target(workspace)
    workspace.target(name)
    chosen = parents(workspace, "measure", texts, 0)
    if len(chosen) < LEAST:
        raise InputError(
            f"{len(chosen)} held-out parents", expected=f"at least {LEAST}", do="label or import more"
        )
    population = f"{len(chosen)} held-out parents, {words} words, {proposals} proposals"
    stored = workspace.store.measurements(kind="fidelity", target=name)
    found = next((m.result for m in stored if m.population == population), None)
    if found is None:
        found = _measured(workspace, name, chosen, words, proposals)
        workspace.store.add_measurement(
            kind="fidelity",
            target=name,
            round=0,
            population=population,
            result=found,
            run_id=workspace.run_id,
        )
    text = "\n".join([f"{name}: {population}", *_map_lines(found), *_prefilter_lines(found)])
    result = {"table": _flat(found), "target": name, "population": population, **found}
    return Outcome(result=result, text=text, outputs={"fidelity": hash_text(json.dumps(found))})


def _measured(
    workspace: Workspace, name: str, chosen: Sequence[StoredSnippet], words: int, proposals: int
) -> dict[str, Any]:
    """{maps: rows, prefilters: rows}, plain."""
    from holdfast.attacks.fidelity import compare_methods
    from holdfast.attacks.prefilter import compare_prefilters
    from holdfast.edits.words import words as split

    classifier, proposer = workspace.classifier(name), workspace.proposer(Split.TEST)
    snippets, families = [s.snippet for s in chosen], [s.family for s in chosen]
    length = sum(len(split(s.prompt)) + len(split(s.completion)) for s in snippets)
    # Per word: deleted twice (truth and map), masked, substitutes; three maps by gradients; the prefilters.
    work = length * (4 + SUBSTITUTES) + len(snippets) * (110 + words * (proposals + 3))
    announce(workspace, f"fidelity of {name}", work, scoring_rate(classifier, snippets))
    maps = []
    for change in CHANGES:
        given = proposer if change == "substitution" else None
        rows = compare_methods(classifier, snippets, change=change, proposer=given, families=families)  # type: ignore[arg-type]
        maps += [asdict(row) for row in rows]
    prefilters = compare_prefilters(
        classifier, snippets, proposer, words=words, proposals=proposals, families=families
    )
    return {"maps": maps, "prefilters": [asdict(row) for row in prefilters]}


def _flat(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every figure of both tables as a row of its own."""
    rows = []
    for row in found["maps"]:
        rows.append(
            _figure(f"map {row['method']}", f"correlation with {row['change']}", row, row["interval"])
        )
    for row in found["prefilters"]:
        who = f"prefilter {row['prefilter']}, one {row['scope']}"
        rows.append(_figure(who, "exact scores needed", row, row["needed"]))
        rows += [_figure(who, f"share kept by {cut}", row, interval) for cut, interval in row["kept"]]
    return rows


def _figure(who: str, what: str, row: dict[str, Any], interval: dict[str, Any]) -> dict[str, Any]:
    kept = ("estimate", "lower", "upper", "confidence")
    plain = {name: interval[name] for name in kept}
    return {"of": who, "figure": what, **plain, "texts": row["texts"], "method": interval["method"]}


def _map_lines(found: dict[str, Any]) -> list[str]:
    """One line a map, one column a change."""
    by_place = {(row["method"], row["change"]): row for row in found["maps"]}
    methods = dict.fromkeys(row["method"] for row in found["maps"])
    cells = [["map", *CHANGES.values()]]
    for method in methods:
        row = [method]
        for change in CHANGES:
            known = by_place.get((method, change))
            row.append("the truth itself" if known is None else _limits(known["interval"], "+.2f"))
        cells.append(row)
    title = "mean rank correlation of each map with the change of the logit when each word is changed"
    return ["", title, *_aligned(cells)]


def _prefilter_lines(found: dict[str, Any]) -> list[str]:
    """One table a scope."""
    lines: list[str] = []
    for scope, title in (("text", "proposals for all words together"), ("word", "proposals for one word")):
        rows = [row for row in found["prefilters"] if row["scope"] == scope]
        cuts = [cut for cut, _ in rows[0]["kept"]]
        cells = [["prefilter", "scores to 90 % of the best drop", "median", *(f"kept by {c}" for c in cuts)]]
        for row in rows:
            kept = [_limits(interval, ".2f") for _, interval in row["kept"]]
            cells.append([row["prefilter"], _limits(row["needed"], ".1f"), f"{row['middle']:.1f}", *kept])
        size = rows[0]["proposals"]
        lines += ["", f"{title}, {size:.0f} on average, {rows[0]['texts']} texts", *_aligned(cells)]
    return lines


def _limits(interval: dict[str, Any], form: str) -> str:
    """An estimate with its limits."""
    estimate, lower, upper = (format(interval[k], form) for k in ("estimate", "lower", "upper"))
    return f"{estimate} [{lower}, {upper}]"


def _aligned(cells: list[list[str]]) -> list[str]:
    """Columns of equal width, the first one to the left."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]
