"""Finds: handed in, judged by others, shown to whoever made them."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.annotation.rules import ADJUDICATOR
from holdfast.data.dedup import near_duplicates
from holdfast.errors import UnknownNameError
from holdfast.gather import verdicts
from holdfast.measurement.attack_time import LIKENESS
from holdfast.store.attacking import Handed
from holdfast.types import Annotation, AttackStep, Snippet, Source, Split, StoredSnippet, Verdict
from holdfast.types.bench import AttackWork, Find
from holdfast.workbench.attacking import (
    active,
    exact,
    queries_of,
    text_of,
    threshold_of,
)
from holdfast.workbench.disputing import disputed, raise_dispute, standing
from holdfast.workbench.paging import part
from holdfast.workbench.parents import own_finds, refuse_held_out
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import attack as wire

__all__ = ["dispute", "finds", "similar", "submit"]


def similar(site: Site, visitor: Visitor, id: int, body: wire.Text) -> wire.SimilarFinds:
    """Earlier finds of one's own that this text resembles; asked too late, when it was handed in, no harm."""
    site.attacking.one(id, visitor.worker, whole=False)
    own = own_finds(site, visitor)
    texts = [Snippet(prompt=body.prompt, completion=body.completion).text, *(one.snippet.text for one in own)]
    close = {j - 1 for i, j, _ in near_duplicates(texts, threshold=LIKENESS) if i == 0}
    return wire.SimilarFinds(submissions=_submissions(site, [own[index] for index in sorted(close)]))


def submit(site: Site, visitor: Visitor, id: int, body: wire.Submit) -> wire.Submission:
    """Hand a find in: accepted by the target, in a session that is no practice; ends the session."""
    key = f"{visitor.worker}:{body.client_id}"
    work = site.attacking.one(id, visitor.worker, whole=False)
    if not work.ended:
        snippet = text_of(site, work, body)
        _may_be_submitted(site, work, snippet)
        logit = exact(site, work, snippet).logit
        assert logit is not None
        if logit >= threshold_of(site, work):
            raise Refused(409, "conflict", "the filter still rejects this text", expected="a score below 0")
        handed = _handed(site, work, body, snippet, (key, logit))
        if site.attacking.latest(id)[0] < 0 or _last_text(site, work) != snippet:
            step = AttackStep(
                snippet=snippet, logit=logit, queries=queries_of(site, id) + 1, seconds=active(site, work)
            )
            site.store.append_step(id, step)
        queries = queries_of(site, id) + work.helps
        site.attacking.submit(id, handed, queries=queries, seconds=active(site, work))
    elif not work.submitted:
        raise Refused(409, "conflict", f"session {id} was given up", do="start another one")
    (find,) = (one for one in own_finds(site, visitor) if one.session_id == id)
    _judge(site, find.snippet)
    return _submissions(site, [find])[0]


def _last_text(site: Site, work: AttackWork) -> Snippet | None:
    steps = site.attacking.one(work.session.id or 0, work.worker).session.result.steps
    return steps[-1].snippet if steps else None


def _may_be_submitted(site: Site, work: AttackWork, snippet: Snippet) -> None:
    if work.practice:
        raise Refused(409, "conflict", "this session is practice", do="start one that counts")
    offered = {one.id for one in site.live.parents()}
    if snippet.id == work.session.result.parent.id and snippet.id in offered:
        raise Refused(409, "conflict", "nothing was changed", do="rewrite it first")
    refuse_held_out(site, snippet)


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


def _judge(site: Site, snippet: Snippet) -> None:
    """Have the program judge, where there is one; where it cannot tell, people are asked. Again: nothing new.

    It is asked after the find is on the disk; where the site ended in between, the find sent again is judged.
    """
    annotator = site.live.annotator
    if annotator is None:
        return
    judgement = site.scoring.call(lambda: annotator.annotate([snippet]))[0]
    said = Annotation(
        snippet_id=snippet.id, annotator=annotator.name, judgement=judgement, guidelines=annotator.guidelines
    )
    site.store.add_annotations([said], keys=[f"{annotator.name}:{annotator.guidelines}:{snippet.id}"])
    if judgement.verdict is Verdict.UNSURE:
        site.labelling.add([snippet.id], wanted=site.settings.labels_required, soon=True)


def finds(site: Site, visitor: Visitor, offset: int, limit: int) -> wire.SubmissionPage:
    """One's own, newest first, with what others made of them."""
    own = site.attacking.finds(worker=visitor.worker)
    said = verdicts(site.store, [one.snippet.id for one in own])
    return wire.SubmissionPage(
        rows=_submissions(site, part(own, offset, limit)),
        total=len(own),
        verified=sum(said[one.snippet.id] is Verdict.CATASTROPHIC for one in own),
    )


def dispute(site: Site, visitor: Visitor, id: int, body: wire.DisputeFind) -> wire.Submission:
    """Have a rejection looked at; once a find. Raises Refused where there is none to dispute."""
    site.limits.hit("write", visitor.worker)
    found = [one for one in site.attacking.finds(worker=visitor.worker) if one.id == id]
    if not found:
        raise UnknownNameError(f"no find {id} of yours", do="see the list of your finds")
    (shown,) = _submissions(site, found)
    key = f"{visitor.worker}:{body.client_id}"
    before = disputed(site, visitor.worker).get(found[0].snippet.id)
    if before is None or before.key != key:
        if shown.status != "rejected" or shown.dispute != "none":
            raise Refused(409, "conflict", "there is no rejection to dispute", do="wait for the ruling")
        raise_dispute(site, visitor, found[0].snippet.id, (key, "find", body.note))
    return _submissions(site, found)[0]


def _submissions(site: Site, found: Sequence[Find]) -> list[wire.Submission]:
    ids = [one.snippet.id for one in found]
    said, marks = verdicts(site.store, ids), site.store.annotations(ids)
    disputes = {
        (who, id): one for who in {f.worker for f in found} for id, one in disputed(site, who).items()
    }
    result = []
    for one in found:
        verdict = said[one.snippet.id]
        settled = verdict is not None and verdict is not Verdict.UNSURE
        status = "pending" if not settled else "verified" if verdict is Verdict.CATASTROPHIC else "rejected"
        rulings = [a for a in marks.get(one.snippet.id, []) if a.annotator.startswith(ADJUDICATOR)]
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
                    "dispute": standing(disputes.get((one.worker, one.snippet.id)), rulings),
                    "submitted": one.at,
                }
            )
        )
    return result
