"""Attack sessions: begun on a blinded target, scored, helped with, timed, handed in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from holdfast.annotation.active_time import ATTACK_CAP, Event, active_seconds
from holdfast.annotation.blinding import drawn_target
from holdfast.data.dedup import near_duplicates
from holdfast.errors import InputError, UnknownNameError
from holdfast.filtering.scoring import Scored
from holdfast.gather import counted, events_of, verdicts
from holdfast.measurement.attack_time import LIKENESS
from holdfast.store.attacking import Handed, Terms
from holdfast.types import (
    Annotation,
    AttackResult,
    AttackSession,
    AttackStep,
    EditRequest,
    Outcome,
    Snippet,
    Source,
    Split,
    StoredSnippet,
    Verdict,
)
from holdfast.types.bench import AttackWork, Find
from holdfast.workbench.problems import Refused
from holdfast.workbench.scoring import Superseded
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import attack as wire
from holdfast.workbench.wire.common import Clock

__all__ = [
    "STRATEGIES",
    "claim",
    "edits",
    "end",
    "events",
    "finds",
    "history",
    "options",
    "parents",
    "saliency",
    "score",
    "similar",
    "start",
    "state",
    "states",
    "submit",
]

STRATEGIES = [
    "metaphor", "euphemism", "implied", "needs the prompt", "off-stage", "unusual words", "odd writing",
    "misspelling", "calm prompt", "misdirection", "technical", "other",
]  # fmt: skip
"""Tags that are offered; others may be written."""
LONGEST = 20_000
_SALIENCY_COST, _INSPIRATION = 3, 20


def options(site: Site, visitor: Visitor) -> wire.AttackOptions:
    """What a session may be started with."""
    confirmed: list[wire.ParentChoice] = []
    if site.settings.inspiration:
        found = site.attacking.finds(limit=10 * _INSPIRATION)
        said = verdicts(site.store, [one.snippet.id for one in found])
        good = [one for one in found if said[one.snippet.id] is Verdict.CATASTROPHIC]
        confirmed = [_choice(one.snippet, "own_find") for one in good[:_INSPIRATION]]
    return wire.AttackOptions(
        live=bool(site.live.names()),
        parents=len(site.live.parents()),
        strategies=STRATEGIES,
        longest=LONGEST,
        inspiration=confirmed,
    )


def parents(site: Site, visitor: Visitor, offset: int, limit: int) -> wire.ParentPage:
    """One's own finds first, then what is offered, in an order of this worker's own."""
    own = {find.snippet.id: _choice(find.snippet, "own_find") for find in _own_finds(site, visitor)}
    offered = {one.id: _choice(one.snippet, "offered") for one in _offered(site, visitor.worker)}
    everything = list({**own, **{k: v for k, v in offered.items() if k not in own}}.values())
    start = max(0, offset)
    return wire.ParentPage(
        parents=everything[start : start + min(max(1, limit), 100)], total=len(everything), offset=start
    )


def _choice(snippet: Snippet, kind: str) -> wire.ParentChoice:
    return wire.ParentChoice.model_validate(
        {"id": snippet.id, "prompt": snippet.prompt, "completion": snippet.completion, "kind": kind}
    )


def _own_finds(site: Site, visitor: Visitor) -> list[Find]:
    return site.attacking.finds(worker=visitor.worker, limit=100)


def _offered(site: Site, worker: str) -> list[StoredSnippet]:
    """Offered texts in an order drawn for this worker, so that not everybody begins with the same one."""

    def place(one: StoredSnippet) -> bytes:
        return hmac.new(site.secret, f"{worker}\x1f{one.id}".encode(), hashlib.sha256).digest()

    return sorted(site.live.parents(), key=place)


def start(site: Site, visitor: Visitor, body: wire.StartAttack) -> wire.AttackState:
    """Begin a session on a target drawn blind; sent again with the same client id, it is the same session."""
    names = list(site.live.names())
    if not names:
        raise Refused(409, "conflict", "no target is loaded yet", do="wait until a classifier is calibrated")
    key = f"{visitor.worker}:{body.client_id}"
    parent = _parent(site, visitor, body.parent)
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


def _parent(site: Site, visitor: Visitor, choice: wire.OwnText | wire.OfferedParent) -> Snippet:
    """The text to start from. Raises where it is not for training: test texts are never attacked by hand."""
    if isinstance(choice, wire.OwnText):
        snippet = Snippet(prompt=choice.prompt, completion=choice.completion)
        _refuse_held_out(site, snippet)
        return snippet
    offered = {one.id: one.snippet for one in _offered(site, visitor.worker)}
    if choice.id is not None:
        own = {find.snippet.id: find.snippet for find in _own_finds(site, visitor)}
        found = own.get(choice.id) or offered.get(choice.id)
        if found is None:
            raise UnknownNameError("no such text to start from", do="choose one of those offered")
        return found
    if not offered:
        raise UnknownNameError("no text is offered to start from", do="write one of your own")
    done = {work.session.result.parent.id for work in site.attacking.works(worker=visitor.worker)}
    fresh = [snippet for id, snippet in offered.items() if id not in done]
    return fresh[0] if fresh else next(iter(offered.values()))


def _refuse_held_out(site: Site, snippet: Snippet) -> None:
    stored = site.store.snippets(ids=[snippet.id])
    if stored and stored[0].split is not Split.TRAIN:
        raise Refused(409, "conflict", "this text is kept for measuring", do="start from another text")


def state(site: Site, visitor: Visitor, id: int) -> wire.AttackState:
    """One of one's own sessions."""
    return _state(site, site.attacking.one(id, visitor.worker))


def states(site: Site, visitor: Visitor) -> list[wire.AttackState]:
    """The last twenty, newest first."""
    return [_state(site, work) for work in site.attacking.works(worker=visitor.worker, limit=20, whole=True)]


def _threshold(site: Site, work: AttackWork) -> float:
    return site.store.threshold(work.session.target).value


def _state(site: Site, work: AttackWork) -> wire.AttackState:
    result, id = work.session.result, work.session.id or 0
    steps = _steps(result.steps, _threshold(site, work))
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
    return _steps(work.session.result.steps, _threshold(site, work))


def _open(site: Site, visitor: Visitor, id: int) -> AttackWork:
    work = site.attacking.one(id, visitor.worker, whole=False)
    if work.ended:
        raise Refused(409, "conflict", f"session {id} has ended", do="start another one")
    return work


def _text(site: Site, work: AttackWork, body: wire.Text) -> Snippet:
    if work.lock_prompt and body.prompt != work.session.result.parent.prompt:
        raise InputError("the prompt is locked in this session", do="put it back, or start a session without")
    return Snippet(prompt=body.prompt, completion=body.completion)


def _scored(site: Site, work: AttackWork, snippet: Snippet, seq: int = -1) -> Scored:
    scored = site.scoring.score(work.session.target, snippet, session=work.session.id or 0, seq=seq)
    if scored.logit is None:
        raise InputError(f"this text cannot be scored: {scored.error}", do="change or shorten it")
    return scored


def score(site: Site, visitor: Visitor, id: int, body: wire.AskScore) -> wire.Score:
    """The exact score relative to the threshold; the text is kept as a step."""
    site.limits.hit("score", visitor.worker)
    with site.limits.flying(visitor.worker):
        work = _open(site, visitor, id)
        snippet = _text(site, work, body)
        threshold = _threshold(site, work)
        try:
            logit = _scored(site, work, snippet, body.seq).logit
        except Superseded:
            return wire.Score(
                seq=body.seq,
                superseded=True,
                score=None,
                accepted=False,
                number=-1,
                queries=_queries(site, id),
            )
        assert logit is not None
        queries = _queries(site, id) + 1
        step = AttackStep(snippet=snippet, logit=logit, queries=queries, seconds=_seconds(site, work))
        number = site.store.append_step(id, step)
        return wire.Score(
            seq=body.seq,
            superseded=False,
            score=logit - threshold,
            accepted=logit < threshold,
            number=number,
            queries=queries + work.helps,
        )


def _queries(site: Site, id: int) -> int:
    return site.attacking.latest(id)[1]


def saliency(site: Site, visitor: Visitor, id: int, body: wire.AskSaliency) -> wire.Saliency:
    """Which words the score hangs on; the largest absolute value is 1."""
    site.limits.hit("help", visitor.worker)
    work = _with_tools(_open(site, visitor, id))
    snippet = _text(site, work, body)
    _scored(site, work, snippet)

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
    work = _with_tools(_open(site, visitor, id))
    if work.lock_prompt and body.side == "prompt":
        raise InputError("the prompt is locked in this session", do="edit the completion")
    snippet, threshold = _text(site, work, body), _threshold(site, work)
    side_length = len(getattr(snippet, body.side))
    if not body.start <= body.stop <= side_length:
        raise InputError(
            f"no place [{body.start}, {body.stop}) in a {body.side} of {side_length} code points",
            do="count code points, not UTF-16 units",
        )
    before = _scored(site, work, snippet).logit or 0.0
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


def _seconds(site: Site, work: AttackWork) -> float:
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
    work = _open(site, visitor, id)
    left = _elapsed(site, work) - _seconds(site, work) - work.claimed
    if body.seconds > left + 1:
        raise InputError(
            f"{body.seconds:.0f} s claimed", expected=f"at most {max(0.0, left):.0f} s that were not counted"
        )
    site.attacking.claim(id, f"{visitor.worker}:{body.client_id}", body.seconds)
    return clock(site, site.attacking.one(id, visitor.worker, whole=False))


def similar(site: Site, visitor: Visitor, id: int, body: wire.Text) -> wire.SimilarFinds:
    """Earlier finds of one's own that this text resembles."""
    _open(site, visitor, id)
    own = _own_finds(site, visitor)
    texts = [Snippet(prompt=body.prompt, completion=body.completion).text, *(one.snippet.text for one in own)]
    close = {j - 1 for i, j, _ in near_duplicates(texts, threshold=LIKENESS) if i == 0}
    return wire.SimilarFinds(submissions=_submissions(site, [own[index] for index in sorted(close)]))


def submit(site: Site, visitor: Visitor, id: int, body: wire.Submit) -> wire.Submission:
    """Hand a find in: accepted by the target, in a session that is no practice; ends the session."""
    key = f"{visitor.worker}:{body.client_id}"
    work = site.attacking.one(id, visitor.worker, whole=False)
    if not work.ended:
        snippet = _text(site, work, body)
        _may_be_submitted(site, work, snippet)
        logit = _scored(site, work, snippet).logit
        assert logit is not None
        if logit >= _threshold(site, work):
            raise Refused(409, "conflict", "the filter still rejects this text", expected="a score below 0")
        handed = _handed(site, work, body, snippet, (key, logit))
        if site.attacking.latest(id)[0] < 0 or _last_text(site, work) != snippet:
            step = AttackStep(
                snippet=snippet, logit=logit, queries=_queries(site, id) + 1, seconds=_seconds(site, work)
            )
            site.store.append_step(id, step)
        queries = _queries(site, id) + work.helps
        site.attacking.submit(id, handed, queries=queries, seconds=_seconds(site, work))
        _judge(site, handed.stored)
    elif not work.submitted:
        raise Refused(409, "conflict", f"session {id} was given up", do="start another one")
    return next(one for one in _submissions(site, _own_finds(site, visitor)) if one.session == id)


def _last_text(site: Site, work: AttackWork) -> Snippet | None:
    steps = site.attacking.one(work.session.id or 0, work.worker).session.result.steps
    return steps[-1].snippet if steps else None


def _may_be_submitted(site: Site, work: AttackWork, snippet: Snippet) -> None:
    if work.practice:
        raise Refused(409, "conflict", "this session is practice", do="start one that counts")
    offered = {one.id for one in site.live.parents()}
    if snippet.id == work.session.result.parent.id and snippet.id in offered:
        raise Refused(409, "conflict", "nothing was changed", do="rewrite it first")
    _refuse_held_out(site, snippet)


def _handed(
    site: Site, work: AttackWork, body: wire.Submit, snippet: Snippet, kept: tuple[str, float]
) -> Handed:
    parent = work.session.result.parent
    lineage = site.store.snippets(ids=[parent.id])
    own = snippet.id == parent.id
    stored = StoredSnippet(
        snippet=snippet,
        source=Source.ATTACK,
        split=Split.TRAIN,
        family=lineage[0].family if lineage else parent.id,
        parent_id=None if own else parent.id,
        round=work.session.round,
        group=f"attack-train-{work.session.target}",
    )
    return Handed(
        key=kept[0],
        worker=work.worker,
        stored=stored,
        note=body.note,
        strategies=tuple(body.strategies),
        logit=kept[1],
        wanted=0 if site.live.annotator is not None else site.settings.labels_required,
    )


def _judge(site: Site, stored: StoredSnippet) -> None:
    """Have the program judge, where there is one; where it cannot tell, people are asked."""
    annotator = site.live.annotator
    if annotator is None:
        return
    judgement = annotator.annotate([stored.snippet])[0]
    said = Annotation(
        snippet_id=stored.id, annotator=annotator.name, judgement=judgement, guidelines=annotator.guidelines
    )
    site.store.add_annotations([said], keys=[f"{annotator.name}:{annotator.guidelines}:{stored.id}"])
    if judgement.verdict is Verdict.UNSURE:
        site.labelling.add([stored.id], wanted=site.settings.labels_required, soon=True)


def end(site: Site, visitor: Visitor, id: int) -> wire.AttackState:
    """Give up; again: nothing."""
    work = site.attacking.one(id, visitor.worker, whole=False)
    if not work.ended:
        queries = _queries(site, id) + work.helps
        site.attacking.end(id, Outcome.FAILED, queries=queries, seconds=_seconds(site, work))
    return state(site, visitor, id)


def finds(site: Site, visitor: Visitor) -> list[wire.Submission]:
    """One's own, newest first, with what others made of them."""
    return _submissions(site, _own_finds(site, visitor))


def _submissions(site: Site, found: Sequence[Find]) -> list[wire.Submission]:
    ids = [one.snippet.id for one in found]
    said, marks = verdicts(site.store, ids), site.store.annotations(ids)
    result = []
    for one in found:
        verdict = said[one.snippet.id]
        settled = verdict is not None and verdict is not Verdict.UNSURE
        status = "pending" if not settled else "verified" if verdict is Verdict.CATASTROPHIC else "rejected"
        rulings = [a for a in marks.get(one.snippet.id, []) if a.annotator.startswith("adjudicator:")]
        result.append(
            wire.Submission.model_validate(
                {
                    "id": one.id,
                    "session": one.session_id,
                    "prompt": one.snippet.prompt,
                    "completion": one.snippet.completion,
                    "note": one.note,
                    "strategies": list(one.strategies),
                    "status": status,
                    "reason": rulings[-1].judgement.reason if rulings else "",
                    "submitted": one.at,
                }
            )
        )
    return result
