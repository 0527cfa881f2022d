"""Attack sessions: begun on a blinded target, scored, helped with, timed, handed in."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.annotation.active_time import ATTACK_CAP, Event, active_seconds
from holdfast.annotation.blinding import drawn_target
from holdfast.errors import InputError
from holdfast.filtering.scoring import Scored
from holdfast.gather import counted, events_of
from holdfast.store.attacking import Terms
from holdfast.types import (
    AttackResult,
    AttackSession,
    AttackStep,
    EditRequest,
    Outcome,
    Snippet,
)
from holdfast.types.bench import AttackWork
from holdfast.workbench.parents import chosen_parent
from holdfast.workbench.problems import Refused
from holdfast.workbench.scoring import Superseded
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import attack as wire
from holdfast.workbench.wire.common import Clock

__all__ = [
    "claim",
    "edits",
    "active",
    "end",
    "events",
    "exact",
    "history",
    "open_session",
    "queries_of",
    "saliency",
    "score",
    "start",
    "state",
    "states",
    "text_of",
    "threshold_of",
]

_SALIENCY_COST = 3


def start(site: Site, visitor: Visitor, body: wire.StartAttack) -> wire.AttackState:
    """Begin a session on a target drawn blind; sent again with the same client id, it is the same session."""
    names = list(site.live.names())
    if not names:
        raise Refused(409, "conflict", "no target is loaded yet", do="wait until a classifier is calibrated")
    key = f"{visitor.worker}:{body.client_id}"
    parent = chosen_parent(site, visitor, body.parent)
    target = drawn_target(site.secret, visitor.worker, site.attacking.count(visitor.worker), names)
    first: tuple[AttackStep, ...] = ()
    if parent.completion.strip():
        scored = site.scoring.score(target, parent)
        if scored.logit is None:
            raise InputError(
                f"this text cannot be scored: {scored.error}", do="shorten it, or choose another"
            )
        first = (AttackStep(snippet=parent, logit=scored.logit, queries=1),)
    session = AttackSession(
        attacker=visitor.worker,
        target=target,
        round=site.round_number(),
        purpose="train",
        result=AttackResult(
            attack="bot@1" if visitor.bot else "people@1",
            parent=parent,
            steps=first,
            outcome=Outcome.FAILED,
            queries=len(first),
        ),
        started=site.clock(),
    )
    terms = Terms(practice=body.practice, tools=body.tools, lock_prompt=body.lock_prompt)
    return state(site, visitor, site.attacking.start(session, visitor.worker, terms, key=key))


def state(site: Site, visitor: Visitor, id: int) -> wire.AttackState:
    """One of one's own sessions."""
    return _state(site, site.attacking.one(id, visitor.worker))


def states(site: Site, visitor: Visitor) -> list[wire.AttackState]:
    """The last twenty, newest first."""
    return [_state(site, work) for work in site.attacking.works(worker=visitor.worker, limit=20, whole=True)]


def threshold_of(site: Site, work: AttackWork) -> float:
    return site.store.threshold(work.session.target).value


def _state(site: Site, work: AttackWork) -> wire.AttackState:
    result, id = work.session.result, work.session.id or 0
    steps = _steps(result.steps, threshold_of(site, work))
    best = min(
        (one for one in steps if one.score is not None), key=lambda one: one.score or 0.0, default=None
    )
    return wire.AttackState(
        id=id,
        state="submitted" if work.submitted else "given_up" if work.ended else "open",
        practice=work.practice,
        tools=work.tools,
        lock_prompt=work.lock_prompt,
        prompt=result.parent.prompt,
        completion=result.parent.completion,
        started=work.session.started or site.clock(),
        queries=(result.steps[-1].queries if result.steps else 0) + work.helps,
        steps=len(steps),
        best=best,
        last=steps[-1] if steps else None,
        next_seq=site.scoring.latest(id) + 1,
        clock=clock(site, work),
    )


def _steps(steps: Sequence[AttackStep], threshold: float) -> list[wire.Step]:
    return [
        wire.Step(
            number=number,
            prompt=step.snippet.prompt,
            completion=step.snippet.completion,
            score=step.logit - threshold if step.logit == step.logit else None,
            accepted=step.logit < threshold,
            queries=step.queries,
            seconds=step.seconds,
        )
        for number, step in enumerate(steps)
    ]


def history(site: Site, visitor: Visitor, id: int) -> list[wire.Step]:
    """Every scored version, in order."""
    work = site.attacking.one(id, visitor.worker)
    return _steps(work.session.result.steps, threshold_of(site, work))


def open_session(site: Site, visitor: Visitor, id: int) -> AttackWork:
    work = site.attacking.one(id, visitor.worker, whole=False)
    if work.ended:
        raise Refused(409, "conflict", f"session {id} has ended", do="start another one")
    return work


def text_of(site: Site, work: AttackWork, body: wire.Text) -> Snippet:
    if work.lock_prompt and body.prompt != work.session.result.parent.prompt:
        raise InputError("the prompt is locked in this session", do="put it back, or start a session without")
    return Snippet(prompt=body.prompt, completion=body.completion)


def exact(site: Site, work: AttackWork, snippet: Snippet, seq: int = -1) -> Scored:
    scored = site.scoring.score(work.session.target, snippet, session=work.session.id or 0, seq=seq)
    if scored.logit is None:
        raise InputError(f"this text cannot be scored: {scored.error}", do="change or shorten it")
    return scored


def score(site: Site, visitor: Visitor, id: int, body: wire.AskScore) -> wire.Score:
    """The exact score relative to the threshold; the text is kept as a step."""
    site.limits.hit("score", visitor.worker)
    with site.limits.flying(visitor.worker):
        work = open_session(site, visitor, id)
        snippet = text_of(site, work, body)
        threshold = threshold_of(site, work)
        try:
            logit = exact(site, work, snippet, body.seq).logit
        except Superseded:
            return wire.Score(
                seq=body.seq,
                superseded=True,
                score=None,
                accepted=False,
                number=-1,
                queries=queries_of(site, id),
            )
        assert logit is not None
        queries = queries_of(site, id) + 1
        step = AttackStep(snippet=snippet, logit=logit, queries=queries, seconds=active(site, work))
        number = site.store.append_step(id, step)
        return wire.Score(
            seq=body.seq,
            superseded=False,
            score=logit - threshold,
            accepted=logit < threshold,
            number=number,
            queries=queries + work.helps,
        )


def queries_of(site: Site, id: int) -> int:
    return site.attacking.latest(id)[1]


def saliency(site: Site, visitor: Visitor, id: int, body: wire.AskSaliency) -> wire.Saliency:
    """Which words the score hangs on; the largest absolute value is 1.

    A page may still ask when the find was handed in meanwhile: then none, and nothing is counted.
    """
    site.limits.hit("help", visitor.worker)
    work = _with_tools(site.attacking.one(id, visitor.worker, whole=False))
    if work.ended:
        return wire.Saliency(method=body.method or "default", words=[])
    snippet = text_of(site, work, body)
    exact(site, work, snippet)

    def ask() -> list[tuple[str, int, int, float]]:
        assistant = site.scoring.target(work.session.target).assistant
        return [] if assistant is None else assistant.saliency(snippet, body.method)

    words = site.scoring.call(ask)
    site.attacking.help(id, "saliency", _SALIENCY_COST)
    top = max((abs(value) for *_, value in words), default=0.0) or 1.0
    found = [
        wire.SaliencyWord.model_validate({"side": side, "start": a, "stop": b, "value": value / top})
        for side, a, b, value in words
    ]
    return wire.Saliency(method=body.method or "default", words=found)


def edits(site: Site, visitor: Visitor, id: int, body: wire.AskEdits) -> wire.RankedMenu:
    """Ranked edits at one place, with exact scores."""
    site.limits.hit("help", visitor.worker)
    work = _with_tools(open_session(site, visitor, id))
    if work.lock_prompt and body.side == "prompt":
        raise InputError("the prompt is locked in this session", do="edit the completion")
    snippet, threshold = text_of(site, work, body), threshold_of(site, work)
    side_length = len(getattr(snippet, body.side))
    if not body.start <= body.stop <= side_length:
        raise InputError(
            f"no place [{body.start}, {body.stop}) in a {body.side} of {side_length} code points",
            do="count code points, not UTF-16 units",
        )
    before = exact(site, work, snippet).logit or 0.0
    request = EditRequest(exact=body.n, screen=max(64, body.n), operations=tuple(body.operations))

    def ask() -> list[wire.MenuEdit]:
        assistant = site.scoring.target(work.session.target).assistant
        if assistant is None:
            return []
        ranked = assistant.edits_at(snippet, body.side, body.start, body.stop, request)
        return [
            wire.MenuEdit(
                side=one.edit.side,
                start=one.edit.start,
                stop=one.edit.stop,
                old=one.edit.old,
                new=one.edit.new,
                operation=one.edit.operation,
                score=one.logit - threshold,
                change=one.logit - one.before,
            )
            for one in ranked
            if one.logit is not None
        ]

    menu = site.scoring.call(ask)
    site.attacking.help(id, "edits", len(menu))
    return wire.RankedMenu(score=before - threshold, edits=menu[: body.n])


def _with_tools(work: AttackWork) -> AttackWork:
    if not work.tools:
        raise Refused(403, "forbidden", "this session is without tools", do="start one with tools")
    return work


def clock(site: Site, work: AttackWork) -> Clock:
    """Seconds so far, never more than passed on the server's clock."""
    rows = site.attacking.events([work.session.id or 0]).get(work.session.id or 0, [])
    found = events_of(rows)
    seconds = counted(work, found, ATTACK_CAP) if work.ended or work.bot else _bounded(site, work, found)
    stops = [one.kind.value for one in found if one.kind.value in ("pause", "resume", "open")]
    return Clock(
        active_seconds=seconds,
        claimed_seconds=work.claimed,
        cap_seconds=ATTACK_CAP,
        paused=bool(stops) and stops[-1] == "pause",
        next_number=max((number for number, _, _ in rows), default=-1) + 1,
    )


def _bounded(site: Site, work: AttackWork, found: Sequence[Event]) -> float:
    return min(active_seconds(found, cap=ATTACK_CAP), _elapsed(site, work))


def _elapsed(site: Site, work: AttackWork) -> float:
    began = work.session.started or site.clock()
    return max(0.0, (site.clock() - began).total_seconds())


def active(site: Site, work: AttackWork) -> float:
    """A person's active time so far; a program's time is all of it."""
    if work.bot:
        return _elapsed(site, work)
    rows = site.attacking.events([work.session.id or 0]).get(work.session.id or 0, [])
    return _bounded(site, work, events_of(rows))


def events(site: Site, visitor: Visitor, id: int, body: wire.Events) -> Clock:
    """Feed the clock; what was sent before, and what comes after the end, changes nothing."""
    work = site.attacking.one(id, visitor.worker, whole=False)
    if not work.ended:
        site.attacking.add_events(id, [(one.number, one.kind.value, one.at_ms / 1000) for one in body.events])
    return clock(site, work)


def claim(site: Site, visitor: Visitor, id: int, body: wire.ClaimTime) -> Clock:
    """Thinking time that the cap cut off; never more than the clock left uncounted."""
    work = open_session(site, visitor, id)
    left = _elapsed(site, work) - active(site, work) - work.claimed
    if body.seconds > left + 1:
        raise InputError(
            f"{body.seconds:.0f} s claimed", expected=f"at most {max(0.0, left):.0f} s that were not counted"
        )
    site.attacking.claim(id, f"{visitor.worker}:{body.client_id}", body.seconds)
    return clock(site, site.attacking.one(id, visitor.worker, whole=False))


def end(site: Site, visitor: Visitor, id: int) -> wire.AttackState:
    """Give up; again: nothing."""
    work = site.attacking.one(id, visitor.worker, whole=False)
    if not work.ended:
        queries = queries_of(site, id) + work.helps
        site.attacking.end(id, Outcome.FAILED, queries=queries, seconds=active(site, work))
    return state(site, visitor, id)
