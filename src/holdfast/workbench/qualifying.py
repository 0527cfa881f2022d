"""The qualification test: known items, told as such, before anything counts."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.annotation import leases, qualification
from holdfast.annotation.blinding import opaque_id
from holdfast.annotation.rules import latest
from holdfast.types import Verdict
from holdfast.types.queue import Held
from holdfast.workbench.mixing import lend, unseen
from holdfast.workbench.site import Site
from holdfast.workbench.wire import label as wire

__all__ = ["next_of_test", "qualified"]


def qualified(site: Site, worker: str) -> wire.Qualification:
    """Where a person stands; begins no test."""
    tests = site.known.tests(worker)
    results = _results(site, worker, tests)
    passed = qualification.qualify([result for result, whole in results if whole])
    attempt = len(tests)
    answered = of = 0
    if tests:
        said = _said(site, worker, tests[attempt])
        answered, of = len(said), len(tests[attempt])
    open_attempt = bool(tests) and not results[-1][1]
    ready = open_attempt or _fresh_test(site, worker) is not None
    state = (
        "passed"
        if passed or not site.settings.qualify
        else "failed"
        if passed is False
        else "open"
        if ready
        else "not_ready"
    )
    return wire.Qualification.model_validate(
        {
            "required": site.settings.qualify,
            "state": state,
            "answered": answered,
            "of": of or 2 * qualification.ITEMS,
            "attempt": max(1, attempt),
            "attempts": qualification.ATTEMPTS,
        }
    )


def _said(site: Site, worker: str, ids: Sequence[str]) -> dict[str, Verdict]:
    found = {}
    for id, marks in site.store.annotations(ids, worker).items():
        found[id] = latest(marks)[-1].judgement.verdict
    return found


def _results(site: Site, worker: str, tests: dict[int, list[str]]) -> list[tuple[qualification.Result, bool]]:
    """(result, whether all items were answered) of each attempt; retired items no longer count."""
    truth = {g.snippet_id: g.verdict for g, _ in site.known.items(served=True) if g.retired is None}
    found = []
    for ids in tests.values():
        said = _said(site, worker, ids)
        pairs = [(truth[id], verdict) for id, verdict in said.items() if id in truth]
        retired = sum(id not in truth for id in ids)
        found.append((qualification.score(pairs, retired=retired), len(said) == len(ids)))
    return found


def _fresh_test(site: Site, worker: str) -> list[str] | None:
    """As many unseen catastrophes as harmless ones; None where the project has too few."""
    fresh = unseen(site, worker)
    bad = [g.snippet_id for g in fresh if g.verdict.strict][: qualification.ITEMS]
    fine = [g.snippet_id for g in fresh if not g.verdict.strict][: qualification.ITEMS]
    return bad + fine if min(len(bad), len(fine)) == qualification.ITEMS else None


def next_of_test(site: Site, worker: str) -> list[Held]:
    """The next items of the open attempt, in an order that says nothing; begins one where none is open."""
    tests = site.known.tests(worker)
    results = _results(site, worker, tests)
    if not tests or results[-1][1]:
        fresh = _fresh_test(site, worker)
        if fresh is None:
            return []
        site.known.begin_test(worker, len(tests) + 1, fresh)
        tests = site.known.tests(worker)
    ids = tests[max(tests)]
    said = _said(site, worker, ids)
    left = sorted((id for id in ids if id not in said), key=lambda id: opaque_id(site.secret, worker, id))
    return lend(site, worker, left[: leases.PREFETCH], "test")
