"""Accounts, links and sessions as an admin sees them."""

from __future__ import annotations

from typing import Any

from holdfast.types.person import Account, ApiToken, Invitation, Role
from holdfast.workbench.paging import part
from holdfast.workbench.site import Site
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import people as wire
from holdfast.workbench.wire.auth import WebSession

__all__ = ["add_bot", "change", "invite", "invites", "listed", "reset", "sessions"]


def listed(site: Site, offset: int, limit: int) -> wire.PersonPage:
    """Everybody, oldest first, deleted ones by pseudonym alone."""
    tokens: dict[str, list[ApiToken]] = {}
    for token in site.people.tokens():
        tokens.setdefault(token.worker, []).append(token)
    accounts = site.people.accounts()
    rows = [_person(site, one, tokens.get(one.worker, [])) for one in part(accounts, offset, limit)]
    return wire.PersonPage(rows=rows, total=len(accounts))


def _person(site: Site, account: Account, tokens: list[ApiToken]) -> wire.Person:
    open_sessions = site.people.sessions(account.worker)
    return wire.Person(
        id=account.worker,
        pseudonym=account.worker,
        login=account.login,
        roles=list(account.roles),
        active=account.active,
        bot=account.bot,
        created=account.created,
        last_seen=open_sessions[0].seen if open_sessions else None,
        sessions=len(open_sessions),
        tokens=[_token(one) for one in tokens],
    )


def _token(token: ApiToken) -> wire.ApiToken:
    return wire.ApiToken(
        id=token.id,
        prefix=token.prefix,
        created=token.created,
        expires=token.expires,
        revoked=token.revoked is not None,
        last_used=token.used,
    )


def _invite(site: Site, one: Invitation) -> wire.Invite:
    values: dict[str, Any] = {
        "id": one.id,
        "purpose": one.purpose,
        "roles": list(one.roles),
        "note": one.note,
        "created": one.created,
        "expires": one.expires,
        "state": one.state(site.clock()),
    }
    return wire.Invite.model_validate(values)


def invites(site: Site) -> list[wire.Invite]:
    """All links, newest first."""
    return [_invite(site, one) for one in site.people.invites()]


def invite(site: Site, visitor: Visitor, body: wire.NewInvite) -> wire.InviteMade:
    """A link; who holds it gets these roles."""
    made, token = site.accounts.invite(body.roles, visitor.worker, days=body.days, note=body.note)
    return wire.InviteMade(invite=_invite(site, made), url=site.link(token))


def reset(site: Site, visitor: Visitor, worker: str) -> wire.InviteMade:
    """A link to set a new password."""
    made, token = site.accounts.reset(worker, visitor.worker)
    return wire.InviteMade(invite=_invite(site, made), url=site.link(token))


def add_bot(site: Site, body: wire.NewBot) -> wire.TokenMade:
    """An account for a program."""
    account, token, expires = site.accounts.add_bot(body.name, body.days)
    return wire.TokenMade(person=account.worker, token=token, expires=expires)


def change(site: Site, worker: str, body: wire.PersonChange) -> wire.Person:
    """Other roles (all sessions end, so that nobody keeps what was taken away), or on and off."""
    account = site.people.account(worker)
    roles = None if body.roles is None else [Role.BOT] if account.bot else list(dict.fromkeys(body.roles))
    site.people.change(worker, roles_=roles, active=body.active)
    if roles is not None or body.active is False:
        site.people.end_sessions(worker)
    tokens = [one for one in site.people.tokens() if one.worker == worker]
    return _person(site, site.people.account(worker), tokens)


def sessions(site: Site, worker: str, *, current: str) -> list[WebSession]:
    """Where somebody is signed in."""
    return [
        WebSession(
            id=one.id,
            created=one.created,
            last_seen=one.seen,
            expires=one.expires,
            agent=one.agent,
            current=one.id == current,
        )
        for one in site.people.sessions(worker)
    ]
