"""Who is asking, and whether they may: the one dependency that every route declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from fastapi import Depends, Request

from holdfast.workbench.permissions import Permission, Role, permissions_of
from holdfast.workbench.problems import Refused

if TYPE_CHECKING:
    from holdfast.workbench.site import Site

__all__ = ["NOBODY", "Visitor", "declared", "require", "site_of"]


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who asks: identity comes from the session or the token, never from a body."""

    worker: str = ""
    """Pseudonym: the name in research tables; empty for visitors without an account."""
    login: str = ""
    roles: tuple[Role, ...] = ()
    session: str = ""
    """Id of the web session; empty for bots."""
    bot: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the roles give."""
        return permissions_of(self.roles)


NOBODY = Visitor()


def site_of(request: Request) -> Site:
    """The site that this app serves."""
    return cast("Site", request.app.state.site)


def require(permission: Permission) -> Any:
    """A dependency that gives the visitor, or refuses: 401 signed out, 403 without the permission."""

    def check(request: Request) -> Visitor:
        site = site_of(request)
        visitor = site.visitor(request)
        if permission is Permission.PUBLIC or permission in visitor.permissions:
            return visitor
        if permission is Permission.PLAYGROUND and site.settings.playground_public:
            return visitor
        if not visitor.worker:
            raise Refused(
                401, "signed_out", "nobody is signed in", do="sign in; drafts are kept in this browser"
            )
        raise Refused(
            403, "forbidden", f"this needs the permission {permission.value}", do="ask an admin for the role"
        )

    check.permission = permission  # type: ignore[attr-defined]
    return Depends(check)


def declared(call: Callable[..., Any] | None) -> Permission | None:
    """The permission that a dependency's function checks; None: it is another kind of dependency."""
    return getattr(call, "permission", None)
