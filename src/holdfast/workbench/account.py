"""One's own account: signing in and out, what was read, what was done."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request, Response

from holdfast.annotation.active_time import ATTACK_CAP
from holdfast.annotation.wellbeing import break_due
from holdfast.errors import InputError
from holdfast.gather import counted, events_of, verdicts
from holdfast.types import Verdict
from holdfast.types.person import Account
from holdfast.workbench.accounts import ABSOLUTE
from holdfast.workbench.labelling import done_today
from holdfast.workbench.permissions import Permission
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import auth as wire
from holdfast.workbench.wire.common import Done

__all__ = [
    "accept",
    "acknowledge_notice",
    "change_password",
    "look",
    "me",
    "sign_in",
    "sign_out",
    "statement",
]


def me(site: Site, visitor: Visitor) -> wire.Me:
    """Who is asking."""
    plays = Permission.PLAYGROUND in visitor.permissions or site.settings.playground_public
    project = wire.Project(
        name=site.settings.project,
        catastrophe=site.settings.catastrophe if visitor.worker else "",
        question=site.settings.question if visitor.worker else "",
        playground=plays,
        live=bool(site.live.names()),
    )
    if not visitor.worker:
        return wire.Me(signed_in=False, project=project)
    version, text = site.notice
    return wire.Me(
        signed_in=True,
        pseudonym=visitor.worker,
        login=visitor.login,
        roles=list(visitor.roles),
        permissions=sorted(visitor.permissions),
        notice=wire.Notice(
            version=version, text=text, acknowledged=site.acknowledged(visitor.worker, "notice")
        ),
        guidelines_version=site.guidelines().version,
        guidelines_acknowledged=site.acknowledged(visitor.worker, "guidelines"),
        preferences=site.preferences(visitor.worker),
        project=project,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def sign_in(site: Site, request: Request, response: Response, body: wire.SignIn) -> wire.Me:
    """Start a session; five tries a minute for a name, thirty for an address."""
    site.limits.hit("address", _address(request))
    site.limits.hit("sign-in", body.login.casefold())
    account = site.accounts.sign_in(body.login, body.password)
    return _begin(site, request, response, account)


def _begin(site: Site, request: Request, response: Response, account: Account) -> wire.Me:
    """A fresh session, whatever cookie came along; the one that came along ends."""
    before = site.visitor(request)
    if before.session:
        site.people.end_sessions(before.worker, only=before.session)
    token, session = site.accounts.start(account, request.headers.get("user-agent", ""))
    response.set_cookie(
        site.settings.cookie,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=site.settings.secure,
        httponly=True,
        samesite="lax",
    )
    visitor = Visitor(
        worker=account.worker, login=account.login, roles=account.roles, session=session.id, bot=account.bot
    )
    return me(site, visitor)


def sign_out(site: Site, response: Response, visitor: Visitor) -> Done:
    """End this session."""
    if visitor.session:
        site.people.end_sessions(visitor.worker, only=visitor.session)
    response.delete_cookie(
        site.settings.cookie, path="/", secure=site.settings.secure, httponly=True, samesite="lax"
    )
    return Done()


def look(site: Site, request: Request, token: str) -> wire.InviteView:
    """What a link is good for."""
    site.limits.hit("invite", _address(request))
    found, login = site.accounts.look(token)
    return wire.InviteView.model_validate(
        {
            "purpose": found.purpose,
            "roles": list(found.roles),
            "login": login,
            "expires": found.expires,
            "project": site.settings.project,
        }
    )


def accept(site: Site, request: Request, response: Response, body: wire.AcceptInvite) -> wire.Me:
    """Use a link up, and be signed in."""
    site.limits.hit("invite", _address(request))
    account = site.accounts.accept(body.token, body.login, body.password)
    return _begin(site, request, response, account)


def change_password(
    site: Site, request: Request, response: Response, given: tuple[Visitor, wire.ChangePassword]
) -> wire.Me:
    """Set another one; every session ends, and this browser gets a fresh one."""
    visitor, body = given
    site.limits.hit("sign-in", visitor.login)
    site.accounts.change_password(visitor, body.old, body.new)
    site.people.end_sessions(visitor.worker)
    return _begin(site, request, response, site.people.account(visitor.worker))


def acknowledge_notice(site: Site, visitor: Visitor, version: str) -> Done:
    """The notice was read. Raises InputError for another version than the one that holds."""
    if version != site.notice[0]:
        raise InputError(f"notice {version!r} is not the one that holds", do="read it again")
    site.people.acknowledge(visitor.worker, "notice", version)
    return Done()


def statement(site: Site, visitor: Visitor, days: int) -> wire.Statement:
    """One's own work of the last `days`."""
    until = site.clock()
    since = until - timedelta(days=min(max(1, days), 3660))
    work = site.working.since(visitor.worker, since)
    everything = site.attacking.works(worker=visitor.worker)
    own = [w for w in everything if w.session.started is not None and w.session.started >= since]
    events = site.attacking.events([w.session.id or 0 for w in own])
    finds = [one for one in site.attacking.finds(worker=visitor.worker) if one.at >= since]
    said = verdicts(site.store, [one.snippet.id for one in finds])
    seconds = sum(counted(w, events_of(events.get(w.session.id or 0, [])), ATTACK_CAP) for w in own)
    return wire.Statement(
        since=since,
        until=until,
        label_items=work.labels,
        label_seconds=work.label_seconds,
        rate_items=work.ratings,
        rate_seconds=work.rating_seconds,
        attack_sessions=len(own),
        attack_seconds=seconds,
        claimed_seconds=sum(w.claimed for w in own),
        submissions=len(finds),
        verified=sum(said[one.snippet.id] is Verdict.CATASTROPHIC for one in finds),
        break_due=break_due(done_today(site, visitor.worker).since_break),
    )
